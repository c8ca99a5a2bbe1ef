"""Workers that are killed at any moment: nothing is lost or done twice, and somebody always leads."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from tests.faults.reminders import Trouble, add_reminders, outcome, unfinished
from tests.faults.workers import Workers, workers
from tests.mail_server import ACCEPTED, MailServer, mail_server
from tests.people import add_account, add_tasks
from tests.push_service import accept, push_service

Until = Callable[..., Awaitable[None]]

MAILS, SECONDS = 240, 12.0
#: Claims are soon taken over.
LEASE_SECONDS = 5
#: Those of what goes to devices last for a fixed time.
_EXPIRE = """UPDATE notification SET send_start = send_start - interval '1 minute'
    WHERE way = 'webpush' AND sent IS NULL AND send_start < now() - make_interval(secs => %(seconds)s)"""


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    """A mail server that takes its time, so that workers are killed in the middle of it."""
    async with mail_server() as server:

        async def slowly() -> str:
            await asyncio.sleep(random.uniform(0, 0.3))
            return ACCEPTED

        server.answer = slowly
        yield server


@pytest.fixture
async def crew(fresh_database: Database, mails: MailServer) -> AsyncIterator[Workers]:
    async with workers(fresh_database.settings, mails, lease_seconds=LEASE_SECONDS) as crew:
        yield crew


@pytest.fixture
async def house(server_folder: Path) -> AsyncIterator[tuple[Path, Database]]:
    """A PostgreSQL server that nobody else uses, as the folder that it is in, and its database."""
    folder = server_folder / uuid.uuid4().hex[:8]
    database = Database(await embedded.start(folder))
    try:
        await database.open()
        await migrate(database)
        yield folder, database
    finally:
        await database.close()
        await embedded.stop(folder)


async def slowly(_: web.Request) -> web.Response:
    """The answer of a push service that takes its time, too."""
    await asyncio.sleep(random.uniform(0, 0.3))
    return web.Response(status=201)


async def all_ended(database: Database) -> None:
    """Wait until every reminder has come to its end; what workers would do later they do now."""
    deadline = time.monotonic() + 30
    while await unfinished(database):
        assert time.monotonic() < deadline, "some reminders were lost"
        await asyncio.sleep(0.3)
        await database.execute("UPDATE notification SET send_after = now() WHERE send_after > now()")
        await database.execute(_EXPIRE, {"seconds": LEASE_SECONDS})
        await database.execute("SELECT pg_notify('tasks', 'notification')")


async def test_no_reminder_is_lost_or_sent_twice_while_workers_are_killed_and_postgresql_restarts(
    house: tuple[Path, Database], mails: MailServer
) -> None:
    """The bench does so for minutes (``bench/crashes.py``)."""
    folder, database = house
    near = workers(database.settings, mails, lease_seconds=LEASE_SECONDS, module="tests.faults.near_worker")
    async with push_service() as pushes, near as crew:
        pushes.answer = slowly
        messages = await add_reminders(database, pushes.browser(), MAILS, SECONDS)
        trouble = Trouble(crew, folder)
        await trouble.stir(SECONDS)
        await crew.start()  # which looks at once for what is due
        await all_ended(database)
        seen = await outcome(database, mails, pushes)
        assert trouble.gave_up == 0, crew.log()
    print(f"{trouble}: {seen}")
    assert (seen.recorded, seen.distinct) == (messages, messages), "each is in the outbox exactly once"
    assert (seen.lost, seen.unknown) == (0, 0)
    # Who dies between the server's answer and the commit leaves a claim behind, which is taken over.
    assert seen.unexplained == 0, "some were sent twice without need"


async def test_a_mail_is_sent_again_if_its_sender_died_before_writing_it_down_which_its_row_tells(
    crew: Workers, fresh_database: Database, mails: MailServer
) -> None:
    async def accept_and_kill() -> str:
        if not mails.arrivals:
            for worker in crew.alive:
                worker.kill()
        return ACCEPTED

    mails.answer = accept_and_kill
    await add_tasks(fresh_database, "Bins", account=await add_account(fresh_database))
    victim = await crew.start()
    await victim.process.wait()
    await crew.start()
    await all_ended(fresh_database)
    seen = await outcome(fresh_database, mails)
    assert (seen.recorded, seen.twice, seen.unexplained, seen.taken_over) == (1, 1, 0, 1)


async def test_what_goes_to_a_device_is_sent_again_if_its_sender_died_and_replaces_itself(
    fresh_database: Database, mails: MailServer
) -> None:
    account = await add_account(fresh_database)
    near = workers(
        fresh_database.settings, mails, lease_seconds=LEASE_SECONDS, module="tests.faults.near_worker"
    )
    async with push_service() as pushes, near as crew:

        async def accept_and_kill(request: web.Request) -> web.Response:
            if not pushes.arrivals:
                for worker in crew.alive:
                    worker.kill()
            return await accept(request)

        pushes.answer = accept_and_kill
        await pushes.browser().subscribe(fresh_database, account)
        await add_tasks(fresh_database, "Bins", account=account)
        victim = await crew.start()
        await victim.process.wait()
        assert len(pushes.arrivals) == 1, crew.log()
        await fresh_database.execute("UPDATE notification SET send_start = send_start - interval '2 minutes'")
        await crew.start()
        await all_ended(fresh_database)
        assert pushes.told(pushes.arrivals[0].browser) == ["Task due: Bins"] * 2
        assert len(pushes.deliveries()) == 1
    ((claims, attempt, error),) = await fresh_database.fetch(
        "SELECT claims, attempt, error FROM notification WHERE way = 'webpush'"
    )
    assert (claims, attempt, error) == (2, 0, "")


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
