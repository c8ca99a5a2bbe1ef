"""Signing up (contract §3.2)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from homechart_api import people
from homechart_api.context import ACTOR, CONFIG, DATABASE
from homechart_api.controllers.keys import pair
from homechart_api.controllers.signin import begin_session, sign_in_from_elsewhere
from homechart_api.crud import json_object
from homechart_api.elsewhere import code_in
from homechart_api.responses import one
from homechart_common import logger
from homechart_common.errors import InvalidInput
from homechart_common.models import AuthAccount
from homechart_common.models.bodies import Body, read_members, writable
from homechart_common.postgresql.database import Connection
from homechart_common.security import hash_password


async def create(request: web.Request) -> web.Response:
    """Create an account with its first objects, and sign in to it.

    The answer is the session, with the key by which later requests are known. With `oidcCode` in place of a password
    a provider says who they are, and their address; who has an account already is signed in to that.
    """
    config = request.app[CONFIG]
    people.refuse_new_accounts(config, request.get(ACTOR))
    body = unnamed(await json_object(request))
    said = read_members(AuthAccount, body, writable(AuthAccount, "C"))
    if code := code_in(body):
        return await sign_in_from_elsewhere(request, {**said, **pair(said), **code})
    if not said.get("tos_accepted"):
        raise InvalidInput.field("tosAccepted", "the terms of service must be accepted")
    if not said.get("password"):
        raise InvalidInput.field("password", "must have at least 8 characters")
    row = people.account_row({**said, **pair(said)})
    token = people.ask_for_proof(row)
    row["password_hash"] = await hash_password(said["password"])

    async def work(connection: Connection) -> dict[str, Any]:
        person = await people.add(connection, row)
        link = people.page(config, "/verify", id=person.id, token=token)
        await people.tell(connection, config, person, "welcome", link=link)
        return await begin_session(request, connection, person, said)

    session = await request.app[DATABASE].retrying(work)
    logger.notice("Somebody signed up", authAccountID=row["id"])
    return one(request, "AuthSession", session)


def unnamed(body: Body) -> Body:
    """A body without a name that is empty, so that what is created gets the default one."""
    return {key: value for key, value in body.items() if key.lower() != "name" or value not in ("", None)}
