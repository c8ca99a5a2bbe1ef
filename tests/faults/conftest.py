"""What the fault tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from homechart_common.postgresql.settings import PostgresqlSettings
from tests.faults.proxy import Proxy, proxy_to


@pytest.fixture
async def proxy(database_settings: PostgresqlSettings) -> AsyncIterator[Proxy]:
    """A breakable network on the way to the worker's database."""
    async with proxy_to(database_settings) as proxy:
        yield proxy
