"""The command ``homechart-worker``."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace

from homechart_common import lifetime, operating
from homechart_common.command_line import CommandLine
from homechart_common.config import Config
from homechart_worker import app, schedule


def main() -> None:
    """Do what the arguments of the process ask for."""
    sys.exit(commands().run())


def commands() -> CommandLine:
    """Everything that can be asked of a worker."""
    commands = CommandLine("homechart-worker", "Sends reminders and mail, and clears up.")
    lifetime.add_command(
        commands, "run", "Bring the database up to date and work, until interrupted.", app.run
    )
    once = commands.add("run-once", "Run one task now and say how many rows it dealt with.", _run_once)
    once.add_argument("task", choices=schedule.TASKS, metavar="task", help=", ".join(schedule.TASKS))
    for name, interval in schedule.SETS.items():
        commands.add(name, f"Run once what usually runs {schedule.words(interval)}.", _run_set)
    operating.add_commands(commands)
    commands.add_docs(lambda: {"tasks.md": schedule.reference(), "homechart-worker.md": commands.reference()})
    return commands


def _run_once(config: Config, arguments: Namespace) -> None:
    asyncio.run(app.run_once(config, [schedule.TASKS[arguments.task]]))


def _run_set(config: Config, arguments: Namespace) -> None:
    asyncio.run(app.run_once(config, schedule.every(schedule.SETS[arguments.command])))


if __name__ == "__main__":
    main()
