"""Reverse proxies with the configurations that we ship, in front of two real API processes."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import subprocess
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from homechart_common.postgresql.database import Database
from tests.deploy.conftest import Front, an_api, trusting
from tests.deploy.proxies import Haproxy, Nginx, Proxy

_BOOKMARKS = "/api/v1/bookmarks"
_MEBIBYTE = 1024 * 1024


async def add_bookmark(client: aiohttp.ClientSession, url: str = "") -> dict[str, Any]:
    """Add one; the stored object."""
    body = {"name": uuid.uuid4().hex, "link": "https://house.test"}
    async with client.post(f"{url}{_BOOKMARKS}", json=body) as response:
        assert response.status == 200, await response.text()
        (stored,) = (await response.json())["dataValue"]
        return dict(stored)


async def call(front: Front) -> None:
    """Write something, or read it where the proxy can send no write to another process; it succeeds."""
    if front.proxy.sends_writes_elsewhere:
        await add_bookmark(front.client)
        return
    async with front.client.get(_BOOKMARKS) as response:
        assert response.status == 200, await response.text()


async def next_event(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    """What the next event says that says something."""
    while True:
        line = await stream.content.readline()
        assert line, "the stream has ended"
        if line.startswith(b"data: {"):
            event: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            return event


def test_the_configuration_is_understood(proxy_kind: type[Proxy], folder: Path) -> None:
    proxy = proxy_kind(folder, [3000, 3001])
    checked = subprocess.run(
        [proxy.program, *proxy.check], env=proxy.environment, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


async def test_requests_are_spread_over_all_processes(front: Front) -> None:
    await asyncio.gather(*(add_bookmark(front.client) for _ in range(20)))
    for api in front.apis:
        assert await api.stop() == 0
        assert api.log.count("'BookmarkCreate:") >= 5


async def test_browsers_are_offered_http_2(front: Front) -> None:
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", front.proxy.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        assert encrypted.selected_alpn_protocol() == "h2"


async def test_a_listener_hears_at_once_of_what_every_process_writes(front: Front) -> None:
    async with front.client.get(f"/api/v1/sse/{front.session_id}") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert "Content-Encoding" not in stream.headers
        for api in front.apis:
            stored = await add_bookmark(front.client, api.url)
            async with asyncio.timeout(1):
                event = await next_event(stream)
            assert event == {
                "id": stored["id"],
                "operation": 0,
                "table": "bookmark",
                "updated": stored["updated"],
            }


async def test_a_process_that_is_killed_is_not_missed(front: Front) -> None:
    await asyncio.gather(*(call(front) for _ in range(10)))  # connections to both are open
    front.apis[0].kill()
    await front.apis[0].process.wait()
    for _ in range(20):
        await call(front)


async def test_listeners_of_a_process_that_is_killed_come_back_to_another(front: Front) -> None:
    async with front.client.get(f"/api/v1/sse/{front.session_id}") as stream:
        position = b""
        while not position.startswith(b"id: "):
            position = await stream.content.readline()
        for api in front.apis[1:]:
            api.kill()
        missed = await add_bookmark(front.client, front.apis[0].url)
    headers = {"Last-Event-ID": position.removeprefix(b"id: ").decode().strip()}
    async with front.client.get(f"/api/v1/sse/{front.session_id}", headers=headers) as stream:
        assert (await next_event(stream))["id"] == missed["id"]


async def test_restarting_one_after_the_other_fails_no_request(
    front: Front, fresh_database: Database, until: Callable[..., Awaitable[None]]
) -> None:
    """Not even those that must not be sent twice, which a proxy does not try again elsewhere."""
    succeeded = 0

    async def go_on() -> None:
        nonlocal succeeded
        while True:
            await call(front)
            succeeded += 1

    async def some_more() -> None:
        goal = succeeded + 50
        await until(lambda: succeeded >= goal or any(caller.done() for caller in callers), 15)

    callers = [asyncio.create_task(go_on()) for _ in range(8)]
    async with AsyncExitStack() as started_again:
        for api in front.apis:
            await some_more()
            assert await api.stop() == 0
            await some_more()
            await started_again.enter_async_context(an_api(fresh_database.settings, api.port))
        await some_more()
        for caller in callers:
            caller.cancel()
        outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes


async def test_what_callers_say_of_their_address_is_not_believed(front: Front) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    async with front.client.get("/api", headers=headers) as response:
        assert response.status == 200
    for api in front.apis:
        assert await api.stop() == 0
    log = "".join(api.log for api in front.apis)
    assert "remoteAddr='127.0.0.1'" in log
    assert "203.0.113.9" not in log


@pytest.mark.parametrize(("size", "status"), [(16 * _MEBIBYTE, 400), (16 * _MEBIBYTE + 1, 413)])
async def test_bodies_may_be_as_large_as_the_api_takes(size: int, status: int, front: Front) -> None:
    async with front.client.post(_BOOKMARKS, data=io.BytesIO(b"x" * size)) as response:
        assert response.status == status


@pytest.mark.parametrize("proxy_kind", [Nginx, Haproxy], indirect=True)
async def test_addresses_that_let_one_in_are_in_no_log(front: Front) -> None:
    """Caddy keeps none unless it is told to."""
    async with front.client.get(f"/api/v1/sse/{front.session_id}") as stream:
        await stream.content.readline()
    async with front.client.get(f"/api/v1/icalendar/{front.session_id}.ics"):
        pass
    async with front.client.get(f"/api/v1/system/health?key={front.session_id}"):
        pass
    await add_bookmark(front.client)
    assert isinstance(front.proxy, Nginx | Haproxy)
    assert front.proxy.logged == [f"POST {_BOOKMARKS}"]
