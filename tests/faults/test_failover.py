"""The primary dies and its standby takes over, under load: every process follows, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
import pytest

from homechart_common.notify import messages, outbox
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import Caller
from tests.factories import new_session
from tests.faults.callers import Callers
from tests.faults.pair import Pair, new_pair
from tests.faults.workers import Workers, workers
from tests.mail_server import MailServer, mail_server
from tests.people import add_account
from tests.processes import Running, api_process
from tests.sync.news import news
from tests.sync.streams import EventStream, open_stream

Until = Callable[..., Awaitable[None]]

SAID = messages.render("verified", "en", name="Jane")
#: From the moment at which the standby can be written to.
MOST_SECONDS = 15


@dataclass
class House:
    """Two API processes with people who write through each, and two workers, on a primary with a standby."""

    pair: Pair
    apis: list[Running]
    callers: list[Callers]
    crew: Workers
    mails: MailServer
    #: A session, and its stream at the second API process.
    ann: Caller
    stream: EventStream

    def settled(self) -> bool:
        """Whether both API processes have written something, and one worker leads."""
        return all(callers.stored for callers in self.callers) and len(self.crew.leaders) == 1


@pytest.fixture
async def house(server_folder: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        pair = await stack.enter_async_context(new_pair(server_folder))
        async with _opened(pair.settings) as database:
            await migrate(database)
            account = await add_account(database)
            session = await new_session(database, account)
        await pair.replicate_synchronously()
        mails = await stack.enter_async_context(mail_server())
        crew = await stack.enter_async_context(workers(pair.primary_first, mails, lease_seconds=5))
        apis = [await stack.enter_async_context(api_process(pair.primary_first)) for _ in range(2)]
        clients = [
            await stack.enter_async_context(aiohttp.ClientSession(api.url, headers=session.headers))
            for api in apis
        ]
        for _ in range(2):
            await crew.start()
        stream = await open_stream(clients[1], session.id)
        ann = Caller(clients[0], account)
        yield House(pair, apis, [Callers(client) for client in clients], crew, mails, ann, stream)
        stream.close()


@pytest.mark.parametrize("frozen", [False, True], ids=["killed", "frozen"])
async def test_everybody_follows_a_promoted_standby_and_nothing_acknowledged_is_lost(
    frozen: bool, house: House, until: Until
) -> None:
    """A host that dies closes its connections. One that hangs does not, and wakes up as the primary that it was."""
    pair, crew = house.pair, house.crew
    async with house.callers[0].calling(4), house.callers[1].calling(4):
        await until(house.settled, 30)
        cursor = (await news(house.ann)).cursor
        if frozen:
            pair.freeze_primary()
        else:
            pair.kill_primary()
            for callers in house.callers:
                await until(callers.were_told_to_wait)
        await pair.promote()
        promoted = time.monotonic()
        await asyncio.gather(*(until(callers.succeed(), MOST_SECONDS) for callers in house.callers))
        written = time.monotonic() - promoted
        async with _opened(pair.at(pair.standby)) as database:
            await outbox.enqueue(database, SAID, to_smtp="jane@house.test")
            await until(lambda: len(house.mails.arrivals) == 1 and len(crew.leaders) == 1, MOST_SECONDS)
            (leader,) = crew.leaders
            leader.kill()
            await leader.ended()
            await outbox.enqueue(database, SAID, to_smtp="jane@house.test")
            await until(lambda: len(house.mails.arrivals) == 2 and len(crew.leaders) == 1, MOST_SECONDS)
        followed = time.monotonic() - promoted
        await told_to_read_again(house.stream)
        assert (await news(house.ann, cursor)).full
        await (pair.thaw_primary() if frozen else pair.revive_primary())
        await leave_it_alone(house, until)
    print(
        f"API processes wrote after {written:.1f} s, both workers had mailed and led after {followed:.1f} s"
    )
    assert followed < MOST_SECONDS
    stored = await house.callers[0].read_back()
    for callers in house.callers:
        assert {status for status, *_ in callers.answers} == {200, 503}
        assert callers.stored <= stored
    for api in house.apis:
        assert "ERROR" not in api.log


async def told_to_read_again(stream: EventStream) -> None:
    """Among all that is told there is that one cannot go on from here."""
    async with asyncio.timeout(MOST_SECONDS):
        while (event := await stream.next()) and event.kind != "resync":
            pass
    assert event is not None


async def leave_it_alone(house: House, until: Until) -> None:
    """The old primary has come back as one, and nobody writes to it, also who has to connect again."""
    pair = house.pair
    before = what_is_stored(pair.at(pair.primary))
    async with _opened(pair.at(pair.standby)) as database:
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND application_name = 'homechart'"
        )
    await asyncio.gather(*(until(callers.succeed(), MOST_SECONDS) for callers in house.callers))
    await until(lambda: len(house.crew.leaders) == 1, MOST_SECONDS)
    assert what_is_stored(pair.at(pair.primary)) == before


def what_is_stored(settings: PostgresqlSettings) -> tuple[Any, ...]:
    """As seen by somebody who does not know that the server was replaced."""
    connection = psycopg2.connect(host=settings.hostname, dbname=settings.database, user=settings.username)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT count(*), max(updated) FROM bookmark")
        stored: tuple[Any, ...] = cursor.fetchone()
        return stored


@asynccontextmanager
async def _opened(settings: PostgresqlSettings) -> AsyncIterator[Database]:
    database = Database(settings)
    await database.open()
    yield database
    await database.close()
