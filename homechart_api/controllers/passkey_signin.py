"""Signing in with a passkey, which needs no password and no name."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from homechart_api import challenges, people
from homechart_api.context import DATABASE
from homechart_api.controllers.passkeys import relying_party
from homechart_api.controllers.signin import let_in
from homechart_api.crud import json_object
from homechart_api.responses import one
from homechart_api.route import Members, Values
from homechart_common import ceremonies, logger
from homechart_common.errors import InvalidInput
from homechart_common.models import AuthAccount
from homechart_common.models.bodies import read_members
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

OFFER = Values(
    "WebAuthnRequestOptions",
    {
        "type": "object",
        "description": "For `PublicKeyCredential.parseRequestOptionsFromJSON()`",
        "required": ["challenge", "rpId"],
        "properties": {
            "challenge": {"type": "string", "description": "To be signed, once, within 5 minutes"}
        },
    },
)
SIGN_IN = Members(
    AuthAccount, "credential", "rememberMe?", "userAgent?", "permissionsAccount?", "permissionsHouseholds?"
)

_QUERIES = queries.load("passkeys")


class UnknownPasskey(InvalidInput):
    """No account has this passkey, or it is that of another one."""

    default_message = "credential: this passkey is not known here"


class CopiedPasskey(InvalidInput):
    """Somebody else has counted on, so there are two of what there should be one of."""

    default_message = (
        "credential: this passkey was used elsewhere in the meantime, so there may be a copy of it"
    )


async def offer(request: web.Request) -> web.Response:
    """What to ask the browser for, to sign in with a passkey. Its answer goes to the `POST` of this address."""
    party = relying_party(request)
    challenge = await challenges.new(request.app[DATABASE], to=None)
    options = await asyncio.to_thread(ceremonies.request_options, party, challenge)
    return one(request, OFFER.data_type, options)


async def create(request: web.Request) -> web.Response:
    """Sign in with a passkey, which has asked the person for a finger, a face or a code.

    So it stands for the password and the one-time password. The answer has the session's key, and the person is told
    by mail, as with a password.
    """
    database, party = request.app[DATABASE], relying_party(request)
    said = read_members(AuthAccount, await json_object(request), SIGN_IN.names)
    if "credential" not in said:
        raise InvalidInput.field("credential", "must be given")
    credential = said["credential"]
    challenge = await asyncio.to_thread(ceremonies.challenge_of, party, credential)
    await challenges.redeem(database, challenge, of=None)
    named = {"credential_id": credential["id"], "host": party.id}
    account_id = await database.fetch_value(_QUERIES["account"], named)
    if account_id is None or credential["response"]["userHandle"] != ceremonies.handle_of(account_id):
        raise UnknownPasskey

    async def work(connection: Connection) -> dict[str, Any]:
        # First, as who changes passkeys does: what is read of this one then holds until there is a session.
        person = await people.find(connection, account_id, to_change=True)
        found = await connection.fetch_row(_QUERIES["to_sign_in"], {**named, "account": account_id})
        if person is None or person.child or found is None:
            raise UnknownPasskey
        passkey_id, public_key, sign_count = found
        shown = await asyncio.to_thread(ceremonies.shown, party, credential, challenge, bytes(public_key))
        if shown.sign_count <= sign_count and (shown.sign_count, sign_count) != (0, 0):
            logger.notice(
                "The counter of a passkey went back", authAccountID=account_id, authPasskeyID=passkey_id
            )
            raise CopiedPasskey
        use = {"id": passkey_id, "sign_count": shown.sign_count, "backed_up": shown.backed_up}
        await connection.execute(_QUERIES["use"], use)
        return await let_in(request, connection, person, said)

    return one(request, "AuthSession", await database.retrying(work))
