"""From the credentials in a request to the actor it acts for (contract §2.2, §2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from http.cookies import CookieError
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import ACTOR, ACTORS, pattern
from homechart_api.proxied import Proxied, comes_from_elsewhere, open_session, proxied
from homechart_common.errors import Forbidden, HomechartError, SignedOut, Unavailable
from homechart_common.ids import NIL_UUID, parse_uuid
from homechart_common.logger import annotate
from homechart_common.models.actors import StaleActor
from homechart_common.models.permissions import Actor

#: How often a request is begun anew because what its caller may do changed meanwhile.
#: Each time somebody else got on: who joins a household as a child renews what all of its members may do.
_ATTEMPTS = 10


class Gate(Enum):
    """What a route asks of its caller."""

    PUBLIC = "anyone"
    OPTIONAL = "anyone, a session is read when there is one"
    SESSION = "a session"
    ADMIN = "a session of an administrator"


class Credentials(NamedTuple):
    """What a request says about its session. The id may be missing; if it is there, it must be the key's."""

    session_id: str
    key: str
    #: Whose session it is that is opened if there is none, as a proxy vouches for them.
    proxied: Proxied | None = None


def guarded(handler: Handler, gate: Gate, *, checked: bool = False) -> Handler:
    """``handler`` behind a gate.

    The actor is read for each request, unless the handler's statements check that it is current
    (``checked``): then one from memory will do, and the handler runs again when that proves out of date.
    A refusal may come before any statement, so it is given to an actor from memory only if that is current.
    """
    if gate is Gate.PUBLIC:
        return handler

    async def with_actor(request: web.Request) -> web.StreamResponse:
        given = credentials(request, cookies=gate is Gate.OPTIONAL)
        if not given.key and (who := await proxied(request)):
            given = Credentials("", who.key, who)
        remembered = request.app[ACTORS].remembered(given.key) if checked and given.key else None
        actor = remembered
        for _ in range(_ATTEMPTS):
            if actor is None and given.key:
                actor = await _current(request, given)
            if actor is None or given.session_id not in ("", actor.session_id):
                if gate is Gate.OPTIONAL:
                    return await handler(request)
                raise SignedOut
            try:
                return await _act(request, handler, gate, actor)
            except StaleActor:
                actor = None
            except HomechartError as refusal:
                if actor is not remembered or refusal.status >= 500:
                    raise
                actor = await _current(request, given)
                if actor is not None and actor.access == remembered.access:
                    raise
        raise Unavailable

    return with_actor


async def _current(request: web.Request, given: Credentials) -> Actor | None:
    """The actor of a session as it is now, if there is one."""
    actor = await request.app[ACTORS].read(given.key)
    if actor is None and given.proxied:
        await open_session(request, given.proxied)
        actor = await request.app[ACTORS].read(given.key)
    return actor


async def _act(request: web.Request, handler: Handler, gate: Gate, actor: Actor) -> web.StreamResponse:
    if gate is Gate.ADMIN and not actor.admin:
        raise Forbidden
    _check_path(request, actor)
    request[ACTOR] = actor
    annotate(authAccountID=actor.account_id, authSessionID=actor.session_id, authSessionAdmin=actor.admin)
    return await handler(request)


def credentials(request: web.Request, *, cookies: bool = False) -> Credentials:
    """The credentials of a request, in the order in which its forms count.

    The cookies ``ID`` and ``Key`` where they are allowed; ``Authorization`` with ``selfHostedID_id_key``,
    ``id_key`` or ``id:key`` after any scheme; the x-homechart headers; the bare key in ``Authorization``.
    """
    if cookies and not comes_from_elsewhere(request) and (found := _pair(_cookies(request), "ID", "Key")):
        return found
    token = request.headers.get("Authorization", "").rpartition(" ")[2]
    parts = [parse_uuid(part) for part in re.split("[_:]", token)]
    if len(parts) in (2, 3) and all(parts):
        return Credentials(parts[-2] or "", parts[-1] or "")
    if found := _pair(request.headers, "x-homechart-id", "x-homechart-key"):
        return found
    return Credentials("", _key(parts[0]) if len(parts) == 1 else "")


def _pair(values: Mapping[str, str], id_name: str, key_name: str) -> Credentials | None:
    key = _key(values.get(key_name))
    return Credentials(values.get(id_name, "").lower(), key) if key else None


def _key(text: str | None) -> str:
    key = parse_uuid(text)
    return key if key and key != NIL_UUID else ""


def _cookies(request: web.Request) -> Mapping[str, str]:
    try:
        return request.cookies
    except CookieError:
        return {}


def _check_path(request: web.Request, actor: Actor) -> None:
    """What a path names, account or household, must be the caller's, except in invites and members (§2.3).

    What is no UUID names nothing; the handler refuses it.
    """
    if actor.admin or not request.match_info:
        return
    path = pattern(request)
    account = parse_uuid(request.match_info.get("auth_account_id"))
    if account and "/members/" not in path and account != actor.account_id:
        raise Forbidden
    household = parse_uuid(request.match_info.get("auth_household_id"))
    if household and "/invites" not in path and household not in actor.households:
        raise Forbidden
