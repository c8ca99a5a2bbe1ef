"""Sessions: the sign-ins of an account and the keys of its programs (contract §3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import json_object, path_id
from homechart_api.responses import empty, many, nothing, one
from homechart_api.route import Members
from homechart_api.ways import end_sessions
from homechart_common import clock
from homechart_common.errors import Forbidden, InvalidInput, NothingChanged
from homechart_common.ids import NIL_UUID, new_uuid
from homechart_common.models import AuthSession, rows
from homechart_common.models.actors import hold
from homechart_common.models.bodies import read_members, writable
from homechart_common.models.permissions import (
    FULL,
    Actor,
    Component,
    Level,
    Permissions,
    clamped,
    effective,
)
from homechart_common.notify import messages, outbox
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Queryable
from homechart_common.security import hash_token

#: How long a session of a program lasts unless it says otherwise.
_PROGRAM_LIFETIME = timedelta(days=5 * 365)

UPDATE = Members(AuthSession, "permissionsAccount?", "permissionsHouseholds?", "webPush?")

_ACCOUNTS = queries.load("accounts")
_SESSIONS = queries.load("sessions")

Memberships = Mapping[str, Mapping[str, Any]]
HouseholdEntries = list[dict[str, Any]]


async def read_all(request: web.Request) -> web.Response:
    """The sessions of the account, without their keys; only itself for one that may not edit ``auth``.

    The id of a session opens its event stream, so it is a secret from sessions that may do less.
    """
    actor, database = actor_of(request), request.app[DATABASE]
    ids = [actor.session_id]
    if actor.controls_account:
        found = await database.fetch(_SESSIONS["of_account"], {"account": actor.account_id})
        ids = [row[0] for row in found]
    sessions = await rows.rendered(database, AuthSession, ids, to=actor)
    return many(request, AuthSession.plural, sessions)


async def create(request: web.Request) -> web.Response:
    """Make a session for a program, or for a child of a household.

    It may do no more than the session that makes it. The answer is the only one that has its key.
    """
    actor, body = actor_of(request), await json_object(request)
    if actor.child or not actor.controls_account:
        raise Forbidden
    said = read_members(AuthSession, body, writable(AuthSession, "C"), actor.time_zone)
    account_id = said.get("auth_account_id") or NIL_UUID
    account_id = actor.account_id if account_id == NIL_UUID else account_id
    expires = said.get("expires") or (clock.now() + _PROGRAM_LIFETIME).isoformat()
    if datetime.fromisoformat(expires) <= clock.now():
        raise InvalidInput.field("expires", "must be in the future")

    async def work(connection: Connection) -> dict[str, Any]:
        await hold(connection, actor)
        await _require_charge(connection, actor, account_id)
        memberships = await memberships_of(connection, account_id)
        own = Permissions.of(said.get("permissions_account")).restricted_by(actor.permissions)
        entries = cleaned(said.get("permissions_households"), memberships)
        return await open_session(
            connection,
            auth_account_id=account_id,
            name=said.get("name", ""),
            user_agent=said.get("user_agent", ""),
            permissions_account=clamped(own.to_json()),
            permissions_households=_restricted(entries, memberships, actor),
            web_push=said.get("web_push"),
            expires=expires,
        )

    return one(request, "AuthSession", await request.app[DATABASE].retrying(work))


async def update(request: web.Request) -> web.Response:
    """Lower what one of the account's sessions may do, or say where its browser takes web push.

    Nothing can be raised above what the calling session may do. A browser that was not known before is sent
    something to show that it works.
    """
    actor, session_id = actor_of(request), _own_session(request)
    said = read_members(AuthSession, await json_object(request), UPDATE.names, actor.time_zone)

    async def work(connection: Connection) -> str:
        await hold(connection, actor)
        mine = {"id": session_id, "account": actor.account_id}
        session = await connection.fetch_row(_SESSIONS["to_change"], mine)
        if session is None:
            raise NothingChanged
        columns = dict(said)
        if own := columns.get("permissions_account"):
            if Permissions.of(own).exceeds(actor.permissions):
                raise Forbidden
            columns["permissions_account"] = clamped(own)
        if "permissions_households" in columns:
            memberships = await memberships_of(connection, actor.account_id)
            entries = cleaned(columns["permissions_households"], memberships)
            _require_lower(entries, memberships, actor)
            columns["permissions_households"] = entries
        if not await rows.overwrite(connection, AuthSession, session_id, columns):
            raise NothingChanged
        subscription = columns.get("web_push")
        if subscription and subscription != (session[1] and orjson.loads(session[1])):
            await _try_out(connection, actor.account_id, subscription)
        return await rows.rendered(connection, AuthSession, [session_id], to=actor)

    return one(request, "AuthSession", await request.app[DATABASE].retrying(work))


async def delete(request: web.Request) -> web.Response:
    """Sign out one of the account's sessions."""
    mine = {"id": _own_session(request), "account": actor_of(request).account_id}
    return empty() if await request.app[DATABASE].execute(_SESSIONS["delete_one"], mine) else nothing()


async def delete_all(request: web.Request) -> web.Response:
    """Sign the account out everywhere, here too."""
    actor = actor_of(request)
    if not actor.controls_account:
        raise Forbidden
    return await _delete_all(request, actor.account_id)


async def delete_of_account(request: web.Request) -> web.Response:
    """Sign any account out everywhere."""
    return await _delete_all(request, path_id(request, "auth_account_id"))


async def _try_out(connection: Connection, account_id: str, subscription: dict[str, str]) -> None:
    """Send something to a browser that says for the first time where it takes web push (contract §3.5)."""
    language = await connection.fetch_value(_SESSIONS["language"], {"account": account_id})
    message = messages.render("web_push_test", language)
    push = outbox.Push(subscription=subscription)
    await outbox.enqueue_all(connection, [outbox.Envelope(message, account_id, mail=False, push=push)])


def _own_session(request: web.Request) -> str:
    """The session in the path; other sessions than itself are for one that may edit ``auth``."""
    actor, session_id = actor_of(request), path_id(request, "auth_session_id")
    if session_id != actor.session_id and not actor.controls_account:
        raise Forbidden
    return session_id


async def _delete_all(request: web.Request, account_id: str) -> web.Response:
    async def work(connection: Connection) -> int:
        return await end_sessions(connection, account_id)

    return empty() if await request.app[DATABASE].retrying(work) else nothing()


async def open_session(connection: Queryable, **columns: Any) -> dict[str, Any]:
    """A new session, as the one answer that shows its key."""
    session_id, key = new_uuid(), new_uuid()
    row = {"id": session_id, "key_hash": rows.bytea(hash_token(key)), **columns}
    await rows.insert(connection, AuthSession, [row])
    session: dict[str, Any] = orjson.loads(
        await rows.rendered(connection, AuthSession, [session_id], to=None)
    )
    return {**session, "key": key}


async def memberships_of(connection: Queryable, account_id: str) -> Memberships:
    """What each household of an account grants it."""
    found = await connection.fetch(_ACCOUNTS["memberships"], {"id": account_id})
    return {household: orjson.loads(permissions) for household, permissions in found}


def cleaned(entries: HouseholdEntries | None, memberships: Memberships) -> HouseholdEntries:
    """What a session keeps of household permissions: the account's households, each once (contract §3.5)."""
    kept: dict[str, dict[str, Any]] = {}
    for entry in entries or []:
        if entry["authHouseholdID"] in memberships:
            kept.setdefault(entry["authHouseholdID"], entry)
    return list(kept.values())


def _require_lower(entries: HouseholdEntries, memberships: Memberships, actor: Actor) -> None:
    """Refuse what would leave more of a membership than the actor has of it now (contract §3.5)."""
    for household, permissions in effective(memberships.items(), entries).items():
        if permissions.exceeds(actor.households.get(household, FULL)):
            raise Forbidden


def _restricted(entries: HouseholdEntries, memberships: Memberships, actor: Actor) -> HouseholdEntries:
    """Household permissions, cut down to what the actor may do there itself."""
    said = {entry["authHouseholdID"]: Permissions.of(entry["permissions"]) for entry in entries}
    for household, permissions in actor.households.items():
        if household in memberships and FULL.exceeds(permissions):
            said[household] = said.get(household, FULL).restricted_by(permissions)
    return [{"authHouseholdID": h, "permissions": permissions.to_json()} for h, permissions in said.items()]


async def _require_charge(connection: Queryable, actor: Actor, account_id: str) -> None:
    """Only one's own account, or that of a child in whose primary household one administers."""
    if account_id == actor.account_id:
        return
    household = await connection.fetch_value(_SESSIONS["child"], {"account": account_id})
    if household is None or not actor.allows(household, Component.AUTH, Level.EDIT):
        raise Forbidden
