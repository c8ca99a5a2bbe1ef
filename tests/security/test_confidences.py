"""Secrets that are members of objects: the address of a feed, tokens of invitations, ids of sessions, keys."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from homechart_common.models import registry
from homechart_common.models.permissions import Component
from homechart_common.postgresql.database import Database
from tests.factories import EDIT, VIEW, join, new_account, new_session
from tests.security.everybody import Everybody, Listener, Person
from tests.security.test_access_routes import editor, own_editing
from tests.security.watches import Watch


class Secret(NamedTuple):
    """What is known only to some, and to whom."""

    text: str
    known_to: Callable[[Person], bool]


@pytest.fixture
async def secrets(database: Database, everybody: Everybody) -> AsyncIterator[dict[str, Secret]]:
    """One for every confidential member."""
    feed, key, token = str(uuid.uuid4()), uuid.uuid4().hex, uuid.uuid4().hex[:14].upper()
    ann, home = everybody.cast.ann.account, everybody.cast.home
    await database.execute(
        "UPDATE auth_account SET icalendar_id = %(feed)s WHERE id = %(ann)s", {"feed": feed, "ann": ann}
    )
    await database.execute(
        "UPDATE auth_household SET backup_encryption_key = %(key)s WHERE id = %(home)s",
        {"key": key, "home": home},
    )
    await database.execute(
        "INSERT INTO auth_account_auth_household (auth_household_id, email_address, invite_token)"
        " VALUES (%(home)s, %(address)s, %(token)s)",
        {"home": home, "address": f"{token}@example.com", "token": token},
    )
    yield {
        "AuthAccount.icalendarID": Secret(feed, own_editing),
        "AuthHousehold.backupEncryptionKey": Secret(key, editor),
        "AuthHousehold.members": Secret(f'"inviteToken": "{token}"', editor),
    }
    await database.execute(
        "DELETE FROM auth_account_auth_household WHERE invite_token = %(token)s", {"token": token}
    )


def confidential() -> set[str]:
    return {f"{model.__name__}.{name}" for model in registry for name in model.confidential}


async def everything_told(database: Database, person: Person, everybody: Everybody) -> str:
    """All that a person can get to see of Ann and of the household."""
    cast, caller = everybody.cast, person.caller
    watch = Watch(person, registry["Bookmark"])
    if person.signed_in:
        await watch.begin()
    touch = "UPDATE {} SET updated = updated + interval '1 microsecond' WHERE id = %(id)s"
    await database.execute(touch.format("auth_account"), {"id": cast.ann.account})
    await database.execute(touch.format("auth_household"), {"id": cast.home})
    caller.heard.clear()
    for path in (
        f"/auth/accounts/{cast.ann.account}",
        "/auth/accounts",
        f"/auth/households/{cast.home}",
        "/auth/households",
        "/auth/households?filter=",
        "/auth/signin",
        "/auth/sessions",
        "/auth/verify",
    ):
        await caller.call("GET", path)
    for method, path in (
        ("PUT", f"/auth/accounts/{cast.ann.account}"),
        ("PUT", f"/auth/accounts/{cast.ann.account}/keys"),
        ("POST", f"/auth/accounts/{cast.ann.account}/totp"),
        ("PUT", f"/auth/households/{cast.home}"),
    ):
        await caller.call(method, path, {"name": uuid.uuid4().hex, "publicKey": "x", "privateKeys": []})
    return "".join([*caller.heard, *(await watch.look()).values()])


async def test_secrets_are_told_only_to_who_could_let_somebody_in(
    database: Database, everybody: Everybody, secrets: dict[str, Secret]
) -> None:
    assert secrets.keys() == confidential(), "a new confidential member needs an example here"
    came, expected = {}, {}
    for person in everybody.who_ask_for(Component.AUTH):
        await person.arrive()
        told = await everything_told(database, person, everybody)
        came[person.name] = {name for name, secret in secrets.items() if secret.text in told}
        expected[person.name] = {name for name, secret in secrets.items() if secret.known_to(person)}
    assert came == expected


async def test_who_may_not_invite_still_sees_that_somebody_is_invited(
    everybody: Everybody, secrets: dict[str, Secret]
) -> None:
    members = (await everybody.cast.vic.call("GET", f"/auth/households/{everybody.cast.home}")).value[
        "members"
    ]
    assert [m["inviteToken"] for m in members if m["inviteToken"]] == ["*" * 14]
    accept = f"/auth/households/{everybody.cast.home}/invites/{'*' * 14}"
    assert (await everybody.cast.cat.call("GET", accept)).status == 204


async def test_who_is_told_more_than_before_reads_everything_anew(
    database: Database, everybody: Everybody
) -> None:
    (member, _) = everybody.specialists[Component.AUTH]
    cursor = (await member.caller.call("GET", "/sync")).value["cursor"]
    for permissions, full in (({**EDIT, "auth": 1}, True), (EDIT, True), ({**EDIT, "budget": 1}, False)):
        await join(database, everybody.cast.home, member.caller.account, permissions)
        synced = (await member.caller.call("GET", f"/sync?cursor={cursor}")).value
        assert synced["full"] is full, permissions
        cursor = synced["cursor"]
    await join(database, everybody.cast.home, member.caller.account, {**EDIT, "auth": 2})


async def test_ids_of_sessions_are_told_only_to_sessions_that_may_make_others(
    database: Database, everybody: Everybody
) -> None:
    ann = everybody.cast.ann
    people = [person for person in everybody.who_ask_for(Component.AUTH) if person.signed_in]
    told: set[str] = set()
    async with AsyncExitStack() as listening:
        watches = [Watch(person, registry["Bookmark"]) for person in people]
        for watch in watches:
            await watch.person.arrive()
            await listening.enter_async_context(watch.listening(database))
        session = await new_session(database, ann.account)
        for person in people:
            person.caller.heard.clear()
            await person.caller.call("GET", "/auth/sessions")
            told |= {person.name} if person.caller.heard_of(session.id) else set()
    may = {person.name for person in people if own_editing(person)}
    assert told == may
    # Not each of them must have heard it: a stream that finds out anew what it tells may skip this one.
    assert {watch.person.name for watch in watches if watch.events_of(session.id)} <= may


async def test_a_session_that_may_not_edit_auth_leaves_other_sessions_alone(
    database: Database, everybody: Everybody
) -> None:
    account = await new_account(database)
    other = await new_session(database, account)
    lowered = Listener(
        everybody.cast.ann.client, account, (await new_session(database, account, VIEW)).headers
    )
    for method, path in (
        ("PUT", f"/auth/sessions/{other.id}"),
        ("DELETE", f"/auth/sessions/{other.id}"),
        ("DELETE", "/auth/sessions"),
        ("PUT", "/icalendar"),
        ("DELETE", "/icalendar"),
    ):
        push = {"webPush": {"auth": "x", "p256": "x", "endpoint": "https://push.example.org"}}
        assert (await lowered.call(method, path, push)).status == 403
    itself = f"/auth/sessions/{lowered.headers['x-homechart-id']}"
    assert (await lowered.call("PUT", itself, push)).status == 200
    assert (await lowered.call("DELETE", itself)).status == 200
    assert (
        await database.fetch_value(
            "SELECT count(*) FROM auth_session WHERE auth_account_id = %(account)s", {"account": account}
        )
        == 1
    )
