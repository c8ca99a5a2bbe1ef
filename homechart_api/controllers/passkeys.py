"""The passkeys of an account: adding, listing, renaming and removing them."""

from __future__ import annotations

import asyncio

from aiohttp import web

from homechart_api import challenges, people
from homechart_api.context import CONFIG, DATABASE
from homechart_api.crud import json_object, path_id
from homechart_api.responses import empty, many, one
from homechart_api.route import Members, Values
from homechart_api.ways import own_account, person_to_change, require_one, tell_of_removed
from homechart_common import ceremonies, logger
from homechart_common.ceremonies import Holder, RelyingParty
from homechart_common.errors import InvalidInput, NothingChanged, SignedOut
from homechart_common.ids import new_uuid
from homechart_common.models import AuthPasskey, rows
from homechart_common.models.bodies import read_members
from homechart_common.models.permissions import Actor
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Queryable

CREATE = Members(AuthPasskey, "credential", "name")
UPDATE = Members(AuthPasskey, "name")
OFFER = Values(
    "WebAuthnCreationOptions",
    {
        "type": "object",
        "description": "For `PublicKeyCredential.parseCreationOptionsFromJSON()`",
        "required": ["challenge", "excludeCredentials", "pubKeyCredParams", "rp", "user"],
        "properties": {
            "challenge": {"type": "string", "description": "To be signed, once, within 5 minutes"}
        },
    },
)

#: How many passkeys an account has at most.
MOST = 20
_QUERIES = queries.load("passkeys")


async def offer(request: web.Request) -> web.Response:
    """What to ask the browser for, to add a passkey. Its answer goes to the `PUT` of this address."""
    actor, database, party = own_account(request), request.app[DATABASE], relying_party(request)
    person = await people.find(database, actor.account_id)
    if person is None:
        raise SignedOut
    await _require_room(database, actor)
    known = await database.fetch(
        _QUERIES["known_to_browser"], {"account": actor.account_id, "host": party.id}
    )
    challenge = await challenges.new(database, to=actor)
    holder = Holder(person.id, person.email_address, person.name)
    options = await asyncio.to_thread(
        ceremonies.creation_options, party, holder, challenge, [(bytes(key), names) for key, names in known]
    )
    return one(request, OFFER.data_type, options)


async def create(request: web.Request) -> web.Response:
    """Add a passkey that the browser has made, with a name to know it by. The person is told by mail."""
    actor, database, party = own_account(request), request.app[DATABASE], relying_party(request)
    said = read_members(AuthPasskey, await json_object(request), CREATE.names)
    if not said.keys() >= {"credential", "name"}:
        raise InvalidInput("credential, name: must be given")
    challenge = await asyncio.to_thread(ceremonies.challenge_of, party, said["credential"])
    await challenges.redeem(database, challenge, of=actor)
    made = await asyncio.to_thread(ceremonies.made, party, said["credential"], challenge)
    passkey_id = new_uuid()
    row = {
        "id": passkey_id,
        "auth_account_id": actor.account_id,
        "credential_id": rows.bytea(made.credential_id),
        "public_key": rows.bytea(made.public_key),
        "sign_count": made.sign_count,
        "host": party.id,
        "name": said["name"],
        "transports": said["credential"]["response"]["transports"],
        "backed_up": made.backed_up,
    }

    async def work(connection: Connection) -> str:
        person = await person_to_change(connection, actor)
        await _require_room(connection, actor)
        await rows.insert(connection, AuthPasskey, [row])
        config = request.app[CONFIG]
        link = people.page(config, "/settings/account")
        await people.tell(connection, config, person, "passkey_added", passkey=said["name"], link=link)
        return await rows.rendered(connection, AuthPasskey, [passkey_id], to=actor)

    passkey = await database.retrying(work)
    logger.notice("A passkey was added", authAccountID=actor.account_id, authPasskeyID=passkey_id)
    return one(request, "AuthPasskey", passkey)


async def read_all(request: web.Request) -> web.Response:
    """The account's passkeys. Those made when the server had another host name work no more."""
    actor, database = own_account(request), request.app[DATABASE]
    found = await database.fetch(_QUERIES["of_account"], {"account": actor.account_id})
    passkeys = await rows.rendered(database, AuthPasskey, [row[0] for row in found], to=actor)
    return many(request, AuthPasskey.plural, passkeys)


async def update(request: web.Request) -> web.Response:
    """Call a passkey something else."""
    actor, database = own_account(request), request.app[DATABASE]
    passkey_id = path_id(request, "auth_passkey_id")
    said = read_members(AuthPasskey, await json_object(request), UPDATE.names)
    parameters = {"id": passkey_id, "account": actor.account_id, **said}
    if not said or not await rows.execute(database, AuthPasskey, _QUERIES["rename"], parameters):
        raise NothingChanged
    return one(request, "AuthPasskey", await rows.rendered(database, AuthPasskey, [passkey_id], to=actor))


async def delete(request: web.Request) -> web.Response:
    """Remove a passkey, so that it signs in no more. There must be another way in. The person is told by mail."""
    actor, passkey_id = own_account(request), path_id(request, "auth_passkey_id")

    async def work(connection: Connection) -> None:
        person = await person_to_change(connection, actor)
        mine = {"id": passkey_id, "account": actor.account_id}
        name = await connection.fetch_value(_QUERIES["delete_one"], mine)
        if name is None:
            raise NothingChanged
        await require_one(connection, request.app[CONFIG], person.id)
        await tell_of_removed(connection, request.app[CONFIG], person, name)

    await request.app[DATABASE].retrying(work)
    logger.notice("A passkey was removed", authAccountID=actor.account_id, authPasskeyID=passkey_id)
    return empty()


def relying_party(request: web.Request) -> RelyingParty:
    """Whom passkeys of this server are for."""
    return RelyingParty.at(request.app[CONFIG].app.base_url)


async def _require_room(database: Queryable, actor: Actor) -> None:
    if await database.fetch_value(_QUERIES["count"], {"account": actor.account_id}) >= MOST:
        raise InvalidInput(f"There are {MOST} passkeys already; please remove one first")
