"""The one worker that runs the tasks of which there must be only one.

It is the one whose session has advisory lock 2. A session can end, or its server be replaced, without the
worker noticing, so the lock is proved on its own connection before each task and every second. Without proof
the worker lets go of what it was doing and competes again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from homechart_common import clock, logger, metrics
from homechart_common.errors import Unavailable
from homechart_common.postgresql import locks, queries
from homechart_common.postgresql.connection import Connection
from homechart_worker.task import Context, Task, attempt

#: How often others try to take over, and how often the leader proves that it still leads.
_TRY_SECONDS = 2.0
_PROVE_SECONDS = 1.0
#: How long PostgreSQL may take to answer about the lock.
_PATIENCE_SECONDS = 5.0
#: When a task that failed is tried again, unless its next time comes sooner.
_RETRY = timedelta(minutes=1)

# A host that vanished closes no session: this way the server notices, and frees the lock, in 15 seconds.
_NOTICE_VANISHED_HOST = """
SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2;
SET tcp_user_timeout = 15000
"""
_QUERIES = queries.load("tasks")


class Leader:
    """Competes for the lock and, while it has it, runs what is due."""

    def __init__(self, context: Context, tasks: Sequence[Task]) -> None:
        self._context = context
        self._tasks = tasks
        self._database = context.database
        self._stopping = context.stopping
        #: When tasks that failed are tried again, by name.
        self._not_before: dict[str, datetime] = {}

    async def run(self) -> None:
        """Compete and lead until the worker stops."""
        while not self._stopping.is_set():
            with suppress(Unavailable):
                connection = await self._database.direct()
                try:
                    await connection.execute(_NOTICE_VANISHED_HOST)
                    await self._compete(_Lock(connection))
                finally:
                    await connection.close()
            await self._pause(_TRY_SECONDS * random.uniform(0.75, 1.25))  # noqa: S311 - it spreads load and keeps no secret

    async def _compete(self, lock: _Lock) -> None:
        while not await lock.take():
            await self._pause(_TRY_SECONDS * random.uniform(0.75, 1.25))  # noqa: S311 - it spreads load and keeps no secret
            if self._stopping.is_set():
                return
        metrics.task_runner.set(1)
        logger.notice("This worker leads: it runs the tasks of which there is only one")
        try:
            await self._lead(lock)
            await lock.give_back()
        finally:
            metrics.task_runner.set(0)
            logger.notice("This worker no longer leads")

    async def _lead(self, lock: _Lock) -> None:
        """Work until the worker stops; raises :class:`Unavailable` when the lock cannot be proved."""
        try:
            async with asyncio.TaskGroup() as group:
                proving = group.create_task(self._prove(lock))
                await self._work(lock)
                proving.cancel()
        except* Unavailable as lost:
            raise Unavailable from lost

    async def _prove(self, lock: _Lock) -> None:
        while True:
            await lock.prove()
            await asyncio.sleep(_PROVE_SECONDS)

    async def _work(self, lock: _Lock) -> None:
        done: dict[str, datetime] = dict(await self._database.fetch(_QUERIES["slots"]))
        while not self._stopping.is_set():
            for task in self._tasks:
                # Another slot than the last one, not a later one: some worker's clock may have been wrong.
                if done.get(task.name) != task.slot(clock.now()) and self._may_try(task):
                    await lock.prove()
                    await self._run(task, done)
            await self._pause(_PROVE_SECONDS)

    def _may_try(self, task: Task) -> bool:
        not_before = self._not_before.get(task.name)
        return not self._stopping.is_set() and (not_before is None or not_before <= clock.now())

    async def _run(self, task: Task, done: dict[str, datetime]) -> None:
        slot = task.slot(clock.now())
        if not await attempt(task, self._context):
            self._not_before[task.name] = min(clock.now() + _RETRY, slot + task.every)
        elif not self._stopping.is_set():  # which may have cut it short
            done[task.name] = slot
            await self._database.execute(_QUERIES["remember"], {"name": task.name, "slot": slot})

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the worker runs."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


class _Lock:
    """The lock, on the connection whose it is or may become."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()

    async def take(self) -> bool:
        """Take it if nobody has it."""
        async with _in_time():
            return await locks.try_lock(self._connection, locks.TASKS)

    async def give_back(self) -> None:
        """Let others take it."""
        async with self._one_at_a_time, _in_time():
            await locks.unlock(self._connection, locks.TASKS)

    async def prove(self) -> None:
        """Nothing if it is ours, else :class:`Unavailable`."""
        async with self._one_at_a_time, _in_time():
            if not await locks.holds(self._connection, locks.TASKS):
                raise Unavailable


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """A server that does not answer is as good as gone."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            yield
    except TimeoutError as error:
        raise Unavailable from error
