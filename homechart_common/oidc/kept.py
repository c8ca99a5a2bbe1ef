"""What is asked for once, however many wait for it, and then kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """What ``ask`` answers, for as long as it is good. All who wait at the same time share an answer or a failure."""

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._value: tuple[float, T] | None = None
        self._asking: asyncio.Task[T] | None = None

    async def get(self, *, anew: bool = False) -> T:
        """The value, asked for if there is none that is good; with ``anew`` in any case."""
        if self._value is not None and not anew and time.monotonic() < self._value[0]:
            return self._value[1]
        if self._asking is None:
            self._asking = asyncio.create_task(self._renew())
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    async def _renew(self) -> T:
        value = await self._ask()
        self._value = (time.monotonic() + self._seconds, value)
        return value

    def _asked(self, task: asyncio.Task[T]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # whoever waited for it may be gone
