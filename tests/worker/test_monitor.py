"""What a worker answers to whoever watches over it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import ClientConnectorError, ClientSession

from homechart_common import metrics
from homechart_common.errors import StartupError
from homechart_worker.monitor import watched
from homechart_worker.task import Context

KEYS = {"system_health_key": "open", "system_metrics_key": "sesame"}


def on_port(context: Context, port: int, **keys: str) -> Context:
    app = replace(context.config.app, worker_port=port, **keys)
    return replace(context, config=replace(context.config, app=app))


async def answer(port: int, address: str) -> tuple[int, str]:
    async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}{address}") as response:
        return response.status, await response.text()


async def test_a_worker_tells_whether_it_is_well_and_its_figures(
    context: Context, unused_tcp_port: int
) -> None:
    metrics.task_succeeded("test_monitor", 0.1, 7)
    context = on_port(context, unused_tcp_port, **KEYS)
    async with watched(context):
        assert await answer(unused_tcp_port, "/api/v1/system/health?key=open") == (200, '{"db": true}')
        status, figures = await answer(unused_tcp_port, "/api/v1/system/metrics?key=sesame")
        assert status == 200
        assert 'homechart_task_rows_total{task="test_monitor"} 7.0' in figures
        assert "homechart_task_runner" in figures
        await context.database.close()
        assert await answer(unused_tcp_port, "/api/v1/system/health?key=open") == (500, '{"db": false}')


@pytest.mark.parametrize("keys", [{}, KEYS])
async def test_without_the_key_nothing_is_told(
    context: Context, unused_tcp_port: int, keys: dict[str, str]
) -> None:
    async with watched(on_port(context, unused_tcp_port, **keys)):
        for address in ("health", "metrics"):
            for query in ("", "?key=", "?key=guess"):
                status, text = await answer(unused_tcp_port, f"/api/v1/system/{address}{query}")
                assert (status, text) == (403, "Action forbidden")
        assert (await answer(unused_tcp_port, "/api"))[0] == 404


async def test_without_a_port_nothing_is_opened(context: Context, unused_tcp_port: int) -> None:
    async with watched(context):
        with pytest.raises(ClientConnectorError):
            await answer(unused_tcp_port, "/api/v1/system/health?key=open")


async def test_a_port_that_is_taken_is_said_at_start(context: Context, unused_tcp_port: int) -> None:
    async with watched(on_port(context, unused_tcp_port)):
        with pytest.raises(StartupError, match=rf"app\.workerPort: cannot listen on {unused_tcp_port}: "):
            async with watched(on_port(context, unused_tcp_port)):
                pass


async def test_the_port_is_free_again_afterwards(context: Context, unused_tcp_port: int) -> None:
    for _ in range(2):
        async with watched(on_port(context, unused_tcp_port, **KEYS)):
            assert (await answer(unused_tcp_port, "/api/v1/system/health?key=open"))[0] == 200
