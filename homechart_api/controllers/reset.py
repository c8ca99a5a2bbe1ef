"""Choosing a new password with a token that was mailed (contract §3.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE
from homechart_api.crud import json_object
from homechart_api.people import Person
from homechart_api.responses import empty
from homechart_api.route import Members
from homechart_api.ways import close_all
from homechart_common import clock, logger
from homechart_common.errors import InvalidInput, NothingChanged
from homechart_common.ids import new_uuid
from homechart_common.models import AuthAccount, rows
from homechart_common.models.auth_account import DEFAULT_LANGUAGE
from homechart_common.models.bodies import read_members
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection
from homechart_common.security import hash_password, hash_token

CREATE = Members(AuthAccount, "emailAddress")
UPDATE = Members(AuthAccount, "emailAddress", "password", "passwordResetToken")

_TOKEN_LIFETIME = timedelta(hours=1)
_QUERIES = queries.load("accounts")


async def create(request: web.Request) -> web.Response:
    """Mail a link to choose a new password, good for an hour.

    The answer is the same whether there is such an account or not; the mail tells.
    """
    config, address = request.app[CONFIG], (await _said(request, CREATE))["email_address"]

    async def work(connection: Connection) -> None:
        person = await people.find_by_address(connection, address, to_change=True)
        if person is None:
            await people.tell_stranger(
                connection, config, address, DEFAULT_LANGUAGE, "password_reset_unknown"
            )
            return
        if person.child:
            return
        token = new_uuid()
        columns = {
            "password_reset_token": rows.bytea(hash_token(token)),
            "password_reset_expires": (clock.now() + _TOKEN_LIFETIME).isoformat(),
        }
        await rows.overwrite(connection, AuthAccount, person.id, columns)
        link = people.page(config, "/reset", email=address, token=token)
        await people.tell(connection, config, person, "password_reset", link=link)

    await request.app[DATABASE].retrying(work)
    return empty()


async def update(request: web.Request) -> web.Response:
    """Choose a new password with the token from the mail.

    One-time passwords are off from then on, the address counts as verified, and every session has ended and every
    passkey and identity elsewhere is gone: one may be of somebody who has only claimed to have the address. With a
    wrong or an old token nothing changes.
    """
    config, said = request.app[CONFIG], await _said(request, UPDATE)
    if not said.get("password"):
        raise InvalidInput.field("password", "must have at least 8 characters")
    token, password_hash = said.get("password_reset_token"), await hash_password(said["password"])
    if token is None:
        raise NothingChanged

    async def work(connection: Connection) -> Person:
        person = await people.find_by_address(connection, said["email_address"], to_change=True)
        if person is None or person.child:
            raise NothingChanged
        parameters = {"id": person.id, "token": hash_token(token), "password_hash": password_hash}
        if not await connection.execute(_QUERIES["use_reset_token"], parameters):
            raise NothingChanged
        await close_all(connection, config, person)
        link = people.page(config, "/reset")
        await people.tell(connection, config, person, "password_changed", link=link)
        return person

    person = await request.app[DATABASE].retrying(work)
    logger.notice("A forgotten password was replaced", authAccountID=person.id)
    return empty()


async def _said(request: web.Request, members: Members) -> dict[str, Any]:
    said = read_members(AuthAccount, await json_object(request), members.names)
    if "email_address" not in said:
        raise InvalidInput.field("emailAddress", "must be given")
    return said
