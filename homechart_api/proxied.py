"""People whom a proxy in front of this server has signed in (contract §3.7).

The proxy names them in headers. They have one session in each browser, which every process knows and which begins
anew when it is over. Its key is a text that nobody can send, as it is no UUID.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from aiohttp import web

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE
from homechart_api.people import Person
from homechart_api.ways import close_all
from homechart_common import clock, logger
from homechart_common.addresses import is_in
from homechart_common.errors import Conflict, InvalidInput
from homechart_common.models import AuthAccount
from homechart_common.models.bodies import read_members
from homechart_common.models.model import Row
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection
from homechart_common.security import hash_token
from homechart_common.user_agents import family

_ACCOUNTS = queries.load("accounts")
_QUERIES = queries.load("sessions")


class Proxied(NamedTuple):
    """Whom a proxy vouches for, and the key of their session in this browser."""

    person: Person
    key: str


async def proxied(request: web.Request) -> Proxied | None:
    """Whom the proxy says that a request is from, if it comes from the proxy; who is new gets an account."""
    address = _address(request)
    if not address:
        return None
    person = await people.find_by_address(request.app[DATABASE], address) or await _welcome(request, address)
    if person is not None and not person.child and not people.owns_address(request.app[CONFIG], person):
        person = await _vouched_for(request, address)
    if person is None or person.child:
        return None
    return Proxied(person, f"proxied {person.id} {request.headers.get('User-Agent', '')}")


async def open_session(request: web.Request, who: Proxied) -> None:
    """Open their session, unless another request has just done so."""
    config = request.app[CONFIG]
    browser = family(request.headers.get("User-Agent", ""))
    lifetime = timedelta(seconds=config.app.session_expiration_default_seconds)
    await request.app[DATABASE].execute(
        _QUERIES["open_proxied"],
        {
            "account": who.person.id,
            "key_hash": hash_token(who.key),
            "admin": people.is_admin(config, who.person),
            "name": browser.capitalize(),
            "user_agent": browser,
            "expires": (clock.now() + lifetime).isoformat(),
        },
    )


def comes_from_elsewhere(request: web.Request) -> bool:
    """Whether a page of somebody else makes a browser ask, with whatever cookies are there.

    The browser says so. Such a page knows no key, so it must not be helped by what is added without one.
    """
    return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def _address(request: web.Request) -> str:
    app = request.app[CONFIG].app
    trusted = is_in(request.remote or "", app.proxy_address)
    if not (trusted and app.proxy_header_email) or comes_from_elsewhere(request):
        return ""
    return str(_said(request, app.proxy_header_email, "emailAddress").get("email_address", ""))


def _said(request: web.Request, header: str, member: str) -> Row:
    """What a header says of a member of the account; nothing if it cannot be that."""
    text = request.headers.get(header, "").strip() if header else ""
    try:
        return read_members(AuthAccount, {member: text}, (member,)) if text else {}
    except InvalidInput:
        return {}


async def _vouched_for(request: web.Request, address: str) -> Person | None:
    """Whose account has this address, which nobody had shown to be theirs before.

    Somebody else may have signed up with it, and waits for what its owner does there.
    """
    config = request.app[CONFIG]

    async def work(connection: Connection) -> Person | None:
        person = await people.find_by_address(connection, address, to_change=True)
        if person is None or not await connection.execute(_ACCOUNTS["vouch"], {"id": person.id}):
            return person
        await close_all(connection, config, person)
        return person._replace(verified=True)

    return await request.app[DATABASE].retrying(work)


async def _welcome(request: web.Request, address: str) -> Person | None:
    """The person whom somebody at this address has become; the proxy has made sure that it is theirs."""
    said = {"email_address": address, **_said(request, request.app[CONFIG].app.proxy_header_name, "name")}

    async def work(connection: Connection) -> Person:
        return await people.add(connection, people.account_row(said) | {"verified": True})

    try:
        person = await request.app[DATABASE].retrying(work)
    except Conflict:
        return await people.find_by_address(request.app[DATABASE], address)
    logger.notice("Somebody came through the proxy for the first time", authAccountID=person.id)
    return person
