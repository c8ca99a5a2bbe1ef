"""Households as files at the command line, for whoever runs the server: ``export`` and ``import``."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from homechart_common import logger
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
    logger.set_up(config)

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
    """Whoever runs the server: nobody has to vouch for what they bring in.

    ``advice`` is what they are told when somebody is here already.
    """

    believes_identities = True

    def __init__(self, *, replaces: bool, advice: str) -> None:
        self._replaces = replaces
        self._advice = advice

    async def admit(self, connection: Connection, accounts: list[Row]) -> None:
        """Let everybody in; who has one of their addresses goes first, or is the reason why nobody is let in."""
        addresses = {"addresses": array(account["email_address"] for account in accounts)}
        taken = await connection.fetch(_QUERIES["taken"], addresses)
        if taken and not self._replaces:
            named = _people(sorted(row[1] for row in taken if not row[3]), sum(row[3] for row in taken))
            raise Conflict(f"There are accounts with these addresses: {named} ({self._advice})")
        await connection.execute(_QUERIES["replace"], {"accounts": array(row[0] for row in taken)})
        for household_id in {household_id for row in taken for household_id in row[4]}:
            await connection.execute(_QUERIES["clear"], {"household": household_id})

    async def settle(self, connection: Connection, restored: Restored) -> None:
        """Refuse what nobody could reach."""
        if not restored.addresses:
            raise InvalidInput(
                "Nobody in this archive could sign in; somebody has to import it with their account"
            )


def _export(config: Config, arguments: Namespace) -> None:
    path = Path(arguments.file)

    async def work(database: Database) -> Written:
        household_id = await _named(database, arguments.household)
        with new_file(path) as file:
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
            operator = Operator(replaces=arguments.replace, advice="--replace deletes them")
            return await restore(database, file, passphrase, operator)

    restored = with_database(config, work)
    print(
        f"Restored as household {restored.household_id}, with {_people(restored.addresses, restored.children)}"
    )


def _people(addresses: Sequence[str], children: int) -> str:
    """Some people in words: children are only counted, as nobody knows the addresses that are made up for them."""
    known = [", ".join(addresses)] if addresses else []
    return " and ".join([*known, *([f"{children} child{'ren' * (children > 1)}"] if children else [])])


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
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
