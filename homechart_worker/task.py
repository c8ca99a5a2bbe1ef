"""What a task is, and one run of it.

    @task(every=timedelta(minutes=1), timeout=timedelta(seconds=30), shared=True)
    async def plan_task_reminders(context: Context) -> int:
        \"\"\"Remind people of tasks that are due.\"\"\"

A task deals with one batch a call and says how many rows that were; it is called again until there are none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from homechart_common import metrics
from homechart_common.config import Config
from homechart_common.fetch import Fetcher
from homechart_common.logger import trace
from homechart_common.postgresql.database import Database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """What tasks work with; once ``stopping`` is set they begin nothing new."""

    config: Config
    database: Database
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    fetcher: Fetcher = field(default_factory=Fetcher)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is done again and again, at times that the clock on the wall gives.

    A shared task is run by all workers at once, ``parallel`` times each: it claims the rows it works on. Any
    other is run by the one worker that leads. ``timeout`` is for one batch.
    """

    name: str
    meaning: str
    run: Callable[[Context], Awaitable[int]]
    every: timedelta
    timeout: timedelta
    shared: bool = False
    parallel: int = 1
    #: The payload on channel ``tasks`` that makes a shared task run before its time.
    woken_by: str = ""
    #: How long after the full interval: a daily task with three hours runs at 03:00 UTC.
    after: timedelta = timedelta()

    def slot(self, now: datetime) -> datetime:
        """The time at or before ``now`` at which the task is due."""
        return now - (now - _EPOCH - self.after) % self.every


def task(
    *,
    every: timedelta,
    timeout: timedelta,
    shared: bool = False,
    parallel: int = 1,
    woken_by: str = "",
    after: timedelta = timedelta(),
) -> Callable[[Callable[[Context], Awaitable[int]]], Task]:
    """The task that runs the decorated function, named after it; its docstring says what it does."""

    def declare(run: Callable[[Context], Awaitable[int]]) -> Task:
        name, meaning = run.__name__, (run.__doc__ or "").partition("\n")[0]
        return Task(name, meaning, run, every, timeout, shared, parallel, woken_by, after)

    return declare


async def perform(task: Task, context: Context) -> int:
    """Run a task until nothing is left to do or the worker stops; the number of rows it dealt with."""
    started, rows = time.monotonic(), 0
    try:
        with trace(task.name) as unit:
            while not context.stopping.is_set():
                async with asyncio.timeout(task.timeout.total_seconds()):
                    batch = await task.run(context)
                if batch == 0:
                    break
                rows += batch
            unit.debug = f"{rows} rows"
    except Exception:
        metrics.task_failed(task.name, time.monotonic() - started)
        raise
    metrics.task_succeeded(task.name, time.monotonic() - started, rows)
    return rows


async def attempt(task: Task, context: Context) -> int | None:
    """Run a task; the number of rows it dealt with, or ``None`` if it failed.

    Its failure has been logged and must not stop the worker.
    """
    try:
        return await perform(task, context)
    except Exception:
        return None
