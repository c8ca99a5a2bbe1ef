"""Workers that are stopped, and workers whose PostgreSQL is: they finish what they hold, and recover."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from homechart_common.notify import messages, outbox
from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from tests.faults.workers import Workers, workers
from tests.mail_server import ACCEPTED, MailServer, mail_server
from tests.people import add_account, add_tasks

Until = Callable[..., Awaitable[None]]

SAID = messages.render("verified", "en", name="Jane")


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    """A mail server that takes its time."""
    async with mail_server() as server:

        async def slowly() -> str:
            await asyncio.sleep(0.2)
            return ACCEPTED

        server.answer = slowly
        yield server


@pytest.fixture
async def crew(fresh_database: Database, mails: MailServer) -> AsyncIterator[Workers]:
    """Workers whose claims are not taken over within a test."""
    async with workers(fresh_database.settings, mails, lease_seconds=1800) as crew:
        yield crew


async def unsent(database: Database) -> list[str]:
    """The messages that have not come to an end, as what holds them back."""
    rows = await database.fetch(
        """SELECT CASE WHEN send_start IS NULL THEN 'nothing' ELSE 'a claim' END
        FROM notification WHERE sent IS NULL"""
    )
    return [row[0] for row in rows]


async def test_a_worker_that_is_stopped_finishes_its_mails_and_leaves_the_others(
    crew: Workers, fresh_database: Database, mails: MailServer, until: Until
) -> None:
    for _ in range(40):
        await outbox.enqueue(fresh_database, SAID, to_smtp="jane@house.test")
    first = await crew.start()
    await until(lambda: len(mails.arrivals) > 4, seconds=20)
    asked = time.monotonic()
    assert await first.stop() == 0
    assert time.monotonic() - asked < 4
    left = await unsent(fresh_database)
    assert left == ["nothing"] * (40 - len(mails.arrivals))
    assert 0 < len(left) < 40
    await crew.start()
    await until(lambda: len(mails.arrivals) == 40, seconds=20)
    assert set(mails.deliveries().values()) == {1}


async def test_a_worker_that_is_stopped_gives_up_a_mail_server_that_hangs(
    crew: Workers, fresh_database: Database, mails: MailServer, until: Until
) -> None:
    reached, over = asyncio.Event(), asyncio.Event()

    async def hang() -> str:
        reached.set()
        await over.wait()
        return "451 4.3.0 too late"

    mails.answer = hang
    await outbox.enqueue(fresh_database, SAID, to_smtp="jane@house.test")
    worker = await crew.start()
    await until(reached.is_set, seconds=20)
    assert await worker.stop() == 0
    over.set()
    assert await unsent(fresh_database) == ["nothing"]


async def test_the_lock_of_a_leader_that_is_stopped_is_free_at_once(crew: Workers, until: Until) -> None:
    leader = await crew.start()
    await until(lambda: crew.leaders == [leader], seconds=20)
    other = await crew.start()
    await other.says("has started")
    assert await leader.stop() == 0
    await until(lambda: crew.leaders == [other], seconds=5)


async def test_workers_survive_a_restart_of_postgresql_under_load(
    server_folder: Path, mails: MailServer, until: Until
) -> None:
    folder = server_folder / "restarted"
    settings = await embedded.start(folder)
    database = Database(settings)
    await database.open()
    await migrate(database)
    account = await add_account(database)
    async with workers(settings, mails, lease_seconds=8) as crew:
        for _ in range(2):
            await crew.start()
        await add_tasks(database, *(f"{number}" for number in range(60)), account=account)
        await until(lambda: len(mails.arrivals) >= 10, seconds=20)
        server = int((folder / "data" / "postmaster.pid").read_text().partition("\n")[0])
        os.kill(server, signal.SIGINT)
        await until(lambda: not (folder / "data" / "postmaster.pid").exists())
        await asyncio.sleep(1)
        await embedded.start(folder)
        await until(lambda: len(crew.leaders) == 1, seconds=10)
        await outbox.enqueue(database, SAID, to_smtp="jane@house.test")

        deadline = time.monotonic() + 20
        while await unsent(database):
            assert time.monotonic() < deadline, "some mails were lost"
            await asyncio.sleep(0.3)
            await database.execute("SELECT pg_notify('tasks', 'notification')")
        assert len(crew.alive) == 2
    assert len(mails.deliveries()) == 61
    assert set(mails.deliveries().values()) == {1}
    await database.close()
    await embedded.stop(folder)
