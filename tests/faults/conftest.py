"""What the fault tests share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from homechart_common.postgresql.settings import PostgresqlSettings
from tests.faults.proxy import Proxy, proxy_to

Condition = Callable[[], bool | Awaitable[bool]]


@pytest.fixture
async def proxy(database_settings: PostgresqlSettings) -> AsyncIterator[Proxy]:
    """A breakable network on the way to the worker's database."""
    async with proxy_to(database_settings) as proxy:
        yield proxy


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Waits for a condition, looking again and again: ``await until(lambda: seen)``."""

    async def wait(condition: Condition, seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.01)

    return wait
