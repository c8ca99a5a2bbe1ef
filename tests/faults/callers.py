"""People who call the API without a pause, whatever befalls it, and what they were told."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

BOOKMARKS = "/api/v1/bookmarks"


@dataclass
class Callers:
    """People who add bookmarks, one after the other, and what they were told."""

    client: aiohttp.ClientSession
    #: Status, seconds that the answer took, and whether it said when to come again.
    answers: list[tuple[int, float, bool]] = field(default_factory=list)
    #: The names that the API said it had stored.
    stored: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def calling(self, count: int = 8) -> AsyncIterator[None]:
        """Inside the block, so many of them call without a pause."""
        tasks = [asyncio.create_task(self._call_on()) for _ in range(count)]
        yield
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes

    async def _call_on(self) -> None:
        while True:
            name, begun = uuid.uuid4().hex, time.monotonic()
            body = {"name": name, "link": "https://house.test"}
            async with self.client.post(BOOKMARKS, json=body) as response:
                await response.read()
            comes_again = "Retry-After" in response.headers
            self.answers.append((response.status, time.monotonic() - begun, comes_again))
            if response.status == 200:
                self.stored.add(name)

    def succeed(self, more: int = 20) -> Callable[[], bool]:
        """A condition: so many more have succeeded."""
        goal = len(self.stored) + more
        return lambda: len(self.stored) >= goal

    def were_told_to_wait(self) -> bool:
        """Whether at least one got no answer from the database."""
        return any(status == 503 for status, *_ in self.answers)

    async def read_back(self) -> set[str]:
        """The names that are stored."""
        async with self.client.get(BOOKMARKS) as response:
            assert response.status == 200
            return {bookmark["name"] for bookmark in (await response.json())["dataValue"]}
