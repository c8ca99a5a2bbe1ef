"""``homechart-api dev``: everything that a household needs, started and stopped together.

The API and the worker stay programs of their own that know nothing of each other. They live until their
standard input ends, so they never outlive this process, however it ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT
from contextlib import suppress
from dataclasses import replace

from homechart_api.entrance import cannot_listen
from homechart_common import logger
from homechart_common.config import App, Config
from homechart_common.config.sources import DOCUMENT_VARIABLE
from homechart_common.errors import HomechartError
from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.startup import database_ready

#: The programs by the name that stands before their lines.
_PROGRAMS = {"api": "homechart_api", "worker": "homechart_worker"}
#: A program that was told to stop and has not after so many seconds is killed.
_PATIENCE_SECONDS = 20


async def run(config: Config) -> None:
    """Run an API process, a worker and, if none is configured, PostgreSQL, until cancelled.

    Raises :class:`HomechartError` when one of them cannot start or ends by itself; the other is stopped then.
    """
    logger.set_up(config)
    config = _with_free_port(config)
    async with database_ready(config):
        try:
            async with asyncio.TaskGroup() as group:
                for name, module in _PROGRAMS.items():
                    group.create_task(_run_program(name, module, config))
                group.create_task(_welcome(config))
        except* HomechartError as ended:
            raise ended.exceptions[0] from None


def _with_free_port(config: Config) -> Config:
    """The configuration with a port known to be free, and with an address that names it unless it has one."""
    host = config.app.host
    try:
        with socket.create_server(
            (host, config.app.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ) as probe:
            port = probe.getsockname()[1]
    except OSError as error:
        raise cannot_listen(config, error) from error
    address = config.app.base_url
    if address == App().base_url:
        address = f"{'https' if config.app.tls_certificate else 'http'}://localhost:{port}"
    return replace(config, app=replace(config.app, port=port, base_url=address))


async def _run_program(name: str, module: str, config: Config) -> None:
    """Run one of the programs until cancelled, and show what it says; it should not end before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, "run", UNTIL_INPUT_ENDS),
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, DOCUMENT_VARIABLE: config.document()},
        # Ctrl-C is for us alone, so that nobody takes its effect for a failure
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are pipes
    try:
        await _show(name, process.stdout)
        status = await process.wait()
        raise HomechartError(f"The {name} process {_end(status)}; stopping everything")
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await _show(name, process.stdout)
                await process.wait()
        except TimeoutError:
            print(f"The {name} process does not stop and is killed", flush=True)
            process.kill()


def _end(status: int) -> str:
    """How a program ended, in words."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended by itself with status {status}"


async def _show(name: str, lines: asyncio.StreamReader) -> None:
    """Print the lines of a program, until it closes them, with its name in front."""
    while True:
        with suppress(ValueError):  # a line too long to be kept
            line = await lines.readline()
            if not line:
                return
            print(f"{name:6} | {line.decode(errors='replace').rstrip()}", flush=True)


async def _welcome(config: Config) -> None:
    """Say where to go as soon as somebody is there."""
    while not await _listens(config.app.host or "localhost", config.app.port):  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(0.1)
    address = config.app.base_url
    print(f"\nHomechart is ready: open {address} in your browser.")
    print(f"The API is described at {address}/api/docs, where every request can be tried.")
    if config.postgresql.is_embedded:
        print(f"Your data is in {config.data_directory}.")
    print("Ctrl-C stops everything.\n", flush=True)


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
