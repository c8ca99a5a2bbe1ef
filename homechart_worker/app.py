"""The worker as a process: what runs in it, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from homechart_common import lifetime, logger, tracing
from homechart_common.config import Config
from homechart_common.postgresql import listener
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.listener import Listener
from homechart_common.startup import database_ready
from homechart_worker.leader import Leader
from homechart_worker.monitor import watched
from homechart_worker.schedule import TASKS
from homechart_worker.shared import Shared
from homechart_worker.task import Context, Task, perform

#: How long what is in flight may take after the process was asked to stop, in seconds.
_GRACE_SECONDS = 8.0


async def run(config: Config) -> None:
    """Work until cancelled; what is in flight then is finished first, being cancelled again cuts it off.

    Raises :class:`StartupError` when there can be no database.
    """
    async with _context(config) as context, watched(context):
        logger.notice("Homechart's worker has started")
        lifetime.tell_ready()
        await _work(context)


async def run_once(config: Config, tasks: Iterable[Task]) -> None:
    """Run tasks now, one after the other, whether or not another worker runs them; says what they did."""
    async with _context(config) as context:
        for task in tasks:
            print(f"{task.name}: {await perform(task, context)} rows")


@asynccontextmanager
async def _context(config: Config) -> AsyncIterator[Context]:
    logger.set_up(config)
    tracing.set_up(config, "homechart-worker")
    try:
        async with database_ready(config) as settings:
            database = Database(settings)
            await database.open()
            try:
                yield Context(config, database)
            finally:
                await database.close()
    finally:
        tracing.shut_down()


async def _work(context: Context) -> None:
    """Work until cancelled, or until one of the parts fails, which must not go unnoticed."""
    shared = Shared(context, [task for task in TASKS.values() if task.shared])
    hearing = Listener(context.database, {listener.TASKS: shared.wake}, shared.wake_all)
    parts = [asyncio.create_task(shared.run())]
    if not context.config.app.disable_tasks:
        leader = Leader(context, [task for task in TASKS.values() if not task.shared])
        parts.append(asyncio.create_task(leader.run()))
    ears = asyncio.create_task(hearing.run())
    try:
        await asyncio.wait([*parts, ears], return_when=asyncio.FIRST_COMPLETED)
    finally:
        context.stopping.set()
        shared.wake_all()
        await asyncio.wait(parts, timeout=_GRACE_SECONDS)
        for part in (*parts, ears):
            part.cancel()
        outcomes = await asyncio.gather(*parts, ears, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
