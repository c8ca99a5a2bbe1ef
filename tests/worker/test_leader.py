from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from homechart_common import metrics
from homechart_common.clock import frozen_at
from homechart_common.postgresql import locks
from homechart_common.postgresql.database import Database
from homechart_worker.leader import Leader
from homechart_worker.shared import Shared
from homechart_worker.task import Context, Task

NIGHT = datetime(2026, 11, 23, 3, tzinfo=UTC)
_HOLDER = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 2 AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def daily(run: Callable[[Context], Awaitable[int]], name: str = "daily") -> Task:
    return Task(name, "", run, timedelta(days=1), timedelta(seconds=5), after=timedelta(hours=3))


class Runs:
    """A task that counts how often it was run; the first ``failures`` runs fail."""

    def __init__(self, failures: int = 0) -> None:
        self.count = 0
        self._failures = failures

    async def __call__(self, _: Context) -> int:
        self.count += 1
        if self.count <= self._failures:
            raise RuntimeError("out of order")
        return 0

    async def reach(self, count: int) -> None:
        """Wait until it was run so often."""
        deadline = time.monotonic() + 5
        while self.count < count:
            assert time.monotonic() < deadline, f"it ran {self.count} times"
            await asyncio.sleep(0.01)


@asynccontextmanager
async def leading(database: Database, context: Context, *tasks: Task) -> AsyncIterator[Context]:
    """A worker that competes to lead until the end of the block."""
    context = Context(context.config, database)
    running = asyncio.create_task(Leader(context, tasks).run())
    try:
        yield context
    finally:
        context.stopping.set()
        await asyncio.wait_for(running, 5)


async def led(database: Database) -> int:
    """The session of the one who leads, as soon as there is one."""
    deadline = time.monotonic() + 5
    while not (holder := await database.fetch_value(_HOLDER)):
        assert time.monotonic() < deadline, "nobody leads"
        await asyncio.sleep(0.01)
    return int(holder)


async def slots(database: Database) -> dict[str, datetime]:
    """When the tasks that were run were due."""
    return dict(await database.fetch("SELECT name, slot FROM task_run WHERE slot IS NOT NULL"))


async def done(database: Database, name: str = "daily", slot: datetime = NIGHT) -> None:
    """Wait until a task is remembered as done."""
    deadline = time.monotonic() + 5
    while (await slots(database)).get(name) != slot:
        assert time.monotonic() < deadline, f"{name} was not done"
        await asyncio.sleep(0.01)


async def test_what_was_missed_is_made_up_for_once(fresh_database: Database, context: Context) -> None:
    runs = Runs()
    await fresh_database.execute("INSERT INTO task_run VALUES ('daily', '2026-11-01 03:00Z')")
    with frozen_at(NIGHT + timedelta(hours=7)):
        async with leading(fresh_database, context, daily(runs)):
            await done(fresh_database)
    with frozen_at(NIGHT + timedelta(hours=8)):
        # The turn of the one behind it comes when its own is over.
        async with leading(fresh_database, context, daily(runs), daily(Runs(), "behind")):
            await done(fresh_database, "behind")
    assert runs.count == 1


async def test_the_next_day_it_runs_again(fresh_database: Database, context: Context) -> None:
    runs = Runs()
    for day in range(3):
        with frozen_at(NIGHT + timedelta(days=day)):
            async with leading(fresh_database, context, daily(runs)):
                await done(fresh_database, slot=NIGHT + timedelta(days=day))
    assert runs.count == 3


async def test_a_wrong_clock_delays_nothing(fresh_database: Database, context: Context) -> None:
    runs = Runs()
    await fresh_database.execute("INSERT INTO task_run VALUES ('daily', '2099-01-01 03:00Z')")
    with frozen_at(NIGHT):
        async with leading(fresh_database, context, daily(runs)):
            await done(fresh_database)
    assert runs.count == 1


async def test_a_task_that_fails_stops_no_other_and_is_tried_again(
    fresh_database: Database, context: Context
) -> None:
    failing, other = Runs(failures=1), Runs()
    tasks = (daily(failing, "failing"), daily(other, "other"))
    with frozen_at(NIGHT):
        async with leading(fresh_database, context, *tasks):
            await done(fresh_database, "other")
            assert "failing" not in await slots(fresh_database)
            assert failing.count == 1
        async with leading(fresh_database, context, *tasks):
            await done(fresh_database, "failing")
    assert (failing.count, other.count) == (2, 1)


async def test_only_one_leads(fresh_database: Database, context: Context) -> None:
    runs = Runs()
    with frozen_at(NIGHT):
        async with (
            leading(fresh_database, context, daily(runs)),
            leading(fresh_database, context, daily(runs)),
            leading(fresh_database, context, daily(runs)),
        ):
            await done(fresh_database)
            await asyncio.sleep(0.2)
    assert runs.count == 1


async def test_a_leader_that_loses_its_session_lets_go_of_its_work_and_another_one_leads(
    fresh_database: Database, context: Context
) -> None:
    begun, cut_off = asyncio.Event(), asyncio.Event()

    async def endless(_: Context) -> int:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cut_off.set()
            raise
        return 0

    with frozen_at(NIGHT):
        async with leading(fresh_database, context, daily(endless)) as first:
            await asyncio.wait_for(begun.wait(), 5)
            assert metrics.registry.get_sample_value("homechart_task_runner") == 1
            session = await led(fresh_database)
            runs = Runs()
            async with leading(fresh_database, context, daily(runs)):
                first.stopping.set()
                await fresh_database.execute(f"SELECT pg_terminate_backend({session})")
                await asyncio.wait_for(cut_off.wait(), 5)
                await runs.reach(1)
                assert await led(fresh_database) != session


async def test_a_leader_proves_the_lock_before_each_task(fresh_database: Database, context: Context) -> None:
    runs = Runs()

    async def lose_the_lock(context: Context) -> int:
        session = await led(context.database)
        await context.database.execute(f"SELECT pg_terminate_backend({session})")
        return 0

    with frozen_at(NIGHT):
        tasks = (daily(lose_the_lock, "first"), daily(runs, "second"))
        async with leading(fresh_database, context, *tasks) as only:
            await done(fresh_database, "first")
            only.stopping.set()
    assert runs.count == 0


async def test_who_stops_gives_the_lock_back(fresh_database: Database, context: Context) -> None:
    async with leading(fresh_database, context):
        await led(fresh_database)
    connection = await fresh_database.direct()
    try:
        assert await locks.try_lock(connection, locks.TASKS)
    finally:
        await connection.close()


async def test_what_stopping_cut_short_does_not_count_as_done(
    fresh_database: Database, context: Context
) -> None:
    async def more_than_enough(context: Context) -> int:
        context.stopping.set()
        return 1

    with frozen_at(NIGHT):
        async with leading(fresh_database, context, daily(more_than_enough)) as only:
            await only.stopping.wait()
    assert await slots(fresh_database) == {}


async def test_a_shared_task_runs_at_once_and_when_it_is_woken(context: Context) -> None:
    runs = Runs()
    task = Task(
        "often", "", runs, timedelta(days=1), timedelta(seconds=5), shared=True, woken_by="notification"
    )
    shared = Shared(context, [task])
    running = asyncio.create_task(shared.run())
    await runs.reach(1)
    shared.wake("something else")
    await asyncio.sleep(0.05)
    assert runs.count == 1
    shared.wake("notification")
    await runs.reach(2)
    context.stopping.set()
    shared.wake_all()
    await asyncio.wait_for(running, 5)


async def test_a_shared_task_that_takes_too_long_is_cut_off_and_runs_again(context: Context) -> None:
    tries: list[int] = []

    async def hang(_: Context) -> int:
        tries.append(1)
        await asyncio.sleep(60)
        return 0

    task = Task("hanging", "", hang, timedelta(days=1), timedelta(milliseconds=20), shared=True)
    shared = Shared(context, [task])
    running = asyncio.create_task(shared.run())
    async with asyncio.timeout(5):
        while len(tries) < 3:
            shared.wake_all()
            await asyncio.sleep(0.01)
    context.stopping.set()
    shared.wake_all()
    await asyncio.wait_for(running, 5)
