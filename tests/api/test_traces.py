"""A trace follows what a request did to where it ends: in another process's event streams, and in a worker."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.postgresql.database import Database
from tests.collector import Collector, collecting
from tests.mail_server import mail_server
from tests.people import add_account, add_session, add_tasks
from tests.processes import api_process, database_environment, start
from tests.sync.streams import EventStream

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
#: As a caller says it whose own trace is kept.
KEPT = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}

Until = Callable[..., Awaitable[None]]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


def traced(collector: Collector, service: str) -> dict[str, str]:
    """The configuration of a process that sends its spans there, if callers want them kept."""
    return {
        "HOMECHART_TRACING_ENDPOINT": f"{collector.server.host}:{collector.server.port}",
        "HOMECHART_TRACING_INSECURE": "true",
        "HOMECHART_TRACING_SERVICENAME": service,
    }


async def test_a_write_is_followed_into_the_streams_of_another_process(
    fresh_database: Database, collector: Collector
) -> None:
    key = await add_session(fresh_database, await add_account(fresh_database))
    session = await fresh_database.fetch_value("SELECT id::text FROM auth_session")
    headers = {"Authorization": f"Bearer {key}"}
    settings = fresh_database.settings
    async with (
        api_process(settings, environment=traced(collector, "writer")) as writer,
        api_process(settings, environment=traced(collector, "reader")) as reader,
        aiohttp.ClientSession(headers=headers) as client,
        client.get(f"{reader.url}/api/v1/sse/{session}") as response,
    ):
        stream = EventStream(response)
        for name, more in (("one", {}), ("two", KEPT)):
            body = {"name": name, "link": f"https://{name}.test"}
            async with client.post(f"{writer.url}/api/v1/bookmarks", json=body, headers=more) as made:
                assert made.status == 200
            assert (await stream.told())["table"] == "bookmark"
    request, told = collector.spans["/api/v1/bookmarks POST"], collector.spans["ChangeTell"]
    assert (collector.services["/api/v1/bookmarks POST"], collector.services["ChangeTell"]) == (
        "writer",
        "reader",
    )
    assert request.trace_id.hex() == told.trace_id.hex() == TRACE_ID
    assert told.parent_span_id == collector.spans["BookmarkCreate"].span_id
    assert collector.names.count("ChangeTell") == 1  # the request whose caller keeps no trace left none


async def test_a_message_is_followed_to_its_delivery(
    fresh_database: Database, collector: Collector, until: Until
) -> None:
    address = f"{uuid.uuid4().hex}@house.test"
    await add_account(fresh_database, email_address=address)
    async with mail_server() as mails:
        environment = {
            "HOMECHART_SMTP_HOSTNAME": "127.0.0.1",
            "HOMECHART_SMTP_PORT": str(mails.port),
            "HOMECHART_SMTP_FROMADDRESS": "home@house.test",
        }
        settings = fresh_database.settings
        worker = await start(
            "homechart_worker",
            "run",
            UNTIL_INPUT_ENDS,
            environment={**database_environment(settings), **environment, **traced(collector, "worker")},
        )
        writing = {**environment, **traced(collector, "writer")}
        async with api_process(settings, environment=writing) as api, aiohttp.ClientSession() as client:
            body = {"emailAddress": address}
            async with client.post(f"{api.url}/api/v1/auth/reset", json=body, headers=KEPT) as answer:
                assert answer.status == 200
            await until(lambda: len(mails.arrivals) == 1, seconds=20)
        assert await worker.stop() == 0
    delivered = collector.spans["MessageDeliver"]
    assert collector.services["MessageDeliver"] == "worker"
    assert delivered.trace_id.hex() == TRACE_ID
    assert delivered.parent_span_id == collector.spans["AuthResetCreate"].span_id


async def test_who_is_not_traced_is_not_spoken_of(fresh_database: Database) -> None:
    account = await add_account(fresh_database)
    listening = await fresh_database.direct()
    await listening.execute('LISTEN "changes"')
    await add_tasks(fresh_database, "Sweep", account=account)
    _, payload = await listening.notification()
    await listening.close()
    assert list(json.loads(payload)) == ["owner", "table", "version", "more", "rows"]
