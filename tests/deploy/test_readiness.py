"""systemd hears from both programs when they are ready, so that a restart of one after the other has no gap."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import answers, database_environment, free_port, start


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd listens to (sd_notify(3))."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize("program", ["homechart_api", "homechart_worker"])
async def test_a_process_that_is_ready_says_so(
    program: str, systemd: socket.socket, database_settings: PostgresqlSettings
) -> None:
    variables = {
        **database_environment(database_settings),
        "HOMECHART_APP_HOST": "127.0.0.1",
        "HOMECHART_APP_PORT": str(free_port()),
        "NOTIFY_SOCKET": systemd.getsockname(),
    }
    running = await start(program, "run", UNTIL_INPUT_ENDS, environment=variables)
    try:
        async with asyncio.timeout(30):
            said = await asyncio.get_running_loop().sock_recv(systemd, 100)
        assert said == b"READY=1"
        if program == "homechart_api":
            running.port = int(variables["HOMECHART_APP_PORT"])
            async with asyncio.timeout(1):
                await answers(running)
    finally:
        assert await running.stop() == 0


async def test_a_process_that_is_well_says_so_as_long_as_it_is(
    systemd: socket.socket, database_settings: PostgresqlSettings
) -> None:
    loop = asyncio.get_running_loop()
    variables = {
        **database_environment(database_settings),
        "NOTIFY_SOCKET": systemd.getsockname(),
        "WATCHDOG_USEC": "200000",
    }
    running = await start("homechart_worker", "run", UNTIL_INPUT_ENDS, environment=variables)
    try:
        async with asyncio.timeout(30):
            while await loop.sock_recv(systemd, 100) != b"READY=1":
                pass
            assert [await loop.sock_recv(systemd, 100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    finally:
        assert await running.stop() == 0


async def test_a_socket_that_is_gone_is_no_reason_to_fail(
    tmp_path: Path, database_settings: PostgresqlSettings
) -> None:
    variables = {**database_environment(database_settings), "NOTIFY_SOCKET": str(tmp_path / "nowhere")}
    worker = await start("homechart_worker", "run", UNTIL_INPUT_ENDS, environment=variables)
    await worker.says("has started")
    assert await worker.stop() == 0
