"""A new version takes over while people work: no request fails, streams go on, nothing is lost or sent twice."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.mail_server import MailServer, mail_server
from tests.people import add_account, add_session
from tests.processes import Running, api_process, database_environment, start
from tests.sync.streams import EventStream

ROOT = Path(__file__).parents[2]
PACKAGES = ("homechart_common", "homechart_api", "homechart_worker")
#: What the new version has more: an expansion, which processes of the old one know nothing of.
MIGRATION = """
-- Where a bookmark was found.
ALTER TABLE bookmark ADD COLUMN found_at text NOT NULL DEFAULT '';
CREATE TABLE bookmark_visit (bookmark_id uuid NOT NULL REFERENCES bookmark ON DELETE CASCADE);
CREATE INDEX bookmark_visit_bookmark ON bookmark_visit (bookmark_id);
"""

Until = Callable[..., Awaitable[None]]


def new_version(folder: Path) -> dict[str, str]:
    """A copy of the program with one more migration and another text of triggers; how it is run.

    Functions stay: with others rows may look different, so that streams tell their readers to read everything.
    """
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    sql = folder / "homechart_common" / "sql"
    (sql / "migrations" / "9998_bookmark_visit.sql").write_text(MIGRATION)
    triggers = sql / "triggers" / "notes.sql"
    triggers.write_text(triggers.read_text() + "-- as of the new version\n")
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


@dataclass
class House:
    """Somebody's programs, which reach whichever processes are there, as by way of a proxy."""

    client: aiohttp.ClientSession
    session_id: str
    apis: list[Running] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    streams: int = 0
    written: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self) -> None:
        """Make bookmarks, change each once, and look at the list, until enough is written."""
        for number in itertools.count():
            if self.written.is_set():
                return
            body = {"name": f"{id(asyncio.current_task())}-{number}", "link": "https://house.test"}
            made = await self._ask("POST", "/bookmarks", {**body, "link": f"https://{body['name']}.test"})
            identity = made["dataValue"][0]["id"]
            self.made.append(identity)
            await self._ask("PUT", f"/bookmarks/{identity}", {"iconName": "house"})
            listed = await self._ask("GET", "/bookmarks")
            assert identity in {bookmark["id"] for bookmark in listed["dataValue"]}

    async def listen(self) -> None:
        """Follow the events, at another process whenever a stream ends."""
        position = ""
        while not self.over.is_set():
            headers = {"Last-Event-ID": position} if position else {}
            api = self.apis[self.streams % len(self.apis)]
            try:
                async with self.client.get(
                    f"{api.url}/api/v1/sse/{self.session_id}", headers=headers
                ) as response:
                    assert response.status == 200, response.status
                    self.streams += 1
                    stream = EventStream(response, position)
                    while event := await stream.next():
                        position = stream.position
                        if event.kind == "resync":
                            self.failures.append("a stream could not go on where it was")
                        elif event.data:
                            self.told.add(json.loads(event.data)["id"])
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """An answer of a process that accepts the connection; nothing is sent twice."""
        async with asyncio.timeout(20):
            while True:
                for api in tuple(self.apis):  # others may be there the next time
                    with suppress(aiohttp.ClientConnectorError):  # it has ended, so nothing was sent
                        return await self._answer_of(api, method, path, body)
                await asyncio.sleep(0.01)

    async def _answer_of(self, api: Running, method: str, path: str, body: Any) -> dict[str, Any]:
        try:
            async with self.client.request(method, f"{api.url}/api/v1{path}", json=body) as response:
                text = await response.text()
                if response.status != 200:
                    self.failures.append(f"{method} {path}: {response.status} {text}")
                answer: dict[str, Any] = json.loads(text)
                return answer
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ClientError as error:
            self.failures.append(f"{method} {path}: {error!r}")
            raise


async def worker(settings: PostgresqlSettings, mails: MailServer, more: dict[str, str]) -> Running:
    """A running worker that can send mail."""
    environment = {
        "HOMECHART_SMTP_HOSTNAME": "127.0.0.1",
        "HOMECHART_SMTP_PORT": str(mails.port),
        "HOMECHART_SMTP_FROMADDRESS": "home@house.test",
    }
    running = await start(
        "homechart_worker",
        "run",
        UNTIL_INPUT_ENDS,
        environment={**database_environment(settings), **environment, **more},
    )
    await running.says("has started")
    return running


async def test_a_new_version_takes_over_while_people_work(
    fresh_database: Database, tmp_path: Path, until: Until
) -> None:
    database, settings, newer = fresh_database, fresh_database.settings, new_version(tmp_path)
    account = await add_account(database)
    key = await add_session(database, account)
    session_id = str(await database.fetch_value("SELECT id FROM auth_session"))
    say = "INSERT INTO notification (auth_account_id, kind, subject_smtp) VALUES (%(account)s, 'x', %(subject)s)"
    async with AsyncExitStack() as stack:
        mails = await stack.enter_async_context(mail_server())
        headers = {"Authorization": f"Bearer {key}"}
        # Each request has a connection of its own: one that is kept may be closed at the moment it is used.
        connector = aiohttp.TCPConnector(force_close=True)
        client = aiohttp.ClientSession(headers=headers, connector=connector)
        house = House(await stack.enter_async_context(client), session_id)

        async def api(more: dict[str, str]) -> Running:
            return await stack.enter_async_context(api_process(settings, environment=more))

        async def work_goes_on(count: int = 10) -> None:
            """So much more was made since."""
            enough = len(house.made) + count
            await until(lambda: len(house.made) >= enough or bool(house.failures), seconds=30)
            await database.execute(say, {"account": account, "subject": f"mail {len(house.made)}"})

        old = [await api({}), await api({})]
        house.apis += old
        old_worker = await worker(settings, mails, {})
        async with asyncio.TaskGroup() as group:
            group.create_task(house.listen())
            await until(lambda: house.streams > 0)
            writers = [group.create_task(house.write()) for _ in range(2)]
            await work_goes_on()
            new = [await api(newer)]
            assert await database.fetch_value("SELECT max(version) FROM migration") == 9998
            # for a while, processes of the old version alone serve what the new one has made
            await work_goes_on()
            for leaving in old:
                house.apis.append(new[-1])
                await work_goes_on()
                house.apis.remove(leaving)
                assert await leaving.stop() == 0
                if leaving is old[0]:
                    new.append(await api(newer))
            new_worker = await worker(settings, mails, newer)
            assert await old_worker.stop() == 0
            await work_goes_on()
            house.written.set()
            await asyncio.wait(writers)
            await until(lambda: house.told >= set(house.made) or bool(house.failures), seconds=20)
            house.over.set()
            for running in new:
                assert await running.stop() == 0
        queued = "SELECT count(*) FROM notification WHERE sent IS NULL"

        async def all_is_sent() -> bool:
            return bool(await database.fetch_value(queued) == 0)

        await until(all_is_sent, seconds=20)
        assert await new_worker.stop() == 0

    assert house.failures == []
    assert house.streams >= 2
    assert set(house.made) == {
        identity
        for (identity,) in await database.fetch("SELECT id::text FROM bookmark WHERE icon_name = 'house'")
    }
    assert sorted(mails.subjects) == sorted(set(mails.subjects))
    assert len(mails.subjects) == await database.fetch_value("SELECT count(*) FROM notification")
    assert "Applying migration 9998_bookmark_visit" in new[0].log
    assert not any("[ERROR]" in running.log for running in (*old, *new, old_worker, new_worker))
