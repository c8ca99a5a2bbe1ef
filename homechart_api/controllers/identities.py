"""Identities of an account: who somebody is elsewhere, and signs in as here."""

from __future__ import annotations

from aiohttp import web

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE
from homechart_api.crud import path_id
from homechart_api.responses import empty, many
from homechart_api.ways import own_account, person_to_change, require_one
from homechart_common.errors import NothingChanged
from homechart_common.models import AuthIdentity, rows
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

_QUERIES = queries.load("identities")


async def read_all(request: web.Request) -> web.Response:
    """The identities that sign in to the account, the first one linked first."""
    actor, database = own_account(request), request.app[DATABASE]
    found = await database.fetch(_QUERIES["of_account"], {"account": actor.account_id})
    identities = await rows.rendered(database, AuthIdentity, [row[0] for row in found], to=actor)
    return many(request, AuthIdentity.plural, identities)


async def delete(request: web.Request) -> web.Response:
    """Let an identity sign in no more. There must be another way in, such as a password."""
    actor, config = own_account(request), request.app[CONFIG]
    identity_id = path_id(request, "auth_identity_id")
    labels = {provider.issuer: provider.label for provider in config.oidc.everywhere}

    async def work(connection: Connection) -> None:
        person = await person_to_change(connection, actor)
        mine = {"id": identity_id, "account": person.id}
        issuer = await connection.fetch_value(_QUERIES["unlink"], mine)
        if issuer is None:
            raise NothingChanged
        await require_one(connection, config, person.id)
        link = people.page(config, "/reset")
        await people.tell(
            connection, config, person, "oidc_unlinked", provider=labels.get(issuer, issuer), link=link
        )

    await request.app[DATABASE].retrying(work)
    return empty()
