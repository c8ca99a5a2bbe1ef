"""Showing that a mail address is one's own (contract §3.6)."""

from __future__ import annotations

from aiohttp import web

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE, actor_of
from homechart_api.responses import one
from homechart_api.route import Query
from homechart_common.errors import ItemNotFound, SignedOut
from homechart_common.ids import new_uuid, parse_uuid
from homechart_common.models import AuthAccount, rows
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection
from homechart_common.security import hash_token

TOKEN = {
    "id": Query("The account", required=True),
    "token": Query("What the mailed link has", required=True),
}

_QUERIES = queries.load("accounts")


async def read(request: web.Request) -> web.Response:
    """Mail a link that verifies the address, unless it is verified. Links mailed before are void."""
    config, actor = request.app[CONFIG], actor_of(request)

    async def work(connection: Connection) -> str:
        person = await people.find(connection, actor.account_id, to_change=True)
        if person is None:
            raise SignedOut
        if not person.verified and not person.child:
            token = new_uuid()
            columns = {"verification_token": rows.bytea(hash_token(token))}
            await rows.overwrite(connection, AuthAccount, person.id, columns)
            link = people.page(config, "/verify", id=person.id, token=token)
            await people.tell(connection, config, person, "verification", link=link)
        return await rows.rendered(connection, AuthAccount, [person.id], to=actor)

    return one(request, "AuthAccount", await request.app[DATABASE].retrying(work))


async def update(request: web.Request) -> web.Response:
    """Verify an address with the token that was mailed to it. A token works once."""
    account_id, token = parse_uuid(request.query.get("id")), parse_uuid(request.query.get("token"))
    if account_id is None or token is None:
        raise ItemNotFound

    async def work(connection: Connection) -> str:
        parameters = {"id": account_id, "token": hash_token(token)}
        if not await connection.execute(_QUERIES["use_verification_token"], parameters):
            raise ItemNotFound
        if person := await people.find(connection, account_id):
            await people.tell(connection, request.app[CONFIG], person, "verified")
        return await rows.rendered(connection, AuthAccount, [account_id], to=None)

    return one(request, "AuthAccount", await request.app[DATABASE].retrying(work))
