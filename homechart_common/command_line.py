"""The command line that ``homechart-api`` and ``homechart-worker`` share (contract §6.4).

commands = CommandLine("homechart-api", "Serves the household to browsers and apps.")
commands.add("run", "Serve until interrupted.", serve)
sys.exit(commands.run())
"""

from __future__ import annotations

import json
import os
import sys
from argparse import Action, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import yaml

from homechart_common import version
from homechart_common.config import Config, load
from homechart_common.errors import HomechartError
from homechart_common.notify.vapid import KeyPair

#: What a command does; the exit status is 0 unless it raises.
Command = Callable[[Config, Namespace], None]


class CommandLine:
    """A program's flags and commands; every program has the commands added here."""

    def __init__(self, program: str, description: str) -> None:
        self._parser = _Parser(
            prog=program,
            description=description,
            epilog="Every option of the configuration is in docs/reference/configuration.md, "
            "which `homechart-api docs <folder>` writes.",
            formatter_class=_Help,
        )
        _add_flags(self._parser)
        self._commands = self._parser.add_subparsers(
            title="commands", dest="command", metavar="command", required=True
        )
        self.add("show-config", "Print the effective configuration, with secrets masked.", _show_config)
        self.add(
            "generate-vapid", "Print new keys for web push, for the options of that section.", _generate_vapid
        )
        self.add("version", "Print the version and the date of this build.", _show_version)

    def add(self, name: str, meaning: str, command: Command) -> ArgumentParser:
        """Add a command; its own arguments are added to the parser that is returned."""
        parser: ArgumentParser = self._commands.add_parser(name, help=meaning, description=meaning)
        parser.set_defaults(run=command)
        return parser

    def reference(self) -> str:
        """The page that documents the program: its flags and its commands."""
        rows = [
            f"| `{_spelled(action)}` | {action.help} |" for action in self._parser._actions if action.help
        ]
        commands = [
            f"| `{' '.join((name, *map(_in_usage, _arguments(parser))))}` | {parser.description} |"
            for name, parser in self._commands.choices.items()
        ]
        return "\n".join(
            [
                f"# {self._parser.prog}\n\n{self._parser.description} Flags stand before the command.\n",
                "| flag | meaning |\n|---|---|",
                *rows,
                "\n| command | what it does |\n|---|---|",
                *commands,
                "",
            ]
        )

    def add_docs(self, pages: Callable[[], Mapping[str, str]]) -> None:
        """Add the command that writes the program's reference pages, by file name, into a folder."""

        def write(_: Config, arguments: Namespace) -> None:
            for name, text in pages().items():
                page = Path(arguments.folder, name)
                try:
                    page.write_text(text, encoding="utf-8")
                except OSError as error:
                    raise HomechartError(f"{page}: {error.strerror}") from error

        self.add("docs", "Write the reference pages of this program into a folder.", write).add_argument(
            "folder", help="a folder that is there; pages in it are replaced"
        )

    def run(self, arguments: Sequence[str] | None = None) -> int:
        """Do what ``arguments`` (by default the process's) ask for; returns the exit status.

        What is wrong with the configuration, or keeps a command from working, is one line on standard error
        and status 1. So are wrong arguments, after the usage; those end the process.
        """
        given = self._parser.parse_args(arguments)
        try:
            config = load(given.config, [*given.flags, *given.overrides])
            for notice in config.notices:
                self._say(notice)
            given.run(config, given)
            sys.stdout.flush()
        except HomechartError as error:
            self._say(error.message)
            return 1
        except BrokenPipeError:
            # Who reads, such as `head`, has enough. Python would try once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0

    def _say(self, message: str) -> None:
        print(f"{self._parser.prog}: {message}", file=sys.stderr)


def _spelled(action: Action) -> str:
    """A flag or an argument as one types it."""
    value = action.metavar or ("" if action.nargs == 0 else action.dest)
    return " ".join(part for part in (*action.option_strings[:1], str(value)) if part)


def _in_usage(action: Action) -> str:
    """The same, in brackets if one may leave it out."""
    return _spelled(action) if action.required else f"[{_spelled(action)}]"


def _arguments(parser: ArgumentParser) -> list[Action]:
    return [action for action in parser._actions if action.dest != "help"]


class _Parser(ArgumentParser):
    """Wrong usage exits with 1, as every other error does."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


class _Help(HelpFormatter):
    """Lists flags and commands with what they mean beside them."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32)

    def _format_action(self, action: Action) -> str:
        text = super()._format_action(action)
        # the commands stand below a heading of their own, so the line with their name says nothing
        return text.partition("\n")[2] if action.dest == "command" else text


def _add_flags(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-c",
        dest="config",
        action="append",
        default=[],
        metavar="path[,path...]",
        help="configuration files or directories; - is standard input",
    )
    for flag, override, meaning in (
        ("-d", "cli_debug=true", "write debug lines to the log"),
        ("-j", "cli_outputJSON=true", "print JSON instead of YAML"),
        ("-n", "cli_noColor=true", "print without colours"),
    ):
        parser.add_argument(
            flag, dest="flags", action="append_const", const=override, default=[], help=meaning
        )
    parser.add_argument(
        "-x",
        dest="overrides",
        action="append",
        default=[],
        metavar="section_key=value[,...]",
        help="configuration that wins over every other source",
    )


def _show_config(config: Config, _: Namespace) -> None:
    # By way of JSON, so that YAML gets nothing but plain types.
    _print(config, json.loads(json.dumps(config.shown())))


def _generate_vapid(config: Config, _: Namespace) -> None:
    pair = KeyPair.generated()
    _print(config, {"privateKey": pair.private_key, "publicKey": pair.public_key})


def _print(config: Config, plain: Mapping[str, Any]) -> None:
    """Print an object in the form that was asked for."""
    if config.cli.output_json:
        print(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        print(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), end="")


def _show_version(_config: Config, _: Namespace) -> None:
    built = datetime.fromtimestamp(Path(version.__file__).stat().st_mtime, UTC)
    print(version.VERSION)
    print(f"{built:%Y-%m-%dT%H:%M:%SZ}")
