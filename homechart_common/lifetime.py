"""How long a process lives: until its work ends, it is asked to stop, or whoever started it is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from argparse import Namespace
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from homechart_common.command_line import CommandLine
from homechart_common.config import Config

#: The flag of a command that lives no longer than whoever holds the other end of its standard input.
UNTIL_INPUT_ENDS = "--until-input-ends"

#: What a process is for. It is cancelled when the process should end, and then leaves everything in order.
Work = Callable[[Config], Coroutine[Any, Any, None]]


def add_command(commands: CommandLine, name: str, meaning: str, work: Work) -> None:
    """Add a command that does ``work`` until SIGTERM or SIGINT, of which a second one cuts its end short."""

    def run(config: Config, arguments: Namespace) -> None:
        asyncio.run(_live(work(config), arguments.until_input_ends))

    commands.add(name, meaning, run).add_argument(
        UNTIL_INPUT_ENDS,
        action="store_true",
        help="also stop when standard input ends, which it does when whoever started this is gone",
    )


def tell_ready() -> None:
    """Tell systemd that this process does its work now."""
    _tell("READY=1")


def _tell_alive(loop: asyncio.AbstractEventLoop) -> None:
    """Tell systemd, twice as often as it wants to hear it, that the loop still goes round.

    It ends and starts again who falls silent (WatchdogSec=): nothing else would notice a process that hangs.
    """
    if microseconds := int(os.environ.get("WATCHDOG_USEC", "0")):
        _tell("WATCHDOG=1")
        loop.call_later(microseconds / 2_000_000, _tell_alive, loop)


def _tell(words: str) -> None:
    """Tell systemd something, if it is who started this process (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address.startswith("@"):  # in the abstract namespace
        address = "\0" + address[1:]
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.sendto(words.encode(), address)


async def _live(work: Coroutine[Any, Any, None], until_input_ends: bool) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    _tell_alive(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    if until_input_ends:
        loop.add_reader(sys.stdin.fileno(), _read_on, task)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _read_on(task: asyncio.Task[None]) -> None:
    """Standard input has something to read, or has ended."""
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        task.cancel()
