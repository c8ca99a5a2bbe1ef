"""One-time passwords as a second factor (contract §3.6)."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

import orjson
import qrcode
from aiohttp import web
from PIL import Image

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE, actor_of
from homechart_api.crud import json_object, path_id
from homechart_api.people import Person
from homechart_api.responses import one
from homechart_api.route import Members
from homechart_api.ways import require_authority
from homechart_common import clock
from homechart_common.errors import Forbidden, IncorrectPasscode, NothingChanged
from homechart_common.models import AuthAccount, rows
from homechart_common.models.bodies import read_members
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Queryable
from homechart_common.security import new_backup_code, new_totp_secret, totp_step, totp_url

UPDATE = Members(AuthAccount, "totpSecret", "totpCode?")

#: Width and height of the picture, in pixels.
_QR_SIZE = 200
_QUERIES = queries.load("accounts")


async def create(request: web.Request) -> web.Response:
    """A new secret for an authenticator app, as text and as a picture to scan. Nothing is stored yet."""
    actor, database = actor_of(request), request.app[DATABASE]
    account = await rows.rendered(database, AuthAccount, [actor.account_id], to=actor)
    # Looked at last, so an account that goes meanwhile is missed here.
    person = await _owner(request, database)
    secret = new_totp_secret()
    picture = await asyncio.to_thread(_qr_code, totp_url(secret, person.email_address))
    return one(request, "AuthAccount", _with(account, totpSecret=secret, totpQR=picture))


async def update(request: web.Request) -> web.Response:
    """Turn one-time passwords on with a secret and a code that was made from it, or off with an empty secret.

    The backup code that replaces them in an emergency is mailed.
    """
    said = read_members(AuthAccount, await json_object(request), UPDATE.names)

    async def work(connection: Connection) -> str:
        person = await _owner(request, connection, to_change=True)
        secret = said.get("totp_secret")
        if secret is None:
            raise NothingChanged
        if secret:
            await _enable(request, connection, person, secret, said.get("totp_code", ""))
        else:
            await _disable(request, connection, person)
        return await rows.rendered(connection, AuthAccount, [person.id], to=actor_of(request))

    return one(request, "AuthAccount", await request.app[DATABASE].retrying(work))


async def read(request: web.Request) -> web.Response:
    """The backup code."""
    actor, database = actor_of(request), request.app[DATABASE]
    account = await rows.summarised(database, AuthAccount, [actor.account_id], AuthAccount.summary)
    person = await _owner(request, database)
    backup = await database.fetch_value(_QUERIES["backup_code"], {"id": person.id})
    return one(request, "AuthAccount", _with(account, totpBackup=backup))


async def _owner(request: web.Request, database: Queryable, *, to_change: bool = False) -> Person:
    """The person whose session this is, who must be the one in the path. Children have no second factor."""
    actor = actor_of(request)
    if path_id(request, "auth_account_id") != actor.account_id:
        raise Forbidden
    person = await people.find(database, actor.account_id, to_change=to_change)
    if person is None or person.child:
        raise NothingChanged
    require_authority(actor, person)
    return person


async def _enable(
    request: web.Request, connection: Connection, person: Person, secret: str, code: str
) -> None:
    step = totp_step(secret, code, clock.now().timestamp())
    if step is None:
        raise IncorrectPasscode
    backup = new_backup_code()
    # The code has been used here, so it does not also sign in.
    columns = {"totp_secret": secret, "totp_backup": backup, "totp_step": step}
    await rows.overwrite(connection, AuthAccount, person.id, columns)
    await people.tell(connection, request.app[CONFIG], person, "totp_enabled", backup_code=backup)


async def _disable(request: web.Request, connection: Connection, person: Person) -> None:
    columns = {"totp_secret": "", "totp_backup": ""}
    if not await rows.overwrite(connection, AuthAccount, person.id, columns):
        raise NothingChanged
    config = request.app[CONFIG]
    link = people.page(config, "/settings/account")
    await people.tell(connection, config, person, "totp_disabled", link=link)


def _with(account: str, **members: str) -> dict[str, Any]:
    return {**orjson.loads(account), **members}


def _qr_code(text: str) -> str:
    """A picture of a text as base64 PNG."""
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    code.make()
    # Every module is a square of whole pixels; what is left over becomes margin.
    code.box_size = _QR_SIZE // (code.modules_count + 2 * code.border)
    squares = code.make_image().get_image().convert("L")
    picture = Image.new("L", (_QR_SIZE, _QR_SIZE), "white")
    margin = (_QR_SIZE - squares.width) // 2
    picture.paste(squares, (margin, margin))
    written = io.BytesIO()
    picture.save(written, format="PNG")
    return base64.b64encode(written.getvalue()).decode()
