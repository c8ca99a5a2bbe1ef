"""Accounts that people have elsewhere: sending somebody to a provider, and who it is that has come back.

Between the two the server remembers, under a hash of the state, what only it may know. Whoever comes back with the
state proves that they are the one who was sent; clients of the baseline keep the state to themselves, and for those
the provider's token says which question it answers (docs/decisions/signing-in-elsewhere.md).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import web

from homechart_api import people
from homechart_api.context import ACTOR, CONFIG, DATABASE
from homechart_api.people import Person
from homechart_common import logger
from homechart_common.config import Config
from homechart_common.config.sections import GOOGLE
from homechart_common.errors import Conflict, InvalidInput
from homechart_common.ids import new_uuid
from homechart_common.models import AuthAccount
from homechart_common.models.bodies import Body, read_members
from homechart_common.models.model import Row
from homechart_common.oidc.provider import Identity, Provider
from homechart_common.oidc.transport import ProviderError
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Queryable
from homechart_common.security import hash_token

#: By which numbers clients of the baseline know providers.
NUMBERS = {GOOGLE: 2}
#: The members of a body that say what a provider sent back.
CODE = ("oidcCode", "oidcState", "oidcProviderType")

#: How long somebody may take to sign in elsewhere.
_SECONDS = 600
_QUERIES = queries.load("identities")

PROVIDERS = web.AppKey("providers", dict[str, Provider])


class NotSignedIn(InvalidInput):
    """A provider did not say who somebody is, or it cannot be believed."""

    default_message = "Signing in there did not work, please try again"


class Returned(NamedTuple):
    """Who has come back from where, and who was signed in here when they were sent there."""

    provider: Provider
    identity: Identity
    account_id: str | None


def providers(config: Config) -> dict[str, Provider]:
    """The providers of a configuration by name. Raises :class:`ConfigurationError` for files that are none."""
    return {settings.name: Provider(settings) for settings in config.oidc.everywhere}


def code_in(body: Body) -> Row:
    """What a provider sent back, if a body has that; else the members about it mean nothing."""
    said = read_members(AuthAccount, body, CODE[:1])
    return read_members(AuthAccount, body, CODE) if said.get("oidc_code") else {}


async def begin(request: web.Request, provider: Provider, *, returns_state: bool) -> dict[str, str]:
    """What somebody needs to sign in with a provider: where to go, and the state they come back with.

    Only with a client that then returns the state can it be proved to the provider that the code came to the right one.
    """
    state, name = new_uuid(), provider.settings.name
    digest = hash_token(state)
    verifier = secrets.token_urlsafe(48) if returns_state or name not in NUMBERS else ""
    actor = request.get(ACTOR)
    try:
        url = await provider.address(_redirect_uri(request, name), state, digest.hex(), verifier)
    except ProviderError as error:
        raise _refused(provider, error) from None
    flow = {
        "state_hash": digest,
        "provider": name,
        "verifier": verifier,
        "account": actor.account_id if actor else None,
    }
    await request.app[DATABASE].execute(_QUERIES["begin"], flow)
    return {"state": state, "url": url}


async def returned(request: web.Request, said: Mapping[str, Any]) -> Returned:
    """Who it is that has come back, by the code that a body has. Raises :class:`InvalidInput`."""
    state = said.get("oidc_state", "")
    provider = None if state else _numbered(request, said.get("oidc_provider_type", 0))
    try:
        return await (_by_nonce(request, provider, said) if provider else _by_state(request, state, said))
    except ProviderError as error:
        raise _refused(provider, error) from None


async def known(connection: Queryable, identity: Identity) -> Person | None:
    """Whom an identity signs in to, kept as they are until the transaction ends."""
    who = {"issuer": identity.issuer, "subject": identity.subject}
    account_id = await connection.fetch_value(_QUERIES["account"], who)
    if account_id is None:
        return None
    person = await people.find(connection, account_id, to_change=True)
    # it may have been unlinked while another request was waited for
    used = await connection.execute(_QUERIES["use"], {**who, "account": account_id})
    return person if person and used and not person.child else None


async def welcome(
    connection: Connection, config: Config, identity: Identity, said: Mapping[str, Any]
) -> Person:
    """An account for somebody new, with what the provider tells of them where they do not say it themselves."""
    told = _told(identity)
    if "email_address" not in told:
        raise InvalidInput("The provider does not tell a mail address, which an account here needs")
    own = {
        column: value
        for column, value in said.items()
        if value not in ("", None) and column != "email_address"
    }
    row = people.account_row({**told, **own})
    row["verified"] = identity.verified
    token = "" if identity.verified else people.ask_for_proof(row)
    person = await people.add(connection, row)
    if not identity.verified and people.is_admin(config, person):
        raise InvalidInput("The provider has not made sure that this address is yours")
    link = people.page(config, "/verify", id=person.id, token=token) if token else ""
    await people.tell(connection, config, person, "welcome", link=link)
    await connect(connection, person.id, identity)
    logger.notice("Somebody signed up from elsewhere", authAccountID=person.id, issuer=identity.issuer)
    return person


async def connect(connection: Queryable, account_id: str, identity: Identity) -> bool:
    """Let an identity sign in to an account; whether it did not do so before. Raises :class:`Conflict`."""
    who = {"issuer": identity.issuer, "subject": identity.subject}
    address = _told(identity).get("email_address", "")
    linked = {**who, "account": account_id, "email_address": address}
    if await connection.execute(_QUERIES["link"], linked):
        return True
    if await connection.fetch_value(_QUERIES["account"], who) != account_id:
        raise Conflict("This identity signs in to another account here")
    return False


async def _by_state(request: web.Request, state: str, said: Mapping[str, Any]) -> Returned:
    digest = hash_token(state)
    name, verifier, account_id = await _finish(request, digest)
    provider = request.app[PROVIDERS].get(name)
    if provider is None:
        raise NotSignedIn
    try:
        identity = await provider.redeem(
            said["oidc_code"], _redirect_uri(request, name), verifier, digest.hex()
        )
    except ProviderError as error:
        raise _refused(provider, error) from None
    return Returned(provider, identity, account_id)


async def _by_nonce(request: web.Request, provider: Provider, said: Mapping[str, Any]) -> Returned:
    """For clients that keep the state to themselves; no code that was asked for with a verifier gets this far."""
    name = provider.settings.name
    identity = await provider.redeem(said["oidc_code"], _redirect_uri(request, name), "")
    digest = b""
    with suppress(ValueError):
        digest = bytes.fromhex(identity.nonce)
    begun_with, verifier, account_id = await _finish(request, digest)
    if begun_with != name or verifier:
        raise ProviderError("the token answers the question of another client")
    return Returned(provider, identity, account_id)


async def _finish(request: web.Request, digest: bytes) -> tuple[str, str, str | None]:
    """What was remembered under the hash of a state; never again."""
    flow = {"state_hash": digest, "seconds": _SECONDS}
    found = await request.app[DATABASE].fetch_row(_QUERIES["finish"], flow)
    if found is None:
        raise NotSignedIn
    name, verifier, account_id = found
    return name, verifier, account_id


def _numbered(request: web.Request, number: int) -> Provider:
    """The provider that clients of the baseline mean by a number; where they say none there is only one."""
    name = next((name for name, known in NUMBERS.items() if number in (0, known)), "")
    provider = request.app[PROVIDERS].get(name)
    if provider is None:
        raise InvalidInput.field("oidcCode", "must come with the oidcState that belongs to it")
    return provider


def _redirect_uri(request: web.Request, name: str) -> str:
    """Where a provider sends people back to: each has an address of its own, so that none can pass for another."""
    return f"{request.app[CONFIG].app.base_url}/oidc?provider={quote(str(NUMBERS.get(name, name)))}"


def _refused(provider: Provider | None, error: ProviderError) -> NotSignedIn:
    name = provider.settings.name if provider else ""
    logger.notice("A provider did not sign somebody in", provider=name, reason=str(error))
    return NotSignedIn()


def _told(identity: Identity) -> Row:
    """What a provider tells of somebody, as far as it can be said of an account."""
    told: Row = {}
    for member, text in {
        "emailAddress": identity.email_address,
        "name": identity.name.strip()[:200],
        "iso639Code": identity.language,
        "timeZone": identity.time_zone,
    }.items():
        with suppress(InvalidInput):
            told |= read_members(AuthAccount, {member: text}, (member,)) if text else {}
    return told
