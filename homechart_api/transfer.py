"""Households as files at the command line, for whoever runs the server: ``export`` and ``import``."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from homechart_common.archive.restoring import Restored, restore
from homechart_common.archive.writing import Written, write
from homechart_common.command_line import CommandLine
from homechart_common.config import Config
from homechart_common.errors import Conflict, HomechartError, InvalidInput
from homechart_common.ids import parse_uuid
from homechart_common.models.model import Row
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Database, array
from homechart_common.startup import database_ready

T = TypeVar("T")

_QUERIES = queries.load("archives")


def add_commands(commands: CommandLine) -> None:
    """Add the commands to a program."""
    exporting = commands.add(
        "export", "Write a household, and the people whose home it is, into a file.", _export
    )
    exporting.add_argument("household", help="its id or its name")
    exporting.add_argument("file", help="the file to make; it must not be there yet")
    importing = commands.add("import", "Restore a household from such a file, with new ids.", _import)
    importing.add_argument("file", help="the file to read")
    importing.add_argument(
        "--replace", action="store_true", help="first delete accounts that have an address of somebody in it"
    )
    importing.add_argument(
        "--key-file", metavar="path", help="a file with the backup key that it is encrypted with"
    )


def with_database(config: Config, work: Callable[[Database], Awaitable[T]]) -> T:
    """What ``work`` answers that is done with the configured database, which is brought up to date before."""

    async def run() -> T:
        async with database_ready(config) as settings:
            database = Database(settings)
            await database.open()
            try:
                return await work(database)
            finally:
                await database.close()

    return asyncio.run(run())


class Operator:
    """Whoever runs the server: nobody has to vouch for what they bring in."""

    def __init__(self, *, replaces: bool) -> None:
        self._replaces = replaces

    async def admit(self, connection: Connection, accounts: list[Row]) -> None:
        """Let everybody in; who has one of their addresses goes first, or is the reason why nobody is let in."""
        addresses = {"addresses": array(account["email_address"] for account in accounts)}
        taken = await connection.fetch(_QUERIES["taken"], addresses)
        if taken and not self._replaces:
            named = ", ".join(address for _, address, *_ in taken)
            raise Conflict(f"There are accounts with these addresses: {named} (--replace deletes them)")
        await connection.execute(_QUERIES["replace"], {"accounts": array(row[0] for row in taken)})
        for household_id in {household_id for row in taken for household_id in row[4]}:
            await connection.execute(_QUERIES["clear"], {"household": household_id})

    async def settle(self, connection: Connection, restored: Restored) -> None:
        """Refuse what nobody could reach."""
        if not restored.has_adults:
            raise InvalidInput(
                "Nobody in this archive could sign in; somebody has to import it with their account"
            )


def _export(config: Config, arguments: Namespace) -> None:
    path = Path(arguments.file)

    async def work(database: Database) -> Written:
        household_id = await _named(database, arguments.household)
        with _new_file(path) as file:
            return await write(database, household_id, file)

    print(f"{with_database(config, work).name} is in {path}")


def _import(config: Config, arguments: Namespace) -> None:
    passphrase = _read(arguments.key_file).decode().strip() if arguments.key_file else ""

    async def work(database: Database) -> Restored:
        try:
            file = open(arguments.file, "rb")  # noqa: SIM115, ASYNC230 - it is closed below, and nobody waits for it
        except OSError as error:
            raise HomechartError(f"{arguments.file}: {error.strerror}") from error
        with file:
            return await restore(database, file, passphrase, Operator(replaces=arguments.replace))

    restored = with_database(config, work)
    print(f"Restored as household {restored.household_id}, with {', '.join(restored.addresses)}")


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner can read, as archives let one sign in; it goes if it could not be finished."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise HomechartError(f"{path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException:
        path.unlink()
        raise


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise HomechartError(f"{path}: {error.strerror}") from error


async def _named(database: Database, text: str) -> str:
    """The id of the household that an id or a name means."""
    found = await database.fetch(_QUERIES["named"], {"id": parse_uuid(text), "name": text})
    if not found:
        raise HomechartError(f"There is no household {text}")
    if len(found) > 1:
        ids = ", ".join(str(row[0]) for row in found)
        raise HomechartError(f"Several households are called {text}; name one by its id, such as {ids}")
    return str(found[0][0])
