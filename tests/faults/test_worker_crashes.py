"""Workers that are killed at any moment: nothing is lost or done twice, and somebody always leads."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from homechart_common.postgresql.database import Database
from homechart_worker.tasks.deliver import deliver
from tests.faults.workers import Workers, workers
from tests.mail_server import ACCEPTED, MailServer, mail_server
from tests.people import add_account, add_tasks

Until = Callable[..., Awaitable[None]]

WAVES, TASKS_A_WAVE = 5, 100


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    """A mail server that takes its time, so that workers are killed in the middle of it."""
    async with mail_server() as server:

        async def slowly() -> str:
            await asyncio.sleep(random.uniform(0, 0.05))
            return ACCEPTED

        server.answer = slowly
        yield server


@pytest.fixture
async def crew(fresh_database: Database, mails: MailServer) -> AsyncIterator[Workers]:
    """Workers whose claims are soon taken over."""
    async with workers(fresh_database.settings, mails, lease_seconds=5) as crew:
        yield crew


async def all_ended(database: Database) -> None:
    """Wait until every reminder has come to its end; what workers would do later they do now."""
    deadline = time.monotonic() + 20
    while await database.fetch_value(
        """SELECT EXISTS (SELECT FROM plan_task WHERE NOT notified)
        OR EXISTS (SELECT FROM notification WHERE sent IS NULL)"""
    ):
        assert time.monotonic() < deadline, "some reminders were lost"
        await asyncio.sleep(0.3)
        await database.execute("UPDATE notification SET send_after = now() WHERE send_after > now()")
        await database.execute("SELECT pg_notify('tasks', 'notification')")


async def test_no_reminder_is_lost_or_sent_twice_while_workers_are_killed(
    crew: Workers, fresh_database: Database, mails: MailServer
) -> None:
    account = await add_account(fresh_database)
    for _ in range(2):
        await crew.start()
    for wave in range(WAVES):
        names = (f"{wave}-{number}" for number in range(TASKS_A_WAVE))
        await add_tasks(fresh_database, *names, account=account)
        await (await crew.start()).says("has started")
        await asyncio.sleep(random.uniform(0, 0.3))
        random.choice(crew.alive).kill()
    await crew.start()
    await all_ended(fresh_database)

    rows = await fresh_database.fetch(
        "SELECT id::text, subject_smtp, claims, attempt, error FROM notification"
    )
    told = {subject for _, subject, *_ in rows}
    assert len(rows) == len(told) == WAVES * TASKS_A_WAVE, "each reminder is in the outbox exactly once"
    arrived = mails.deliveries()
    for identity, subject, claims, _, error in rows:
        assert error == ""
        assert arrived[identity] >= 1, f"{subject} was lost"
        # Who dies between the server's answer and the commit leaves a claim behind, which is taken over.
        assert arrived[identity] <= claims, f"{subject} was sent twice without need"
    twice = sum(count - 1 for count in arrived.values())
    taken_over = sum(claims - attempt - 1 for _, _, claims, attempt, _ in rows)
    print(f"{WAVES} workers killed: {taken_over} claims taken over, {twice} mails sent twice")
    assert taken_over <= WAVES * deliver.parallel, "no more than the killed workers had in their hands"


async def test_another_worker_leads_within_five_seconds(crew: Workers, until: Until) -> None:
    for _ in range(3):
        await crew.start()
    await until(lambda: len(crew.leaders) == 1, seconds=20)
    for worker in crew.alive:
        await worker.says("has started")
    for _ in range(2):
        (leader,) = crew.leaders
        leader.kill()
        killed = time.monotonic()
        await leader.ended()
        await until(lambda: len(crew.leaders) == 1, seconds=5)
        print(f"another one leads after {time.monotonic() - killed:.1f} s")
