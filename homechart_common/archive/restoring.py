"""From an archive to a household: everything or nothing, in one transaction, by the same triggers as any write."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Protocol

import orjson

from homechart_common import clock
from homechart_common.archive.contents import Kind, kinds
from homechart_common.archive.packing import unpacked
from homechart_common.archive.reading import Batch, Reader
from homechart_common.archive.renaming import Renaming
from homechart_common.errors import InvalidInput
from homechart_common.ids import new_nanoid
from homechart_common.models import (
    AuthAccount,
    AuthAccountAuthHousehold,
    AuthHousehold,
    AuthIdentity,
    AuthSession,
    rows,
)
from homechart_common.models.model import Model, Row
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Database, array
from homechart_common.postgresql.failures import ConstraintViolation

#: How many people an archive may bring.
_MOST_ACCOUNTS = 1000
#: How many archives a process restores at once; each keeps a core busy.
_restoring = asyncio.Semaphore(1)
#: Of a number that nobody has seen before, and from which there is much room to count up.
_ACCESS_BITS = 62
_QUERIES = queries.load("archives")


@dataclass(frozen=True, slots=True)
class Restored:
    """What an archive brought."""

    household_id: str
    #: The addresses of those in it who can sign in.
    addresses: tuple[str, ...]
    #: How many others there are, who cannot.
    children: int


class Host(Protocol):
    """Who lets an archive in, and decides what it may do to what is here already."""

    #: Whether an archive is believed who somebody is elsewhere; a forged one would say so of somebody else.
    believes_identities: bool

    async def admit(self, connection: Connection, accounts: list[Row]) -> None:
        """Look at the accounts that an archive brings, before any is stored.

        Takes away what they replace and changes what they may not say of themselves, or raises why they cannot be.
        """

    async def settle(self, connection: Connection, restored: Restored) -> None:
        """Do what is to do in the same transaction when everything is stored."""


async def restore(database: Database, file: IO[bytes], passphrase: str, host: Host) -> Restored:
    """Store all that an archive holds, or nothing.

    Raises :class:`InvalidInput` for an archive that is none, is damaged, or says what cannot be.
    """

    async def work(connection: Connection) -> Restored:
        file.seek(0)
        reader = Reader(unpacked(file, passphrase), Renaming(), clock.now().isoformat())
        restored = await _restore(connection, reader.batches(), host)
        await host.settle(connection, restored)
        return restored

    async with _restoring:
        return await database.retrying(work)


async def _restore(connection: Connection, batches: Iterator[Batch], host: Host) -> Restored:
    accounts, batch = await _accounts(batches)
    await host.admit(connection, accounts)
    await connection.execute(_QUERIES["begin"])
    await _insert(connection, kinds()["authAccounts"], accounts)
    households: list[str] = []
    while batch is not None:
        if batch.kind.model is AuthHousehold:
            households += [row["id"] for row in batch.rows]
        if batch.kind.model is not AuthIdentity or host.believes_identities:
            await _store(connection, batch)
        batch = await _next(batches)
    if len(households) != 1:
        raise InvalidInput.field("authHouseholds", "must be exactly one")
    await _refuse_strangers(connection, accounts)
    await connection.execute(_QUERIES["end"])
    addresses = tuple(account["email_address"] for account in accounts if not account["child"])
    return Restored(households[0], addresses, len(accounts) - len(addresses))


async def _next(batches: Iterator[Batch]) -> Batch | None:
    """The next rows; reading them takes longer than others should wait."""
    return await asyncio.to_thread(next, batches, None)


async def _accounts(batches: Iterator[Batch]) -> tuple[list[Row], Batch | None]:
    """All accounts, which come first, and what comes after them."""
    accounts: list[Row] = []
    while (batch := await _next(batches)) is not None and batch.kind.model is AuthAccount:
        accounts += batch.rows
        if len(accounts) > _MOST_ACCOUNTS:
            raise InvalidInput.field("authAccounts", f"must not be more than {_MOST_ACCOUNTS}")
    return accounts, batch


async def _store(connection: Connection, batch: Batch) -> None:
    if settle := _SETTLED.get(batch.kind.model):
        await settle(connection, batch.rows)
    await _insert(connection, batch.kind, batch.rows)
    for column, entries in batch.entries.items():
        if entries:
            await _insert_entries(connection, batch.kind, column, entries)


async def _settle_households(connection: Connection, households: list[Row]) -> None:
    """What only one household can have stays with the one that has it here."""
    for row in households:
        names = {name: row[name] for name in ("subscription_referral_code", "self_hosted_id")}
        has_code, has_self_hosted_id = await connection.fetch_row(_QUERIES["household_taken"], names) or (
            True,
            True,
        )
        if has_code:
            row["subscription_referral_code"] = new_nanoid()
        if has_self_hosted_id:
            row["self_hosted_id"] = None


async def _settle_memberships(connection: Connection, memberships: list[Row]) -> None:
    """Who is not brought along is invited, by a token that nobody else has."""
    tokens = {"tokens": array(row["invite_token"] for row in memberships)}
    taken = {"", *await connection.fetch_value(_QUERIES["tokens_taken"], tokens)}
    for row in memberships:
        if row["invite_token"] in taken and (row["invite_token"] or row["auth_account_id"] is None):
            row["invite_token"] = new_nanoid().upper()


async def _settle_sessions(_: Connection, sessions: list[Row]) -> None:
    """No process has a session in its memory at the count that this one begins with."""
    for row in sessions:
        row["access"] = secrets.randbits(_ACCESS_BITS)


#: What is decided here about rows of some kinds before they are stored.
_SETTLED: dict[type[Model], Callable[[Connection, list[Row]], Awaitable[None]]] = {
    AuthHousehold: _settle_households,
    AuthAccountAuthHousehold: _settle_memberships,
    AuthSession: _settle_sessions,
}


async def _insert(connection: Connection, kind: Kind, stored: list[Row]) -> None:
    if not stored:
        return
    try:
        await rows.insert(connection, kind.model, stored)
    except ConstraintViolation as violation:
        raise InvalidInput.field(kind.key, violation.message) from None


async def _insert_entries(
    connection: Connection, kind: Kind, column: str, entries: list[dict[str, Any]]
) -> None:
    table, columns = kind.entries[column].table, ", ".join(entries[0])
    statement = (
        f"INSERT INTO {table} ({columns})"
        f" SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %(rows)s::jsonb)"
    )
    try:
        await rows.execute(connection, kind.model, statement, {"rows": orjson.dumps(entries).decode()})
    except ConstraintViolation as violation:
        raise InvalidInput.field(kind.key, violation.message) from None


async def _refuse_strangers(connection: Connection, accounts: list[Row]) -> None:
    """Everybody whom an archive brings is in its household."""
    ids = {"accounts": array(account["id"] for account in accounts)}
    if await connection.fetch_value(_QUERIES["strangers"], ids):
        raise InvalidInput.field("authAccounts", "must all be members of the household")
