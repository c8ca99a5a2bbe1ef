"""Our programs as real processes, for tests that kill, stop and restart them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp

from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.postgresql.settings import PostgresqlSettings

_START_SECONDS = 30
_STOP_SECONDS = 15


@dataclass
class Running:
    """A process of ours. ``log`` is what it has written so far."""

    process: asyncio.subprocess.Process
    port: int = 0
    log: str = ""

    def __post_init__(self) -> None:
        self._reading = asyncio.create_task(self._read())

    @property
    def url(self) -> str:
        """Where an API process is reached."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it at once, as a crash would."""
        with suppress(ProcessLookupError):  # it ended by itself just now
            self.process.kill()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Its exit status, once it has ended."""
        try:
            status = await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.kill()
            raise
        await asyncio.wait_for(self._reading, _STOP_SECONDS)
        return status

    async def says(self, words: str) -> None:
        """Wait until it has written ``words``."""
        async with asyncio.timeout(_START_SECONDS):
            while words not in self.log:
                assert not self._reading.done(), f"the process ended: {self.log}"
                await asyncio.sleep(0.02)

    async def _read(self) -> None:
        assert self.process.stdout
        while piece := await self.process.stdout.read(65536):
            self.log += piece.decode(errors="replace")


def database_environment(settings: PostgresqlSettings) -> dict[str, str]:
    """The variables that make a process use that database."""
    values = {
        "HOSTNAME": settings.hostname,
        "PORT": settings.port,
        "DATABASE": settings.database,
        "USERNAME": settings.username,
        "PASSWORD": settings.password,
    }
    return {f"HOMECHART_POSTGRESQL_{name}": str(value) for name, value in values.items()}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def start(module: str, *arguments: str, environment: Mapping[str, str]) -> Running:
    """Start ``python -m module arguments``; of our configuration it knows only ``environment``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOMECHART_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**inherited, "PYTHONUNBUFFERED": "1", **environment},
        start_new_session=True,
    )
    return Running(process)


@asynccontextmanager
async def api_process(
    settings: PostgresqlSettings, *, port: int = 0, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """A running ``homechart-api`` on that database; stopped at the end if it still runs."""
    port = port or free_port()
    running = await start(
        "homechart_api",
        "run",
        UNTIL_INPUT_ENDS,  # it does not outlive the test run, however that ends
        environment={
            **database_environment(settings),
            "HOMECHART_APP_HOST": "127.0.0.1",
            "HOMECHART_APP_PORT": str(port),
            "HOMECHART_APP_RATELIMITERRATE": "100000-M",
            **(environment or {}),
        },
    )
    running.port = port
    try:
        await answers(running)
        yield running
    finally:
        await running.stop()


async def answers(running: Running) -> None:
    """Wait until an API process answers."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(_START_SECONDS):
        while True:
            if running.process.returncode is not None:
                await running.ended()
                raise AssertionError(f"the process ended: {running.log}")
            try:
                async with client.get(f"{running.url}/api") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
