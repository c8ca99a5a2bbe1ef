"""Two API processes, and a reverse proxy in front of them as we ship it."""

from __future__ import annotations

import shutil
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.deploy.proxies import CERTIFICATE, Caddy, Haproxy, Nginx, Proxy
from tests.people import add_account, add_session
from tests.processes import Running, api_process


@dataclass
class Front:
    """A proxy, and the processes behind it."""

    proxy: Proxy
    apis: list[Running]
    #: Signed in, by way of the proxy.
    client: aiohttp.ClientSession
    session_id: str


@pytest.fixture(params=[Nginx, Caddy, Haproxy], ids=lambda kind: kind.program)
def proxy_kind(request: pytest.FixtureRequest) -> type[Proxy]:
    """One of the proxies, if it is here."""
    kind: type[Proxy] = request.param
    if shutil.which(kind.program) is None:
        pytest.skip(f"{kind.program} is not installed: NOTHING WAS TESTED BEHIND IT")
    return kind


@pytest.fixture
def folder(server_folder: Path) -> Path:
    """Where a proxy that gives up being root can write."""
    folder = server_folder / uuid.uuid4().hex[:8]
    folder.mkdir()
    return folder


@pytest.fixture
async def front(proxy_kind: type[Proxy], folder: Path, fresh_database: Database) -> AsyncIterator[Front]:
    """The proxy with two API processes on one database behind it, and somebody who is signed in."""
    key = await add_session(fresh_database, await add_account(fresh_database))
    session_id = str(await fresh_database.fetch_value("SELECT id FROM auth_session"))
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(an_api(fresh_database.settings)) for _ in range(2)]
        proxy = proxy_kind(folder, [api.port for api in apis])
        await stack.enter_async_context(proxy.running())
        client = aiohttp.ClientSession(
            f"https://localhost:{proxy.port}",
            headers={"Authorization": f"Bearer {key}"},
            connector=aiohttp.TCPConnector(ssl=trusting()),
        )
        yield Front(proxy, apis, await stack.enter_async_context(client), session_id)


def an_api(settings: PostgresqlSettings, port: int = 0) -> AbstractAsyncContextManager[Running]:
    """An API process that logs every request."""
    return api_process(settings, port=port, environment={"HOMECHART_APP_DEBUG": "true"})


def trusting() -> ssl.SSLContext:
    """Trusts the certificate of the tests."""
    return ssl.create_default_context(cafile=CERTIFICATE)
