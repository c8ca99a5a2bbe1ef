"""``homechart-api dev``, which ``make run`` runs: all of it starts with one command and ends with it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from homechart_common.postgresql import embedded
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import Running, database_environment, free_port, start

Until = Callable[..., Awaitable[None]]

_READY = "Homechart is ready: open "


@pytest.fixture(scope="module")
async def made(server_folder: Path) -> Path:
    """The data of a new house, to be copied: making a database takes longer than all the rest."""
    folder = server_folder / uuid.uuid4().hex[:8]
    await embedded.start(folder / "postgresql")
    await embedded.stop(folder / "postgresql")
    return folder


@pytest.fixture
def data(made: Path) -> Path:
    """Where this test's house keeps its data."""
    folder = made.with_name(uuid.uuid4().hex[:8])
    subprocess.run(["cp", "-a", made, folder], check=True)
    return folder


@asynccontextmanager
async def dev(*flags: str, **environment: str) -> AsyncIterator[Running]:
    """Everything, until the block ends."""
    variables = {"HOMECHART_APP_HOST": "127.0.0.1", "HOMECHART_APP_PORT": str(free_port()), **environment}
    running = await start("homechart_api", *flags, "dev", environment=variables)
    running.port = int(variables["HOMECHART_APP_PORT"])
    try:
        yield running
    finally:
        await running.stop()


def programs(running: Running) -> dict[str, psutil.Process]:
    """The processes that it started, by module."""
    children = psutil.Process(running.process.pid).children()
    return {child.cmdline()[2]: child for child in children if "-m" in child.cmdline()}


async def sign_up(url: str) -> aiohttp.ClientSession:
    """Somebody new, who keeps a bookmark."""
    client = aiohttp.ClientSession()
    body = {"emailAddress": "jane@house.test", "name": "Jane", "password": "a password", "tosAccepted": True}
    async with client.post(f"{url}/api/v1/auth/accounts", json=body) as response:
        assert response.status == 200, await response.text()
        (session,) = (await response.json())["dataValue"]
    client.headers["Authorization"] = f"Bearer {session['key']}"
    kept = {"name": "kept", "link": "https://house.test"}
    async with client.post(f"{url}/api/v1/bookmarks", json=kept) as response:
        assert response.status == 200, await response.text()
    return client


async def still_has_it(client: aiohttp.ClientSession, url: str) -> bool:
    """Whether the bookmark can be read."""
    async with client.get(f"{url}/api/v1/bookmarks") as response:
        return response.status == 200 and '"kept"' in await response.text()


async def test_data_outlives_ctrl_c(data: Path, until: Until) -> None:
    async with dev("-x", f"app_datadirectory={data}") as running:
        await running.says(_READY)
        assert f"{_READY}http://localhost:{running.port} in" in running.log
        client = await sign_up(running.url)
        started = programs(running)
        assert started.keys() == {"homechart_api", "homechart_worker"}
        await running.says("worker | [NOTICE] This worker leads")
        os.killpg(running.process.pid, signal.SIGINT)
        assert await running.ended() == 0
        assert not any(program.is_running() for program in started.values())
        assert not (data / "postgresql" / "data" / "postmaster.pid").exists()
        assert "stopping everything" not in running.log
    async with dev("-x", f"app_datadirectory={data}") as running:
        async with asyncio.timeout(10):
            await running.says(_READY)
        assert await still_has_it(client, running.url)
    await client.close()


@pytest.mark.parametrize("module", ["homechart_api", "homechart_worker"])
async def test_when_one_dies_everything_ends_and_it_is_said(
    module: str, database_settings: PostgresqlSettings
) -> None:
    async with dev(**database_environment(database_settings)) as running:
        await running.says(_READY)
        await running.says("worker |")
        started = programs(running)
        started[module].kill()
        assert await running.ended() == 1
        name = module.removeprefix("homechart_")
        assert f"homechart-api: The {name} process was ended by SIGKILL; stopping" in running.log
        assert "Traceback" not in running.log
        assert not any(program.is_running() for program in started.values())


async def test_nothing_is_left_when_it_is_killed(data: Path, until: Until) -> None:
    async with dev(HOMECHART_APP_DATADIRECTORY=str(data)) as running:
        await running.says(_READY)
        started = programs(running)
        running.kill()
        await running.process.wait()
        await until(lambda: not any(program.is_running() for program in started.values()), 10)
        assert not (data / "postgresql" / "data" / "postmaster.pid").exists()


async def test_a_database_that_dies_is_started_again(data: Path, until: Until) -> None:
    async with dev(HOMECHART_APP_DATADIRECTORY=str(data)) as running:
        await running.says(_READY)
        client = await sign_up(running.url)
        server = psutil.Process(int((data / "postgresql" / "data" / "postmaster.pid").read_text().split()[0]))
        for process in (server, *server.children()):
            process.kill()
        await running.says("The embedded PostgreSQL is gone; starting it again")
        await until(lambda: still_has_it(client, running.url), 10)
        await client.close()


async def test_a_port_in_use_starts_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with dev(HOMECHART_APP_PORT=str(port)) as running:
            assert await running.ended() == 1
        assert running.log.startswith(f"homechart-api: Cannot listen on port {port}: Address already in use")
        assert running.log.count("\n") == 1


async def test_the_configuration_reaches_both_programs(
    tmp_path: Path, database_settings: PostgresqlSettings
) -> None:
    (tmp_path / "home.yaml").write_text("app: {baseURL: https://house.test, motd: 'Dinner, at six = 18:00'}")
    flags = ("-c", str(tmp_path), "-x", "smtp_hostname=mail.test,smtp_fromAddress=x@mail.test", "-d")
    async with dev(*flags, **database_environment(database_settings)) as running:
        await running.says(_READY)
        assert f"{_READY}https://house.test in" in running.log
        async with aiohttp.ClientSession(running.url) as client, client.get("/api") as response:
            assert (await response.json())["dataValue"][0]["motd"] == "Dinner, at six = 18:00"
        await running.says("api    | [DEBUG] function='InfoRead")
        await running.says("\nworker | ")


async def test_a_command_on_a_new_database_says_what_it_does_like_everything_else(data: Path) -> None:
    running = await start(
        "homechart_api", "export", "Home", "home.gz", environment={"HOMECHART_APP_DATADIRECTORY": str(data)}
    )
    assert await running.ended() == 1
    *before, last = running.log.splitlines()
    assert before
    assert all(line.startswith("[NOTICE] ") for line in before)
    assert last == "homechart-api: There is no household Home"
