"""Two API processes, and nginx in front of them as we ship it."""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.people import add_account, add_session
from tests.processes import Running, api_process, free_port

_SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx" / "homechart.conf"
CERTIFICATE = Path(__file__).parents[1] / "localhost.pem"

#: What a distribution's nginx.conf has around it, in a folder of ours and for no particular user.
_AROUND = """
daemon off;
worker_processes 2;
pid {folder}/pid;
error_log {folder}/error.log notice;
events {{ worker_connections 512; }}
http {{
    log_format upstream '$upstream_addr $request';
    access_log {folder}/access.log upstream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/homechart.conf;
}}
"""


@dataclass
class Front:
    """nginx in a folder, its address, and the processes behind it."""

    folder: Path
    port: int
    apis: list[Running]
    #: Signed in, by way of nginx.
    client: aiohttp.ClientSession
    session_id: str

    @property
    def served(self) -> list[tuple[str, str]]:
        """Which process answered which request, so far; requests that are not logged are not in it."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [(line.split()[0], line.split()[2]) for line in lines]


@pytest.fixture
def nginx() -> str:
    """The program."""
    if (program := shutil.which("nginx")) is None:
        pytest.skip("nginx is not installed: NOTHING WAS TESTED BEHIND A PROXY")
    return program


@pytest.fixture
def folder(server_folder: Path) -> Path:
    """Where nginx, which may give up being root, can write."""
    folder = server_folder / uuid.uuid4().hex[:8]
    folder.mkdir()
    return folder


@pytest.fixture
async def front(nginx: str, folder: Path, fresh_database: Database) -> AsyncIterator[Front]:
    """nginx with two API processes on one database behind it, and somebody who is signed in."""
    key = await add_session(fresh_database, await add_account(fresh_database))
    session_id = str(await fresh_database.fetch_value("SELECT id FROM auth_session"))
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(an_api(fresh_database.settings)) for _ in range(2)]
        port = configure(folder, [api.port for api in apis])
        await stack.enter_async_context(_running(nginx, folder, port))
        client = aiohttp.ClientSession(
            f"https://localhost:{port}",
            headers={"Authorization": f"Bearer {key}"},
            connector=aiohttp.TCPConnector(ssl=trusting()),
        )
        yield Front(folder, port, apis, await stack.enter_async_context(client), session_id)


def an_api(settings: PostgresqlSettings, port: int = 0) -> AbstractAsyncContextManager[Running]:
    """An API process that logs every request."""
    return api_process(settings, port=port, environment={"HOMECHART_APP_DEBUG": "true"})


def configure(folder: Path, ports: list[int]) -> int:
    """Write what we ship into ``folder``, changed as its user would, for processes on these ports.

    Returns the port on which it serves https.
    """
    plain, encrypted = free_port(), free_port()
    text = re.sub(r" +listen \[::\].*\n", "", _SHIPPED.read_text())  # not every host has IPv6
    changes = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ": f"listen 127.0.0.1:{encrypted} ",
        "127.0.0.1:3000": f"127.0.0.1:{ports[0]}",
        "127.0.0.1:3001": f"127.0.0.1:{ports[1]}",
        "/etc/letsencrypt/live/home.example.com/fullchain.pem": str(CERTIFICATE),
        "/etc/letsencrypt/live/home.example.com/privkey.pem": str(CERTIFICATE),
    }
    for shipped, ours in changes.items():
        assert shipped in text
        text = text.replace(shipped, ours)
    (folder / "homechart.conf").write_text(text)
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder))
    return encrypted


def trusting() -> ssl.SSLContext:
    """Trusts the certificate of the tests."""
    return ssl.create_default_context(cafile=CERTIFICATE)


@asynccontextmanager
async def _running(nginx: str, folder: Path, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(nginx, "-p", folder, "-c", folder / "nginx.conf")
    try:
        async with asyncio.timeout(10):
            while not await _listens(port):
                assert process.returncode is None, (folder / "error.log").read_text()
                await asyncio.sleep(0.02)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
