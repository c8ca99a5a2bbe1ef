"""A household as a file, to take along or to bring back (contract §10.3)."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from functools import partial
from tempfile import TemporaryFile
from typing import IO

import orjson
from aiohttp import web

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE, actor_of
from homechart_api.controllers.households import editable_household
from homechart_api.middleware.limits import take
from homechart_api.responses import empty
from homechart_api.route import Content
from homechart_common import clock, logger
from homechart_common.archive.restoring import Restored, restore
from homechart_common.archive.writing import Written, write
from homechart_common.errors import Conflict, Forbidden, InvalidInput, TooLarge, Unavailable
from homechart_common.models import AuthAccountAuthHousehold, AuthIdentity, rows
from homechart_common.models.actors import StaleActor, hold
from homechart_common.models.model import Row
from homechart_common.models.permissions import FULL
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, array

EXPORT = Content("application/x-gzip", {"type": "string", "format": "binary"})
IMPORT = Content("application/octet-stream", {"type": "string", "format": "binary"})

#: The largest archive that is taken, in bytes.
MOST_BYTES = 64 * 1024 * 1024
_PIECE = 256 * 1024

_QUERIES = queries.load("archives")


async def export(request: web.Request) -> web.StreamResponse:
    """Everything of a household, and of the people whose home it is, as a file.

    With a backup key it is encrypted. It holds what is needed to sign in as they do, so it is for who
    administers the household, with a session that controls their own account, and not for children; and they
    are told by mail.
    """
    household_id = _transferable(request)
    with TemporaryFile() as file:
        written = await write(request.app[DATABASE], household_id, file)
        await request.app[DATABASE].retrying(partial(_tell, request, written))
        logger.notice("A household was exported", authHouseholdID=household_id)
        return await _sent(request, file, _file_name(written))


async def import_(request: web.Request) -> web.Response:
    """Restore a household from such a file, with new ids for everything.

    It may be encrypted with the backup key of the household in the path. An account of the caller's whose address
    is in the file is replaced, and so is the household in the path if nobody else is in it; nothing else is touched.
    The answer is 409 if somebody else has an address that the file says, and nothing is restored then.
    """
    household_id = _transferable(request)
    with TemporaryFile() as file:
        await _receive(request, file)
        passphrase = await request.app[DATABASE].fetch_value(
            _QUERIES["backup_key"], {"household": household_id}
        )
        try:
            restored = await restore(
                request.app[DATABASE], file, passphrase or "", _Owner(request, household_id)
            )
        except StaleActor:
            raise Unavailable from None
    logger.notice("A household was imported", authHouseholdID=restored.household_id)
    return empty()


def _transferable(request: web.Request) -> str:
    """The household in the path, of which the caller may take and bring everything."""
    household_id, actor = editable_household(request), actor_of(request)
    if actor.child or not actor.controls_account:
        raise Forbidden
    return household_id


async def _sent(request: web.Request, file: IO[bytes], name: str) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = EXPORT.media_type
    response.content_length = file.tell()
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    await response.prepare(request)
    file.seek(0)
    with suppress(ConnectionResetError):  # whoever asked went away
        while piece := await asyncio.to_thread(file.read, _PIECE):
            await response.write(piece)
        await response.write_eof()
    return response


async def _tell(request: web.Request, written: Written, connection: Connection) -> None:
    """Let those know who are in a file that somebody else has."""
    config, actor = request.app[CONFIG], actor_of(request)
    found = [
        await people.find(connection, account) for account in written.accounts if account != actor.account_id
    ]
    # an archive may have brought an address that is not theirs
    others = [person for person in found if person and person.verified]
    if any(people.reachable(config, person.email_address) for person in others):
        take(request, "AuthHouseholdExport")
    mentioned = {"household": written.name, "exporter": actor.name, "link": people.page(config, "/reset")}
    for person in others:
        await people.tell(connection, config, person, "household_exported", **mentioned)


def _file_name(written: Written) -> str:
    """What the file is called: the household, the day, and how to open it."""
    name = re.sub(r"[^a-z0-9]+", "-", written.name.lower(), flags=re.ASCII).strip("-")[:50] or "household"
    return f"{name}-{clock.now():%Y-%m-%d}.homechart.{'aes' if written.encrypted else 'gz'}"


async def _receive(request: web.Request, file: IO[bytes]) -> None:
    size = 0
    try:
        async for piece in request.content.iter_chunked(_PIECE):
            size += len(piece)
            if size > MOST_BYTES:
                raise TooLarge
            await asyncio.to_thread(file.write, piece)
    except web.RequestPayloadError:
        raise InvalidInput("The body is not encoded as its headers say") from None


def _takes_an_address(account: Row) -> bool:
    """Whether somebody else may have the address of an account, and could not sign up with it any more."""
    return not (account["child"] and people.is_child_address(account["email_address"]))


class _Owner:
    """Somebody who restores a household of theirs over the API, and can take away only what is their own."""

    believes_identities = False

    def __init__(self, request: web.Request, household_id: str) -> None:
        #: Those of accounts that are replaced, which keep them: an archive could say anybody's.
        self._identities: list[Row] = []
        self._request = request
        self._actor = actor_of(request)
        self._household_id = household_id

    async def admit(self, connection: Connection, accounts: list[Row]) -> None:
        """Replace the caller's account, and children who are only in the household; refuse to replace others."""
        await hold(connection, self._actor)
        replaced: dict[str, Row] = {}
        addresses = {"addresses": array(account["email_address"] for account in accounts)}
        taken = await connection.fetch(_QUERIES["taken"], addresses)
        for account_id, address, verified, child, households in taken:
            if account_id == self._actor.account_id:
                self._refuse_to_lose(households)
            elif not child or households != [self._household_id]:
                raise Conflict(f"emailAddress: {address} belongs to an account on this server")
            replaced[address] = {"id": account_id, "verified": verified}
        if any(
            _takes_an_address(account) and account["email_address"] not in replaced for account in accounts
        ):
            people.refuse_new_accounts(self._request.app[CONFIG], self._actor)
            take(self._request, "AuthHouseholdImport")
        self._vouch_for(accounts, replaced)
        ids = array(account["id"] for account in replaced.values())
        renewed = {account["email_address"]: account["id"] for account in accounts}
        for address, identity in await connection.fetch(_QUERIES["identities"], {"accounts": ids}):
            self._identities.append({**orjson.loads(identity), "auth_account_id": renewed[address]})
        await connection.execute(_QUERIES["replace"], {"accounts": ids})
        await connection.execute(_QUERIES["clear"], {"household": self._household_id})

    async def settle(self, connection: Connection, restored: Restored) -> None:
        """Keep identities as they were, and let the caller join a household that nobody could sign in to."""
        if self._identities:
            await rows.insert(connection, AuthIdentity, self._identities)
        if restored.addresses:
            return
        account = {"id": self._actor.account_id, "household": restored.household_id}
        await connection.execute(_QUERIES["uninvite"], account)
        membership = {
            "auth_account_id": self._actor.account_id,
            "auth_household_id": restored.household_id,
            "permissions": FULL.to_json(),
        }
        await rows.insert(connection, AuthAccountAuthHousehold, [membership])

    def _refuse_to_lose(self, households: list[str]) -> None:
        if set(households) - {self._household_id}:
            raise Conflict("You are in another household, which you would leave by this: leave it first")

    def _vouch_for(self, accounts: list[Row], replaced: dict[str, Row]) -> None:
        """Let no archive say what its people have to show: that an address is theirs."""
        for account in accounts:
            address = account["email_address"]
            if known := replaced.get(address):
                account["verified"] = known["verified"]
                continue
            account["verified"] = account["verified"] and (
                self._actor.admin or not people.reachable(self._request.app[CONFIG], address)
            )
