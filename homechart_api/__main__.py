"""The command ``homechart-api``."""

from __future__ import annotations

import sys
from argparse import Namespace

from homechart_api import backups, dev, sampling, server, transfer
from homechart_api.reference import pages
from homechart_common import lifetime, operating
from homechart_common.command_line import CommandLine
from homechart_common.config import Config


def main() -> None:
    """Do what the arguments of the process ask for."""
    sys.exit(command_line().run())


def command_line() -> CommandLine:
    """The program's flags and commands."""
    commands = CommandLine("homechart-api", "Serves a household's data to browsers, apps and scripts.")
    lifetime.add_command(
        commands, "run", "Bring the database up to date and serve, until interrupted.", server.run
    )
    lifetime.add_command(
        commands, "dev", "Run one API process, one worker and, if none is configured, PostgreSQL.", dev.run
    )
    commands.add(
        "show", "Print what follows from the declaration of an object, such as PlanTask.", _show
    ).add_argument("object", help="its name, such as PlanTask or plan_task")
    commands.add("openapi", "Print the OpenAPI document, for generators of clients.", _openapi)
    operating.add_commands(commands)
    backups.add_commands(commands)
    transfer.add_commands(commands)
    sampling.add_command(commands)
    commands.add_docs(lambda: pages(commands))
    return commands


def _show(_: Config, arguments: Namespace) -> None:
    from homechart_api.show import described

    print(described(arguments.object))


def _openapi(config: Config, _: Namespace) -> None:
    from homechart_api.controllers.documentation import Document
    from homechart_api.routes import routes

    document = Document(routes())
    text = document.json if config.cli.output_json else document.yaml
    print(text.body.decode(), end="")


if __name__ == "__main__":
    main()
