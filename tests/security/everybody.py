"""Everybody who might ask for an object of a household or of one of its members, and what each was granted.

Some were granted more until a moment ago: they ask once while they still have it, so that the process
remembers them as they were, and then lose it. :meth:`Person.arrive` puts anybody into their state.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from homechart_common.models.permissions import Component
from homechart_common.postgresql.database import Database
from tests.callers import Answer, Caller, Client
from tests.cast import Cast, new_cast
from tests.factories import EDIT, NONE, VIEW, join, leave, new_account, new_session

Permissions = Mapping[str, int]


async def _is_there() -> None:
    """Nothing has to happen before somebody can ask."""


@dataclass
class Listener(Caller):
    """Who calls the API, and keeps all that it ever answered."""

    heard: list[str] = field(default_factory=list)

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        answer = await super().call(method, path, body, headers)
        self.heard.append(json.dumps(answer.body))
        return answer

    def heard_of(self, *secrets: str) -> list[str]:
        """Those of some texts that were in an answer."""
        everything = "".join(self.heard)
        return [secret for secret in secrets if secret in everything]


@dataclass
class Person:
    """Somebody with a session, and what it may do with whose objects."""

    name: str
    caller: Listener
    #: In the household that everything is about; ``None`` for a stranger.
    home: Permissions | None
    #: With what is the account's own.
    own: Permissions
    #: In a household of the account's that nobody else here is in.
    away: Permissions | None = None
    #: A session of Ann, whose own objects the tests are about.
    is_ann: bool = False
    #: Administers the server.
    admin: bool = False
    #: Whether there is a session at all.
    signed_in: bool = True
    arrive: Callable[[], Awaitable[None]] = _is_there


@dataclass(frozen=True)
class Everybody:
    """Ann, her household, and everybody else."""

    cast: Cast
    people: tuple[Person, ...]
    #: Members who may do everything, but nothing with one component; and the other way round.
    specialists: Mapping[Component, tuple[Person, ...]]

    def who_ask_for(self, component: Component) -> tuple[Person, ...]:
        """Everybody for whom objects of a component make a difference."""
        return (*self.people, *self.specialists[component])


async def new_everybody(database: Database, client: Client) -> Everybody:
    """New people, for as many tests as like."""
    cast = await new_cast(database, client)
    people = (
        Person("ann", _listening(cast.ann), EDIT, EDIT, is_ann=True),
        Person("a member", _listening(cast.bob), EDIT, EDIT),
        Person("a child", _listening(cast.kid), EDIT, EDIT),
        Person("a viewer", _listening(cast.vic), VIEW, EDIT),
        Person("a member without permissions", _listening(cast.nel), NONE, EDIT),
        Person("another household", _listening(cast.cat), None, EDIT, away=EDIT),
        Person("an administrator of the server", _listening(cast.root), None, EDIT, admin=True),
        Person("nobody", _listening(cast.nobody), None, NONE, signed_in=False),
        await _lowered(database, cast, "ann, to view", VIEW),
        await _lowered(database, cast, "ann, without permissions", NONE),
        await _lowered(database, cast, "ann, at home to view", EDIT, VIEW),
        _ended(database, cast, "ann, until she signed out", "DELETE FROM auth_session WHERE id = %(id)s"),
        _ended(
            database,
            cast,
            "ann, until it expired",
            "UPDATE auth_session SET expires = now() - interval '1 second' WHERE id = %(id)s",
        ),
        await _once_a_member(database, cast, "a former member", None),
        await _once_a_member(database, cast, "a member until lowered to view", VIEW),
        await _once_a_member(database, cast, "a member until lowered to nothing", NONE),
        await _once_all_of_ann(database, cast, "ann, until her session was lowered", NONE),
    )
    specialists = {component: await _specialists(database, cast, component) for component in Component}
    return Everybody(cast, people, specialists)


async def _lowered(
    database: Database, cast: Cast, name: str, own: Permissions, home: Permissions | None = None
) -> Person:
    """A session of Ann that may do less than she."""
    home = own if home is None else home
    session = await new_session(database, cast.ann.account, own, {cast.home: home})
    caller = Listener(cast.ann.client, cast.ann.account, session.headers)
    return Person(name, caller, home, own, is_ann=True)


def _ended(database: Database, cast: Cast, name: str, end: str) -> Person:
    """A session of Ann that is remembered, and over."""
    caller = Listener(cast.ann.client, cast.ann.account)

    async def arrive() -> None:
        session = await new_session(database, cast.ann.account)
        caller.headers = session.headers
        await _be_remembered(caller)
        await database.execute(end, {"id": session.id})

    return Person(name, caller, None, NONE, is_ann=True, signed_in=False, arrive=arrive)


async def _once_a_member(
    database: Database, cast: Cast, name: str, permissions: Permissions | None
) -> Person:
    """Somebody who is remembered as a member who may do everything, and may do less by now."""
    caller = await _newcomer(database, cast)

    async def arrive() -> None:
        await join(database, cast.home, caller.account, EDIT)
        await _be_remembered(caller)
        if permissions is None:
            await leave(database, cast.home, caller.account)
        else:
            await join(database, cast.home, caller.account, permissions)

    return Person(name, caller, permissions, EDIT, arrive=arrive)


async def _once_all_of_ann(database: Database, cast: Cast, name: str, permissions: Permissions) -> Person:
    """A session of Ann that is remembered as one that may do everything, and may do less by now."""
    caller = Listener(cast.ann.client, cast.ann.account)

    async def arrive() -> None:
        session = await new_session(database, cast.ann.account)
        caller.headers = session.headers
        await _be_remembered(caller)
        lowered = await new_session(database, cast.ann.account, permissions, {cast.home: permissions})
        await database.execute(
            "UPDATE auth_session s SET permissions_account = l.permissions_account,"
            " permissions_households = l.permissions_households"
            " FROM auth_session l WHERE s.id = %(id)s AND l.id = %(lowered)s",
            {"id": session.id, "lowered": lowered.id},
        )

    return Person(name, caller, permissions, permissions, is_ann=True, arrive=arrive)


async def _specialists(database: Database, cast: Cast, component: Component) -> tuple[Person, ...]:
    """Members whose permissions differ in one component only."""
    people = []
    for name, permissions in (
        (f"a member without {component.value}", {**EDIT, component.value: 2}),
        (f"a member with {component.value} alone", {**NONE, component.value: 0}),
    ):
        caller = await _newcomer(database, cast)
        await join(database, cast.home, caller.account, permissions)
        people.append(Person(name, caller, permissions, EDIT))
    return tuple(people)


async def _newcomer(database: Database, cast: Cast) -> Listener:
    account = await new_account(database)
    session = await new_session(database, account)
    return Listener(cast.ann.client, account, session.headers)


def _listening(caller: Caller) -> Listener:
    return Listener(caller.client, caller.account, caller.headers)


async def _be_remembered(caller: Listener) -> None:
    """The process keeps in memory what this session may do; what it hears now is no secret yet."""
    assert (await caller.call("GET", "/bookmarks")).status == 200
    caller.heard.clear()
