"""The person a request is about: finding and adding them, what their address says, and telling them what happened.

Mail goes to the outbox in the caller's transaction. Children never get any, and nobody does where this server
cannot deliver.
"""

from __future__ import annotations

from typing import NamedTuple

from homechart_common.config import Config
from homechart_common.errors import InvalidInput
from homechart_common.ids import new_uuid
from homechart_common.models import AuthAccount, rows, starter
from homechart_common.models.bodies import complete_row
from homechart_common.models.model import Row
from homechart_common.models.permissions import Actor
from homechart_common.notify import messages, outbox
from homechart_common.notify.messages import Kind, Link, link
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Queryable
from homechart_common.security import hash_token

_QUERIES = queries.load("accounts")


#: Where the addresses of children are: nowhere, as nobody has one there (RFC 2606).
_CHILDREN = "@example.com"


class Person(NamedTuple):
    """An account, as far as others need to know it."""

    id: str
    email_address: str
    name: str
    language: str
    child: bool
    verified: bool


async def find(database: Queryable, account_id: str, *, to_change: bool = False) -> Person | None:
    """The person of an account; with ``to_change`` nobody else changes it until the transaction ends."""
    query = _QUERIES["person_to_change" if to_change else "person"]
    row = await database.fetch_row(query, {"id": account_id})
    return None if row is None else Person(*row)


async def find_by_address(
    database: Queryable, email_address: str, *, to_change: bool = False
) -> Person | None:
    """Whom an address belongs to; with ``to_change`` as above."""
    query = _QUERIES["person_by_address_to_change" if to_change else "person_by_address"]
    row = await database.fetch_row(query, {"email_address": email_address})
    return None if row is None else Person(*row)


def reachable(config: Config, email_address: str) -> bool:
    """Whether mail to an address leaves this server at all."""
    return config.smtp.is_enabled and config.smtp.delivers_to(email_address)


def owns_address(config: Config, person: Person) -> bool:
    """Whether the address may be taken for theirs: it was verified, or nothing here could ever verify it."""
    return person.verified or not reachable(config, person.email_address)


def is_admin(config: Config, person: Person) -> bool:
    """Whether the configuration names the person's address; who only claims to have it does not count."""
    named = person.email_address in map(str.lower, config.app.admin_email_addresses)
    return named and owns_address(config, person)


async def add(connection: Queryable, row: Row) -> Person:
    """A new account with its first objects; ``row`` is that of :func:`account_row`."""
    await rows.insert(connection, AuthAccount, [row])
    await starter.furnish_account(connection, row["id"], row["iso_639_code"], row["time_zone"])
    verified = row.get("verified", False)
    return Person(row["id"], row["email_address"], row["name"], row["iso_639_code"], False, verified)


def ask_for_proof(row: Row) -> str:
    """Make a new account one whose address is not known to be theirs; the token to mail there."""
    token = new_uuid()
    # Nobody is reminded by mail before they have shown that the address is theirs.
    row["preferences"] |= {"ignoreEmailCalendarEvent": True, "ignoreEmailPlanTask": True}
    row["verification_token"] = rows.bytea(hash_token(token))
    return token


def refuse_new_accounts(config: Config, actor: Actor | None) -> None:
    """Raise :class:`InvalidInput` where only administrators make accounts and ``actor`` is none."""
    if config.app.signup_disabled and not (actor and actor.admin):
        raise InvalidInput("Nobody can sign up on this server; please ask whoever runs it")


def child_address(child_id: str) -> str:
    """The address of a child, who has none of their own."""
    return f"{child_id}{_CHILDREN}"


def is_child_address(email_address: str) -> bool:
    """Whether an address is nobody's, so that having it keeps nobody else from signing up."""
    return email_address.endswith(_CHILDREN)


def account_row(said: Row) -> Row:
    """The row of a new account whose owner said ``said``."""
    complete = complete_row(AuthAccount, said)
    return {column: complete[column] for column in AuthAccount.stored_columns("C")} | {"id": new_uuid()}


async def tell(
    connection: Queryable, config: Config, person: Person, kind: Kind, *, to: str = "", **values: str
) -> None:
    """Write to a person, at their address unless ``to`` is another; the message mentions ``values``."""
    address = to or person.email_address
    if person.child or not reachable(config, address):
        return
    message = messages.render(kind, person.language, name=person.name, **values)
    await outbox.enqueue(connection, message, to_smtp=address, account_id=person.id, system=True)


async def tell_stranger(
    connection: Queryable, config: Config, address: str, language: str, kind: Kind, **values: str
) -> None:
    """Write to an address that no account has."""
    if reachable(config, address):
        await outbox.enqueue(
            connection, messages.render(kind, language, **values), to_smtp=address, system=True
        )


def page(config: Config, path: str, **query: str) -> Link:
    """The address of a page of the web client, for a message."""
    return link(config.app.base_url, path, **query)
