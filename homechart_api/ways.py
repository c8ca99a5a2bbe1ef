"""The ways into an account: who decides about them, and that one stays; all go when they may be somebody else's."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from homechart_api import people
from homechart_api.context import actor_of
from homechart_api.crud import path_id
from homechart_api.people import Person
from homechart_common.ceremonies import NoPasskeys, RelyingParty
from homechart_common.config import Config
from homechart_common.errors import Forbidden, InvalidInput, SignedOut
from homechart_common.models.actors import hold, lock_sessions
from homechart_common.models.permissions import Actor
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Queryable, array

_QUERIES = queries.load("accounts")
_IDENTITIES = queries.load("identities")
_PASSKEYS = queries.load("passkeys")
_SESSIONS = queries.load("sessions")


def require_authority(actor: Actor, person: Person) -> None:
    """Who can get into an account is decided by sessions that may edit ``auth``, and never by children."""
    if person.child or not actor.controls_account:
        raise Forbidden


def own_account(request: web.Request) -> Actor:
    """Who is asking about the account in the path, if it is their own and they decide who can get into it."""
    actor = actor_of(request)
    if path_id(request, "auth_account_id") != actor.account_id or actor.child or not actor.controls_account:
        raise Forbidden
    return actor


async def person_to_change(connection: Connection, actor: Actor) -> Person:
    """Whose account it is. Until the transaction ends nobody else changes the ways into it, or comes in by one."""
    person = await people.find(connection, actor.account_id, to_change=True)
    if person is None:
        raise SignedOut
    require_authority(actor, person)
    await hold(connection, actor)
    return person


def passkey_host(config: Config) -> str:
    """The host that passkeys are for; empty where there cannot be any."""
    with suppress(NoPasskeys):
        return RelyingParty.at(config.app.base_url).id
    return ""


async def require_one(connection: Connection, config: Config, account_id: str) -> None:
    """Refuse to have taken away the last way into an account; to be asked in the transaction that took one away.

    Whoever takes one away keeps the account from changing, so that two do not take the last two. Where a proxy signs
    people in, nobody needs another way.
    """
    if config.app.proxy_address and config.app.proxy_header_email:
        return
    ways = {
        "account": account_id,
        "issuers": array(provider.issuer for provider in config.oidc.everywhere),
        "host": passkey_host(config),
    }
    if not await connection.fetch_value(_QUERIES["can_sign_in"], ways):
        raise InvalidInput("You could not sign in any more: please choose a password first")


async def close_all(connection: Connection, config: Config, person: Person) -> None:
    """End every session and take away every way in but the password; whoever asks keeps the account from changing.

    One may be of somebody who has only claimed to have the address.
    """
    await connection.execute(_IDENTITIES["unlink_all"], {"account": person.id})
    await end_sessions(connection, person.id)
    removed = await connection.fetch(_PASSKEYS["delete_all"], {"account": person.id})
    if removed:
        await tell_of_removed(connection, config, person, *(name for (name,) in removed))


async def end_sessions(connection: Connection, account_id: str) -> int:
    """End every session of an account, those that are being made included; how many there were."""
    await lock_sessions(connection, account_id)
    return await connection.execute(_SESSIONS["delete_all"], {"account": account_id})


async def tell_of_removed(connection: Queryable, config: Config, person: Person, *names: str) -> None:
    """Write to a person whose passkeys are gone."""
    link = people.page(config, "/settings/account")
    await people.tell(connection, config, person, "passkey_removed", passkey=", ".join(names), link=link)
