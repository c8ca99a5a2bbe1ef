"""The key pair by which clients encrypt; the server only keeps it (contract §3.13)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import json_object, path_id
from homechart_api.responses import one
from homechart_api.route import Members
from homechart_common.errors import Forbidden, NothingChanged
from homechart_common.models import AuthAccount, rows
from homechart_common.models.bodies import read_members
from homechart_common.models.model import Row
from homechart_common.postgresql.database import Connection

UPDATE = Members(AuthAccount, "privateKeys", "publicKey")

_NO_KEYS: Row = {"private_keys": [], "public_key": ""}


async def update(request: web.Request) -> web.Response:
    """Set the account's key pair, or clear both when either half is empty."""
    actor = actor_of(request)
    own = path_id(request, "auth_account_id") == actor.account_id
    if not (own and actor.controls_account):
        raise Forbidden
    said = pair(read_members(AuthAccount, await json_object(request), UPDATE.names))

    async def work(connection: Connection) -> str:
        if not await rows.overwrite(connection, AuthAccount, actor.account_id, said):
            raise NothingChanged
        return await rows.rendered(connection, AuthAccount, [actor.account_id], to=actor)

    return one(request, "AuthAccount", await request.app[DATABASE].retrying(work))


def pair(said: Row) -> Row:
    """The columns of a key pair; both are empty when either half is, as it would be of no use."""
    private, public = said.get("private_keys"), said.get("public_key")
    return {"private_keys": private, "public_key": public} if private and public else _NO_KEYS
