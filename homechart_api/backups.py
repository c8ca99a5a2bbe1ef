"""The whole server as a file at the command line: ``backup`` and ``restore``."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path

from homechart_common import clock, logger
from homechart_common.backup.file import Manifest
from homechart_common.backup.making import back_up
from homechart_common.backup.restoring import restore
from homechart_common.command_line import CommandLine
from homechart_common.config import Config
from homechart_common.startup import bring_up_to_date, database_found


def add_commands(commands: CommandLine) -> None:
    """Add the commands to a program."""
    making = commands.add("backup", "Write everything on this server into a file, while it runs.", _back_up)
    making.add_argument(
        "file", help="the file to make, which must not be there yet, or a folder to make it in"
    )
    restoring = commands.add("restore", "Make this server what it was when a backup was made.", _restore)
    restoring.add_argument("file", help="the backup")
    restoring.add_argument(
        "--replace", action="store_true", help="delete everything first, if there is anything here"
    )


def _back_up(config: Config, arguments: Namespace) -> None:
    logger.set_up(config)
    path = Path(arguments.file)
    if path.is_dir():
        path /= f"homechart-{clock.now():%Y%m%dT%H%M%SZ}.backup"

    async def run() -> None:
        async with database_found(config) as settings:
            await back_up(settings, path)

    asyncio.run(run())
    print(f"Everything is in {path} ({path.stat().st_size:,} bytes); keep it where nobody else can read it")


def _restore(config: Config, arguments: Namespace) -> None:
    logger.set_up(config)

    async def run() -> Manifest:
        async with database_found(config) as settings:
            manifest = await restore(settings, Path(arguments.file), replace=arguments.replace)
            await bring_up_to_date(settings)
            return manifest

    manifest = asyncio.run(run())
    print(f"This server is what it was at {manifest.made}, and clients will read everything anew")
