"""The members of a household (contract §3.8, B1 §5.3)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.controllers.households import editable_household
from homechart_api.crud import json_object, path_id
from homechart_api.responses import empty, nothing
from homechart_api.route import Members
from homechart_common.errors import NothingChanged
from homechart_common.models import AuthAccountAuthHousehold, rows
from homechart_common.models.actors import hold
from homechart_common.models.bodies import read_members
from homechart_common.models.permissions import clamped
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

UPDATE = Members(AuthAccountAuthHousehold, "color?", "permissions?")

_QUERIES = queries.load("households")


async def update(request: web.Request) -> web.Response:
    """Change a member's colour and what the household grants them.

    Everybody always sees who is in the household.
    """
    actor, household_id = actor_of(request), editable_household(request)
    member = {"household": household_id, "account": path_id(request, "auth_account_id")}
    said = read_members(AuthAccountAuthHousehold, await json_object(request), UPDATE.names)
    if "permissions" in said:
        said["permissions"] = clamped(said["permissions"])

    async def work(connection: Connection) -> bool:
        await hold(connection, actor)
        membership_id = await connection.fetch_value(_QUERIES["member"], member)
        if membership_id is None:
            raise NothingChanged
        return await rows.overwrite(connection, AuthAccountAuthHousehold, membership_id, said)

    return empty() if await request.app[DATABASE].retrying(work) else nothing()


async def delete(request: web.Request) -> web.Response:
    """Leave a household, or send somebody away."""
    actor, account_id = actor_of(request), path_id(request, "auth_account_id")
    if account_id == actor.account_id:
        household_id = path_id(request, "auth_household_id")
    else:
        household_id = editable_household(request)
    member = {"household": household_id, "account": account_id}

    async def work(connection: Connection) -> int:
        await hold(connection, actor)
        return await connection.execute(_QUERIES["remove_member"], member)

    return empty() if await request.app[DATABASE].retrying(work) else nothing()
