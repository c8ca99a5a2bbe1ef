"""Households (contract §3.8, B1 §5)."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.controllers.accounts import PAGE_SIZE
from homechart_api.controllers.signup import unnamed
from homechart_api.crud import json_object, moment, page_offset, path_id
from homechart_api.responses import empty, many, nothing, one
from homechart_api.route import Query
from homechart_common import logger
from homechart_common.errors import Forbidden, ItemNotFound, NothingChanged
from homechart_common.ids import NIL_UUID, new_nanoid, new_uuid, parse_uuid
from homechart_common.models import AuthAccountAuthHousehold, AuthHousehold, rows, starter
from homechart_common.models.bodies import complete_row, read_members, writable
from homechart_common.models.model import Row
from homechart_common.models.permissions import FULL, Actor, Component, Level
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

SEARCH = {
    "filter": Query("For administrators: the id of a household, or empty for all"),
    "offset": Query("For administrators: how many to leave out", "integer"),
}

_QUERIES = queries.load("households")


async def read_all(request: web.Request) -> web.Response:
    """The households of the account; for an administrator with a filter those that match, 50 on a page."""
    actor, database, offset = actor_of(request), request.app[DATABASE], page_offset(request)
    text = request.query.get("filter")
    if not actor.admin or text is None:
        own = await rows.rendered(database, AuthHousehold, actor.households, to=actor)
        return many(request, AuthHousehold.plural, own)
    row = await database.fetch_row(
        _QUERIES["matching"],
        {
            "filter_id": (parse_uuid(text) or NIL_UUID) if text else None,
            "limit": PAGE_SIZE,
            "offset": offset,
        },
    )
    total, ids = row or (0, [])
    found = await rows.rendered(database, AuthHousehold, ids, to=actor)
    return many(request, AuthHousehold.plural, found, total=total)


async def create(request: web.Request) -> web.Response:
    """Create a household with its first objects; who creates it is a member who may do everything."""
    actor, body = actor_of(request), unnamed(await json_object(request))
    if actor.child:
        raise Forbidden
    row = household_row(read_members(AuthHousehold, body, writable(AuthHousehold, "C")))
    founder = replace(actor, households={**actor.households, row["id"]: FULL})

    async def work(connection: Connection) -> str:
        await add(connection, row, actor)
        return await rows.rendered(connection, AuthHousehold, [row["id"]], to=founder)

    return one(request, "AuthHousehold", await request.app[DATABASE].retrying(work))


async def add(connection: Connection, row: Row, founder: Actor) -> None:
    """A new household with its first objects, and the membership of its founder."""
    await rows.insert(connection, AuthHousehold, [row])
    await add_member(connection, row["id"], founder.account_id)
    await starter.furnish_household(connection, row["id"], founder)


async def add_member(connection: Connection, household_id: str, account_id: str) -> None:
    """A member who may do everything."""
    membership = {
        "auth_account_id": account_id,
        "auth_household_id": household_id,
        "permissions": FULL.to_json(),
    }
    await rows.insert(connection, AuthAccountAuthHousehold, [membership])


def household_row(said: Row) -> Row:
    """The row of a new household whose founder said ``said``."""
    return {
        **complete_row(AuthHousehold, said),
        "id": new_uuid(),
        "preferences": AuthHousehold.preferences.default(),
        "subscription_referral_code": new_nanoid(),
    }


async def read(request: web.Request) -> web.Response:
    """A household with its members; nothing if it is no newer than what the caller has."""
    household_id = path_id(request, "auth_household_id")
    household = await rows.rendered_if_newer(
        request.app[DATABASE], AuthHousehold, household_id, moment(request), to=actor_of(request)
    )
    if household is None:
        return nothing()
    if not household:
        raise ItemNotFound
    return one(request, "AuthHousehold", household)


async def update(request: web.Request) -> web.Response:
    """Change the members of the household's object that the body has."""
    household_id = editable_household(request)
    said = read_members(AuthHousehold, await json_object(request), writable(AuthHousehold, "U"))

    async def work(connection: Connection) -> str:
        if not await rows.overwrite(connection, AuthHousehold, household_id, said):
            raise NothingChanged
        return await rows.rendered(connection, AuthHousehold, [household_id], to=actor_of(request))

    return one(request, "AuthHousehold", await request.app[DATABASE].retrying(work))


async def delete(request: web.Request) -> web.Response:
    """Delete a household with everything that is its own; its members stay."""
    household_id = editable_household(request)

    async def work(connection: Connection) -> int:
        return await connection.execute(_QUERIES["delete_household"], {"id": household_id})

    if not await request.app[DATABASE].retrying(work):
        return nothing()
    logger.notice("A household was deleted", authHouseholdID=household_id)
    return empty()


def editable_household(request: web.Request) -> str:
    """The household in the path, which the caller must be allowed to administer."""
    household_id = path_id(request, "auth_household_id")
    if not actor_of(request).allows(household_id, Component.AUTH, Level.EDIT):
        raise Forbidden
    return household_id
