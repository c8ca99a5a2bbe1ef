"""What the unit tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.rogue_server import RogueServer, rogue_server


@pytest.fixture
async def rogue() -> AsyncIterator[RogueServer]:
    """Somebody else's server, which does as it pleases."""
    async with rogue_server() as server:
        yield server
