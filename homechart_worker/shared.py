"""The tasks that all workers run at once: each claims the rows it works on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from homechart_common import clock
from homechart_worker.task import Context, Task, attempt


class Shared:
    """Runs every task when the worker starts, at its times, and when something wakes it."""

    def __init__(self, context: Context, tasks: Iterable[Task]) -> None:
        self._context = context
        self._loops = [(task, asyncio.Event()) for task in tasks for _ in range(task.parallel)]

    def wake(self, reason: str) -> None:
        """Run the tasks that ``reason`` (the payload on channel ``tasks``) wakes."""
        for task, awake in self._loops:
            if task.woken_by == reason:
                awake.set()

    def wake_all(self) -> None:
        """Run all tasks, as after a time of hearing nothing, or let them see that the worker stops."""
        for _, awake in self._loops:
            awake.set()

    async def run(self) -> None:
        """Run tasks until the worker stops."""
        async with asyncio.TaskGroup() as group:
            for task, awake in self._loops:
                group.create_task(self._repeat(task, awake))

    async def _repeat(self, task: Task, awake: asyncio.Event) -> None:
        while not self._context.stopping.is_set():
            awake.clear()
            await attempt(task, self._context)
            now = clock.now()
            with suppress(TimeoutError):
                async with asyncio.timeout((task.slot(now) + task.every - now).total_seconds()):
                    await awake.wait()
