"""The command ``seed``: families to look around with."""

from __future__ import annotations

import asyncio
import gzip
import json
from argparse import ArgumentTypeError, Namespace
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from homechart_api.transfer import Operator, new_file, with_database
from homechart_common import clock, sample
from homechart_common.archive.contents import kinds
from homechart_common.archive.restoring import Restored, restore
from homechart_common.archive.writing import write
from homechart_common.command_line import CommandLine
from homechart_common.config import Config
from homechart_common.postgresql.database import Database
from homechart_common.security import hash_password


def add_command(commands: CommandLine) -> None:
    """Add the command to a program."""
    seeding = commands.add(
        "seed", "Make sample families to look around with, and say how to sign in as them.", _seed
    )
    seeding.add_argument(
        "file", nargs="?", help="where to write all that was made, as JSON; it must not be there yet"
    )
    seeding.add_argument(
        "--years",
        type=_positive,
        default=1,
        metavar="number",
        help="how many years they lived here; 1 unless given",
    )
    seeding.add_argument(
        "--activity",
        type=_positive,
        default=1,
        metavar="number",
        help="how much they do, in times of what is usual, which is 1",
    )
    seeding.add_argument("--until", type=_day, metavar="date", help="the day until which; today unless given")
    seeding.add_argument(
        "--random", type=_positive, default=1, metavar="number", help="another number makes others"
    )


async def seed(database: Database, plan: sample.Plan) -> list[Restored]:
    """Make the sample families; raises :class:`Conflict` if they are there already."""
    passwords = {address: await hash_password(address) for address in sample.addresses()}
    operator = Operator(replaces=False, advice="the sample can be made only once")
    made = []
    for name in sample.names():
        with TemporaryFile() as file:
            await asyncio.to_thread(sample.write, plan, name, passwords, file)
            made.append(await restore(database, file, "", operator))
    return made


def _seed(config: Config, arguments: Namespace) -> None:
    until = arguments.until or clock.today("UTC")
    plan = sample.Plan(until, arguments.years, arguments.activity, arguments.random)

    async def work(database: Database) -> None:
        if arguments.file:
            with new_file(Path(arguments.file)) as file:
                await _write(database, file, await seed(database, plan))
        else:
            await seed(database, plan)

    with_database(config, work)
    print(f"{' and '.join(sample.names())} are there. Sign in as one of")
    for address in sample.addresses():
        print(f"  {address}, with the address as the password")


async def _write(database: Database, file: IO[bytes], made: list[Restored]) -> None:
    """Write all that was made, of each kind in one list."""
    everything: dict[str, list[Any]] = {}
    for restored in made:
        archive = BytesIO()
        await write(database, restored.household_id, archive)
        document = json.loads(gzip.decompress(archive.getvalue()))
        for key in kinds():
            everything.setdefault(key, []).extend(document[key])
    text = json.dumps(everything, indent=2, ensure_ascii=False) + "\n"
    await asyncio.to_thread(file.write, text.encode())


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 100):
        raise ArgumentTypeError(f"{text} is not a number from 1 to 99")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is not a date such as 2026-11-24") from None
