"""Signing up (contract §3.2)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from homechart_api import people
from homechart_api.context import ACTOR, CONFIG, DATABASE
from homechart_api.controllers.keys import pair
from homechart_api.controllers.signin import begin_session, refuse_oidc
from homechart_api.crud import json_object
from homechart_api.responses import one
from homechart_common import logger
from homechart_common.config import Config
from homechart_common.errors import InvalidInput
from homechart_common.ids import new_uuid
from homechart_common.models import AuthAccount, rows
from homechart_common.models.bodies import Body, read_members, writable
from homechart_common.models.permissions import Actor
from homechart_common.postgresql.database import Connection
from homechart_common.security import hash_password, hash_token


async def create(request: web.Request) -> web.Response:
    """Create an account with its first objects, and sign in to it.

    The answer is the session, with the key by which later requests are known.
    """
    config = request.app[CONFIG]
    refuse_new_accounts(config, request.get(ACTOR))
    body = unnamed(await json_object(request))
    said = read_members(AuthAccount, body, (*writable(AuthAccount, "C"), "oidcCode"))
    refuse_oidc(said)
    if not said.get("tos_accepted"):
        raise InvalidInput.field("tosAccepted", "the terms of service must be accepted")
    if not said.get("password"):
        raise InvalidInput.field("password", "must have at least 8 characters")
    row, token = people.account_row({**said, **pair(said)}), new_uuid()
    # Nobody is reminded by mail before they have shown that the address is theirs.
    row["preferences"] |= {"ignoreEmailCalendarEvent": True, "ignoreEmailPlanTask": True}
    row["verification_token"] = rows.bytea(hash_token(token))
    row["password_hash"] = await hash_password(said["password"])

    async def work(connection: Connection) -> dict[str, Any]:
        person = await people.add(connection, row)
        link = people.page(config, "/verify", id=person.id, token=token)
        await people.tell(connection, config, person, "welcome", link=link)
        return await begin_session(request, connection, person, said)

    session = await request.app[DATABASE].retrying(work)
    logger.notice("Somebody signed up", authAccountID=row["id"])
    return one(request, "AuthSession", session)


def refuse_new_accounts(config: Config, actor: Actor | None) -> None:
    """Raise :class:`InvalidInput` where only administrators make accounts and ``actor`` is none."""
    if config.app.signup_disabled and not (actor and actor.admin):
        raise InvalidInput("Nobody can sign up on this server; please ask whoever runs it")


def unnamed(body: Body) -> Body:
    """A body without a name that is empty, so that what is created gets the default one."""
    return {key: value for key, value in body.items() if key.lower() != "name" or value not in ("", None)}
