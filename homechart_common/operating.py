"""Commands for whoever runs the server, which both programs have: ``migrate`` and ``check``."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from dataclasses import asdict

from homechart_common import checks, logger
from homechart_common.checks import Finding, State
from homechart_common.command_line import CommandLine
from homechart_common.config import Config
from homechart_common.errors import HomechartError
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import known_migrations, outstanding
from homechart_common.startup import bring_up_to_date, database_found


def add_commands(commands: CommandLine) -> None:
    """Add the commands to a program."""
    commands.add("migrate", "Bring the database up to date and stop.", _migrate).add_argument(
        "--check",
        action="store_true",
        help="change nothing, and say what would be done; the exit status is 1 if that is anything",
    )
    commands.add("check", "Say what is wrong with this set-up, if anything is.", _check).add_argument(
        "--mail-to", default="", metavar="address", help="send a mail there, to see whether it arrives"
    )


def _migrate(config: Config, arguments: Namespace) -> None:
    logger.set_up(config)

    async def run() -> list[str]:
        async with database_found(config) as settings:
            database = Database(settings)
            await database.open()
            try:
                steps = await outstanding(database)
            finally:
                await database.close()
            if not arguments.check:
                await bring_up_to_date(settings)
            return steps

    steps = asyncio.run(run())
    if steps and arguments.check:
        raise HomechartError(f"To be applied: {', '.join(steps)}")
    print(f"The database is up to date, at {known_migrations()[-1]}")


def _check(config: Config, arguments: Namespace) -> None:
    if not config.cli.output_json:  # nothing else may stand beside that
        logger.set_up(config)

    async def run() -> list[Finding]:
        findings = []
        async for finding in checks.look(config, arguments.mail_to):
            findings.append(finding)
            if not config.cli.output_json:
                print(f"{finding.state:8}{finding.about}: {finding.words}", flush=True)
        return findings

    findings = asyncio.run(run())
    if config.cli.output_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    count = sum(finding.state is State.WRONG for finding in findings)
    if count:
        raise HomechartError(f"{count} of {len(findings)} checks found something wrong")
