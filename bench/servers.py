"""The processes that are measured, as they are run for real, and what they use."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from homechart_common.postgresql.settings import PostgresqlSettings

_START_SECONDS = 30
_STOP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens on a port of this host."""

    process: psutil.Process
    port: int

    def resident_bytes(self) -> int:
        """The memory it occupies (RSS)."""
        resident: int = self.process.memory_info().rss
        return resident

    def cpu_seconds(self) -> float:
        """The processor time it has used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def api(
    settings: PostgresqlSettings, log: Path, *, port: int | None = None, **options: str
) -> AsyncIterator[Server]:
    """``homechart-api run`` on the database of ``settings``; further options as in ``app_reuse_port="true"``."""
    port = port or free_port()
    given = {
        "app_port": str(port),
        "app_host": "127.0.0.1",
        "postgresql_hostname": settings.hostname,
        "postgresql_port": str(settings.port),
        "postgresql_database": settings.database,
        "postgresql_username": settings.username,
        **options,
    }
    environment = {f"HOMECHART_{name.upper()}": value for name, value in given.items()}
    async with _running(["-m", "homechart_api", "run"], environment, port, log) as server:
        yield server


@asynccontextmanager
async def bare(settings: PostgresqlSettings, log: Path, parameters: str) -> AsyncIterator[Server]:
    """The limit (``bench/bare.py``) on the same database, with the parameters that were recorded for it."""
    port = free_port()
    where = (
        f"host={settings.hostname} port={settings.port} dbname={settings.database} user={settings.username}"
    )
    async with _running(["-m", "bench.bare", str(port), where, parameters], {}, port, log) as server:
        yield server


@asynccontextmanager
async def _running(
    arguments: list[str], environment: dict[str, str], port: int, log: Path
) -> AsyncIterator[Server]:
    """A Python process, once it listens; it is asked to end afterwards, and made to if it does not."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOMECHART_")}
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**inherited, **environment},
            cwd=Path(__file__).parent.parent,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        await _listening(process, port, log)
        yield Server(psutil.Process(process.pid), port)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    """Wait until this very process listens: another one may share the port."""
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not _listens(process.pid, port):
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
            raise RuntimeError(f"a server did not start:\n{log.read_text()[-2000:]}")
        await asyncio.sleep(0.05)


def _listens(pid: int, port: int) -> bool:
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr[1] == port for c in connections)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
