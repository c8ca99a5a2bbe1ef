"""Accounts: reading, changing and deleting them (contract §3.3, B1 §4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from homechart_api import elsewhere, people
from homechart_api.context import CONFIG, DATABASE, actor_of
from homechart_api.crud import json_object, moment, page_offset, path_id
from homechart_api.middleware.limits import take
from homechart_api.people import Person
from homechart_api.responses import empty, many, nothing, one
from homechart_api.route import Query
from homechart_api.ways import require_authority
from homechart_common import logger
from homechart_common.errors import Forbidden, InvalidInput, ItemNotFound, NothingChanged
from homechart_common.ids import new_uuid, parse_uuid
from homechart_common.models import AuthAccount, rows
from homechart_common.models.actors import hold
from homechart_common.models.bodies import Body, read_members, writable
from homechart_common.models.model import Row
from homechart_common.models.permissions import Actor
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection
from homechart_common.security import hash_password, hash_token

SEARCH = {
    "filter": Query("For administrators: the id of an account or a household, or a part of an address"),
    "offset": Query("For administrators: how many to leave out", "integer"),
}

#: How many accounts or households a page for administrators has (contract §2.7).
PAGE_SIZE = 50

#: What administrators change of accounts that are not theirs, besides the password (contract §3.6).
_BY_ADMINISTRATORS = ("emailAddress", "verified")
#: Each new address or password of an account makes the server send mail, so they are limited, as one route is.
_CREDENTIALS = "AuthAccountCredentials"
_QUERIES = queries.load("accounts")


async def read_all(request: web.Request) -> web.Response:
    """The own account; for an administrator those that match, 50 on a page. Most members are blank."""
    actor, database, offset = actor_of(request), request.app[DATABASE], page_offset(request)
    total, ids = 1, [actor.account_id]
    if actor.admin:
        text = request.query.get("filter", "")
        row = await database.fetch_row(
            _QUERIES["matching"],
            {
                "filter": text,
                "filter_id": parse_uuid(text),
                "limit": PAGE_SIZE,
                "offset": offset,
            },
        )
        total, ids = row or (0, [])
    accounts = await rows.summarised(database, AuthAccount, ids, AuthAccount.summary)
    return many(request, AuthAccount.plural, accounts, total=total)


async def read(request: web.Request) -> web.Response:
    """An account; nothing if it is no newer than what the caller has."""
    account_id = path_id(request, "auth_account_id")
    account = await rows.rendered_if_newer(
        request.app[DATABASE], AuthAccount, account_id, moment(request), to=actor_of(request)
    )
    if account is None:
        return nothing()
    if not account:
        raise ItemNotFound
    return one(request, "AuthAccount", account)


async def update(request: web.Request) -> web.Response:
    """Change the password if the body has one, link an identity if it has `oidcCode`, else change its members.

    An identity is linked to the account of whoever was signed in when they were sent to the provider. It signs in to it
    from then on, and everything else stays as it is. A new mail address must be verified again, if this server can send
    mail there. Of accounts that are not theirs, administrators change the address, the password, and whether the
    address counts as verified. How often somebody changes addresses, passwords and identities is limited.
    """
    actor, account_id = actor_of(request), path_id(request, "auth_account_id")
    body = await json_object(request)
    code = elsewhere.code_in(body)
    if code and not read_members(AuthAccount, body, ("password",)).get("password"):
        return await _link(request, account_id, code)
    said = await _said(request, actor, account_id, body)

    async def work(connection: Connection) -> str:
        person = await people.find(connection, account_id, to_change=True)
        if person is None:
            raise NothingChanged
        columns = dict(said)
        if columns.get("email_address", person.email_address) != person.email_address:
            require_authority(actor, person)
            take(request, _CREDENTIALS)
            columns |= await _readdress(request, connection, person, columns)
        if "password_hash" in columns:
            require_authority(actor, person)
            columns["password_reset_token"] = None
            link = people.page(request.app[CONFIG], "/reset")
            await people.tell(connection, request.app[CONFIG], person, "password_changed", link=link)
        if not await rows.overwrite(connection, AuthAccount, account_id, columns):
            raise NothingChanged
        return await rows.rendered(connection, AuthAccount, [account_id], to=actor)

    return one(request, "AuthAccount", await request.app[DATABASE].retrying(work))


async def delete(request: web.Request) -> web.Response:
    """Delete an account with everything that is its own."""
    actor, account_id = actor_of(request), path_id(request, "auth_account_id")
    if not actor.controls_account:
        raise Forbidden

    async def work(connection: Connection) -> int:
        return await connection.execute(_QUERIES["delete_account"], {"id": account_id})

    if not await request.app[DATABASE].retrying(work):
        return nothing()
    logger.notice("An account was deleted", authAccountID=account_id)
    return empty()


async def _said(request: web.Request, actor: Actor, account_id: str, body: Body) -> Row:
    """The columns that a body changes: those of the first of three modes that it is in (B1 §4.2)."""
    if password := read_members(AuthAccount, body, ("password",)).get("password"):
        take(request, _CREDENTIALS)
        return {"password_hash": await hash_password(password)}
    if account_id != actor.account_id:
        return read_members(AuthAccount, body, _BY_ADMINISTRATORS)
    row = read_members(AuthAccount, body, writable(AuthAccount, "U"), actor.time_zone)
    row = {column: row[column] for column in AuthAccount.stored_columns("U") if column in row}
    primary = row.get("primary_auth_household_id")
    if primary is not None and primary not in actor.households:
        raise InvalidInput.field("primaryAuthHouseholdID", "must be one of the account's households")
    if "preferences" in row:
        _clean_notifications(row["preferences"], actor.households)
    return row


async def _link(request: web.Request, account_id: str, code: Row) -> web.Response:
    """Let who somebody is elsewhere sign in to their account; whoever holds a code is that, so nobody else's."""
    actor, config = actor_of(request), request.app[CONFIG]
    if account_id != actor.account_id or actor.child or not actor.controls_account:
        raise Forbidden
    take(request, _CREDENTIALS)
    came = await elsewhere.returned(request, code)
    if came.account_id != account_id:
        raise elsewhere.NotSignedIn

    async def work(connection: Connection) -> str:
        person = await people.find(connection, account_id, to_change=True)
        await hold(connection, actor)
        if person is None or not await elsewhere.connect(connection, account_id, came.identity):
            raise NothingChanged
        label, link = came.provider.settings.label, people.page(config, "/reset")
        await people.tell(connection, config, person, "oidc_linked", provider=label, link=link)
        return await rows.rendered(connection, AuthAccount, [account_id], to=actor)

    return one(request, "AuthAccount", await request.app[DATABASE].retrying(work))


def _clean_notifications(preferences: Row, households: Mapping[str, Any]) -> None:
    """Keep what is said of each of the account's households, once (contract §3.4)."""
    kept: dict[str, Any] = {}
    for entry in preferences["notificationsHouseholds"]:
        if entry["authHouseholdID"] in households:
            kept.setdefault(entry["authHouseholdID"], entry)
    preferences["notificationsHouseholds"] = list(kept.values())


async def _readdress(request: web.Request, connection: Connection, person: Person, said: Row) -> Row:
    """What else changes with the address: the new one gets a token for proof, the old one a notice (§3.6)."""
    config, address = request.app[CONFIG], said["email_address"]
    await people.tell(connection, config, person, "address_changed", address=address)
    unproven = {"password_reset_token": None, "verification_token": None}
    if said.get("verified") or not people.reachable(config, address):
        return unproven
    token = new_uuid()
    link = people.page(config, "/verify", id=person.id, token=token)
    await people.tell(connection, config, person, "address_confirm", to=address, link=link)
    return {**unproven, "verified": False, "verification_token": rows.bytea(hash_token(token))}
