"""Signing in: showing who one is, and getting a session for it (contract §3.5)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from homechart_api import people
from homechart_api.context import CLIENT_ADDRESS, CONFIG, DATABASE, actor_of
from homechart_api.controllers.sessions import cleaned, memberships_of, open_session
from homechart_api.crud import json_object
from homechart_api.middleware.limits import take
from homechart_api.people import Person
from homechart_api.responses import one
from homechart_api.route import Members
from homechart_common import clock
from homechart_common.errors import IncorrectPasscode, InvalidInput, SignedOut
from homechart_common.ids import NIL_UUID
from homechart_common.models import AuthAccount, AuthSession, rows
from homechart_common.models.bodies import read_members
from homechart_common.models.permissions import clamped
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection
from homechart_common.security import totp_step, verify_password
from homechart_common.user_agents import family

SIGN_IN = Members(
    AuthAccount,
    "emailAddress",
    "password",
    "totpCode?",
    "rememberMe?",
    "userAgent?",
    "permissionsAccount?",
    "permissionsHouseholds?",
    "oidcCode?",
)

_QUERIES = queries.load("accounts")


class UnknownAccount(InvalidInput):
    """No account that can sign in has this address."""

    default_message = "Account does not exist"


class IncorrectPassword(InvalidInput):
    """The password is wrong or missing."""

    default_message = "Incorrect password"


async def create(request: web.Request) -> web.Response:
    """Sign in with a password, and a one-time password where that is on.

    The answer has the session's key, by which later requests are known. The person is told by mail.
    """
    said = read_members(AuthAccount, await json_object(request), SIGN_IN.names)
    refuse_oidc(said)
    if not said.get("email_address"):
        raise InvalidInput.field("emailAddress", "must be given")
    database = request.app[DATABASE]
    person = await people.find_by_address(database, said["email_address"])
    password_hash = await database.fetch_value(
        _QUERIES["password"], {"id": person.id if person else NIL_UUID}
    )
    # Takes as long whether there is such an account or not.
    matches = await verify_password(password_hash or "", said.get("password", ""))
    if not said.get("password"):
        raise IncorrectPassword
    if person is None or person.child:
        raise UnknownAccount
    if not matches:
        raise IncorrectPassword

    async def work(connection: Connection) -> dict[str, Any]:
        await _use_credentials(request, connection, person.id, password_hash, said.get("totp_code", ""))
        return await let_in(request, connection, person, said)

    return one(request, "AuthSession", await database.retrying(work))


async def read(request: web.Request) -> web.Response:
    """The session that the request belongs to, and what it may do now."""
    actor = actor_of(request)
    session = await rows.rendered(request.app[DATABASE], AuthSession, [actor.session_id], to=actor)
    if not session:
        raise SignedOut
    return one(request, "AuthSession", session)


def refuse_oidc(said: Mapping[str, Any]) -> None:
    """Refuse a code of a provider; this server knows none."""
    if said.get("oidc_code"):
        raise InvalidInput.field("oidcCode", "this server has no provider to sign in with")


async def let_in(
    request: web.Request, connection: Connection, person: Person, said: Mapping[str, Any]
) -> dict[str, Any]:
    """Begin a session as :func:`begin_session` does, and tell the person by mail."""
    session = await begin_session(request, connection, person, said)
    config = request.app[CONFIG]
    await people.tell(
        connection,
        config,
        person,
        "sign_in",
        session=session["name"],
        address=request[CLIENT_ADDRESS],
        link=people.page(config, "/settings/account"),
    )
    return session


async def begin_session(
    request: web.Request, connection: Connection, person: Person, said: Mapping[str, Any]
) -> dict[str, Any]:
    """The session of a person who has just shown who they are, as they asked for it in ``said``."""
    config = request.app[CONFIG]
    browser = family(request.headers.get("User-Agent", ""))
    seconds = (
        config.app.session_expiration_remember_seconds
        if said.get("remember_me")
        else config.app.session_expiration_default_seconds
    )
    return await open_session(
        connection,
        auth_account_id=person.id,
        admin=people.is_admin(config, person),
        name=browser.capitalize(),
        user_agent=said.get("user_agent") or browser,
        permissions_account=clamped(said.get("permissions_account", {})),
        permissions_households=cleaned(
            said.get("permissions_households"), await memberships_of(connection, person.id)
        ),
        expires=(clock.now() + timedelta(seconds=seconds)).isoformat(),
    )


async def _use_credentials(
    request: web.Request, connection: Connection, account_id: str, password_hash: str, code: str
) -> None:
    """Let in who knew the password of this hash, if it still is the account's, and knows its one-time password.

    Checking a password takes long, and what it opened may have been locked meanwhile.
    """
    found = await connection.fetch_row(_QUERIES["credentials"], {"id": account_id})
    if found is None:
        raise UnknownAccount
    current_hash, totp_secret, totp_backup = found
    if current_hash != password_hash:
        raise IncorrectPassword
    if totp_secret:
        # Six digits are few, and who knows the password may guess from many addresses.
        take(request, "Passcode", of=account_id)
        await _use_passcode(connection, account_id, totp_secret, totp_backup, code)


async def _use_passcode(connection: Connection, account_id: str, secret: str, backup: str, code: str) -> None:
    """Check a one-time password and use it up, or the backup code; raises :class:`IncorrectPasscode`."""
    if backup and hmac.compare_digest(backup.encode(), code.encode()):
        return
    step = totp_step(secret, code, clock.now().timestamp())
    taken = {"id": account_id, "step": step}
    if step is None or not await connection.execute(_QUERIES["use_totp_step"], taken):
        raise IncorrectPasscode
