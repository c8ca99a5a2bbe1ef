"""From credentials to an actor, kept in memory and never stale.

Reading a session, its account and its memberships is one query; doing that for every request would cost as
much as most requests. So a process remembers actors, and every statement it runs for one checks
``auth_session.access``, which counts up in the same transaction as any change to what the session may do. A
statement whose check fails has done nothing; the caller reads the actor again.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import orjson

from homechart_common.models.permissions import Actor, Permissions, effective
from homechart_common.models.statements import GUARD
from homechart_common.postgresql.database import Queryable, Statement
from homechart_common.postgresql.failures import Contention
from homechart_common.security import hash_token


class StaleActor(Exception):
    """What an actor may do has changed since it was read, or its session has ended; nothing was done."""


_SELECT = """SELECT s.id, s.access, s.admin, s.permissions_account::text, s.permissions_households::text,
    a.id, a.name, a.child, a.iso_639_code, a.time_zone, a.primary_auth_household_id,
    (SELECT coalesce(json_agg(json_build_array(m.auth_household_id, m.permissions)
        ORDER BY m.created, m.id), '[]')::text
     FROM auth_account_auth_household m WHERE m.auth_account_id = a.id),
    (SELECT coalesce(json_agg(json_build_array(c.id, c.primary_auth_household_id) ORDER BY c.created, c.id), '[]')::text
     FROM auth_account_auth_household m JOIN auth_account c ON c.primary_auth_household_id = m.auth_household_id
     WHERE m.auth_account_id = a.id AND c.child AND c.id <> a.id),
    a.last_activity < current_date
FROM auth_session s JOIN auth_account a ON a.id = s.auth_account_id
WHERE s.expires > now() AND """
_BY_KEY = Statement("actor_by_key", _SELECT + "s.key_hash = %(key_hash)s::bytea", table="auth_session")
_BY_ID = Statement("actor_by_id", _SELECT + "s.id = %(id)s::uuid", table="auth_session")
#: Whoever makes a session of an account, or changes what its sessions may do, has this lock in the end.
_LOCK = Statement(
    "sessions_lock", "SELECT FROM sync_version WHERE owner_id = %(account)s::uuid FOR NO KEY UPDATE"
)
_HOLDS = Statement("actor_holds", f"WITH {GUARD} SELECT EXISTS (SELECT FROM actor)")
#: Whoever is changing the account is active in it, so nobody waits for them.
_SEEN_TODAY = """UPDATE auth_account SET last_activity = now() WHERE id = (
    SELECT id FROM auth_account WHERE id = %(id)s AND last_activity < current_date FOR NO KEY UPDATE SKIP LOCKED
)"""


class Actors:
    """The actors of the sessions that used this process lately."""

    def __init__(self, database: Queryable, *, lifetime_seconds: float = 900, most: int = 20_000) -> None:
        self._database = database
        self._lifetime = lifetime_seconds
        self._most = most
        self._kept: OrderedDict[str, tuple[float, Actor]] = OrderedDict()

    def remembered(self, key: str) -> Actor | None:
        """The actor of a session key, if it is in memory; statements check whether it still holds."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept[0] < time.monotonic():
            del self._kept[key]
            return None
        return kept[1]

    async def read(self, key: str) -> Actor | None:
        """The actor of a session key as it is now, or ``None`` when there is no session or it has expired."""
        self._kept.pop(key, None)
        actor = await _read(self._database, _BY_KEY, {"key_hash": hash_token(key)})
        if actor is None:
            return None
        self._kept[key] = (time.monotonic() + self._lifetime, actor)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return actor


async def actor_of_session(database: Queryable, session_id: str) -> Actor | None:
    """The actor of a session as it is now, or ``None`` when there is no such session or it has expired."""
    return await _read(database, _BY_ID, {"id": session_id})


async def lock_sessions(connection: Queryable, account_id: str) -> None:
    """Let nobody else make or change sessions of an account, or what they may do, until the transaction ends."""
    await connection.execute(_LOCK, {"account": account_id})


async def hold(connection: Queryable, actor: Actor) -> None:
    """Keep what an actor may do as it is until the transaction ends; raises :class:`StaleActor` if it is not.

    For what grants or takes rights: a request that was let in just before its caller lost them would else undo
    that.
    """
    await lock_sessions(connection, actor.account_id)
    current = {"session": actor.session_id, "access": actor.access}
    if not await connection.fetch_value(_HOLDS, current):
        raise StaleActor


async def _read(database: Queryable, statement: Statement, parameters: dict[str, Any]) -> Actor | None:
    row = await database.fetch_row(statement, parameters)
    if row is None:
        return None
    (
        session,
        access,
        admin,
        own,
        lowered,
        account,
        name,
        child,
        language,
        zone,
        primary,
        memberships,
        children,
        unseen,
    ) = row
    if unseen:
        with suppress(Contention):
            await database.execute(_SEEN_TODAY, {"id": account})
    return Actor(
        session_id=session,
        access=access,
        account_id=account,
        name=name,
        admin=admin,
        child=child,
        language=language,
        time_zone=zone,
        primary_household_id=primary,
        permissions=Permissions.of(orjson.loads(own)),
        households=effective(orjson.loads(memberships), orjson.loads(lowered)),
        children=dict(orjson.loads(children)),
    )
