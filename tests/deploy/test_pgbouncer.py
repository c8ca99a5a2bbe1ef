"""Everything through a real PgBouncer in transaction mode, with the file that we ship."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from homechart_common.errors import StartupError
from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.models import Bookmark, registry
from homechart_common.models.model import Owner
from homechart_common.postgresql.database import Database, Statement
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.programs import Account
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import Caller
from tests.factories import change_to
from tests.mail_server import mail_server
from tests.people import add_tasks
from tests.processes import Running, api_process, database_environment, free_port, start
from tests.sync.news import news, nothing_new
from tests.sync.streams import CREATED, open_stream, told

Until = Callable[..., Awaitable[None]]

_SHIPPED = Path(__file__).parents[2] / "deploy" / "pgbouncer" / "pgbouncer.ini"
_PASSWORD = "correct horse battery"  # of the role, at PgBouncer
#: So few that everybody is lent everybody's sessions.
_SESSIONS = 2
#: What a client of PgBouncer has set, PgBouncer sets again wherever it goes.
_ITS_OWN = {
    "application_name",
    "client_encoding",
    "DateStyle",
    "IntervalStyle",
    "standard_conforming_strings",
    "TimeZone",
}
_LEFT_BEHIND = """
SELECT pg_backend_pid(), array(SELECT name FROM pg_settings WHERE source = 'session'),
    (SELECT count(*) FROM pg_prepared_statements) + (SELECT count(*) FROM pg_listening_channels())
        + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
        + (pg_my_temp_schema() <> 0)::integer
"""


def version() -> tuple[int, ...]:
    """Of the PgBouncer that is here; nothing if there is none."""
    if shutil.which("pgbouncer") is None:
        return ()
    said = subprocess.run(["pgbouncer", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    assert found, said
    return int(found[1]), int(found[2])


pytestmark = pytest.mark.skipif(
    not version(), reason="PgBouncer is not installed: NOTHING WAS TESTED THROUGH IT"
)
follows_prepared_statements = pytest.mark.skipif(
    version() < (1, 21), reason="PgBouncer is too old for max_prepared_statements: THAT WAS NOT TESTED"
)


@asynccontextmanager
async def pgbouncer(
    folder: Path, target: PostgresqlSettings, changes: dict[str, str]
) -> AsyncIterator[PostgresqlSettings]:
    """It runs inside the block, in front of a database; how to reach that through it, and directly past it."""
    port, password = free_port(), target.password or _PASSWORD
    server = f"host={target.hostname} port={target.port}"
    text = _SHIPPED.read_text()
    for shipped, ours in {
        "homechart = host=127.0.0.1 port=5432": f"{target.database} = {server}",
        "listen_port = 6432": f"listen_port = {port}",
        "unix_socket_dir = /var/run/postgresql": "unix_socket_dir =",
        "/etc/pgbouncer/": f"{folder}/",
        "/var/log/postgresql/": f"{folder}/",
        "/var/run/postgresql/": f"{folder}/",
        "default_pool_size = 20": f"default_pool_size = {_SESSIONS}",
        **changes,
    }.items():
        assert shipped in text
        text = text.replace(shipped, ours)
    (folder / "pgbouncer.ini").write_text(text)
    (folder / "userlist.txt").write_text(f'"{target.username}" "{password}"\n')
    # which refuses to run as root, like PostgreSQL, whose socket it must reach
    sockets = Path(target.hostname) if target.hostname.startswith("/") else folder
    account = Account.for_server_in(sockets)
    os.chown(folder, account.user, account.group)
    process = await asyncio.create_subprocess_exec(
        "pgbouncer",
        folder / "pgbouncer.ini",
        user=account.user,
        group=account.group,
        extra_groups=[],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    settings = replace(
        target,
        hostname="127.0.0.1",
        port=port,
        password=password,
        direct_hostname=target.hostname,
        direct_port=target.port,
    )
    try:
        await _until_it_answers(process, settings, folder / "pgbouncer.log")
        yield settings
    finally:
        process.kill()
        await process.wait()


async def _until_it_answers(
    process: asyncio.subprocess.Process, settings: PostgresqlSettings, log: Path
) -> None:
    async with asyncio.timeout(10):
        while True:
            assert process.returncode is None, log.read_text()
            try:
                _, writer = await asyncio.open_connection(settings.hostname, settings.port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                return writer.close()


@pytest.fixture(
    params=[
        pytest.param({}, id="as shipped"),
        pytest.param(
            {"query_wait_timeout = 30": "max_prepared_statements = 0"},
            id="without prepared statements",
            marks=follows_prepared_statements,
        ),
        pytest.param(
            {"query_wait_timeout = 30": "max_prepared_statements = 200"},
            id="with prepared statements",
            marks=follows_prepared_statements,
        ),
    ]
)
async def pooled(
    request: pytest.FixtureRequest, folder: Path, fresh_database: Database
) -> AsyncIterator[PostgresqlSettings]:
    """A PgBouncer in front of a database whose clocks are elsewhere."""
    await fresh_database.execute(
        f"ALTER DATABASE {fresh_database.settings.database} SET timezone = 'Asia/Tokyo'"
    )
    async with pgbouncer(folder, fresh_database.settings, request.param) as settings:
        yield settings


def environment(settings: PostgresqlSettings) -> dict[str, str]:
    """The variables that make a process use a database through PgBouncer."""
    return {
        **database_environment(settings),
        "HOMECHART_POSTGRESQL_DIRECTHOSTNAME": settings.direct_hostname,
        "HOMECHART_POSTGRESQL_DIRECTPORT": f"{settings.direct_port}",
    }


async def test_people_and_workers_notice_nothing_and_leave_nothing_behind(
    pooled: PostgresqlSettings, fresh_database: Database, until: Until
) -> None:
    await fresh_database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    async with AsyncExitStack() as stack:
        apis = [
            await stack.enter_async_context(api_process(pooled, environment=environment(pooled)))
            for _ in range(2)
        ]
        assert "Applying migration 0001_sync" in apis[0].log
        first, second = [await stack.enter_async_context(aiohttp.ClientSession(api.url)) for api in apis]
        await lead_a_life(first, second)
        await be_reminded(pooled, fresh_database, until)
        await look_behind(pooled)
        for api in apis:
            assert await api.stop() == 0
            assert "ERROR" not in api.log


async def lead_a_life(first: aiohttp.ClientSession, second: aiohttp.ClientSession) -> None:
    """Sign up, make, change and delete one of everything at one process, and hear of it from the other."""
    form = {"emailAddress": "ann@house.test", "password": _PASSWORD, "tosAccepted": True}
    session = (await Caller(first).call("POST", "/auth/accounts", form)).value
    headers = {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}
    ann, her_phone = (Caller(client, session["authAccountID"], headers) for client in (first, second))
    home = (await ann.call("POST", "/auth/households", {"name": "Home"})).value["id"]
    before = await news(her_phone)
    stream = await open_stream(second, session["id"], headers=headers)
    link = await ann.make(Bookmark, authAccountID=ann.account)
    assert await stream.told_of("bookmark") == told(Bookmark, link, CREATED)
    stream.close()
    for model in registry:
        if {"create", "update", "delete"} <= set(model.routes):
            owner = (
                {"authAccountID": ann.account} if model.owner is Owner.ACCOUNT else {"authHouseholdID": home}
            )
            # all of them, so that many transactions are under way at once
            made, *others = await asyncio.gather(*(ann.make(model, **owner) for _ in range(4)))
            read = await her_phone.list(model)
            assert {made["id"], *(other["id"] for other in others)} <= {
                value["id"] for value in read.values
            }, model
            assert (await her_phone.list(model, token=read.token)).status == 204
            assert (await her_phone.update(model, made["id"], change_to(model))).status == 200, model
            assert (await ann.delete(model, made["id"])).status == 200, model
    after = await news(her_phone, before.cursor)
    assert not after.full
    assert await nothing_new(ann, after.cursor)


async def be_reminded(settings: PostgresqlSettings, database: Database, until: Until) -> None:
    """Two workers: one leads, and another when that one dies; a reminder is sent once."""
    async with mail_server() as mails:
        variables = {
            **environment(settings),
            "HOMECHART_SMTP_HOSTNAME": "127.0.0.1",
            "HOMECHART_SMTP_PORT": f"{mails.port}",
            "HOMECHART_SMTP_FROMADDRESS": "butler@house.test",
        }
        await database.execute("UPDATE auth_account SET verified = true")
        home = await database.fetch_value("SELECT id::text FROM auth_household")
        names = {f"Bins {number}" for number in range(20)}
        await add_tasks(database, *names, household=home)
        crew = [
            await start("homechart_worker", "run", UNTIL_INPUT_ENDS, environment=variables) for _ in range(2)
        ]
        try:
            await until(lambda: any("This worker leads" in worker.log for worker in crew), 20)
            await until(lambda: names <= {subject.rpartition(": ")[2] for subject in mails.subjects}, 20)
            [leader] = [worker for worker in crew if "This worker leads" in worker.log]
            [heir] = [worker for worker in crew if worker is not leader]
            leader.kill()
            await heir.says("This worker leads")
        finally:
            await _stop(crew)
        assert set(mails.deliveries().values()) == {1}


async def _stop(crew: list[Running]) -> None:
    for worker in crew:
        await worker.stop()


async def look_behind(settings: PostgresqlSettings) -> None:
    """Nothing of what happened is left in PgBouncer's sessions."""
    database = Database(settings)
    await database.open()
    together = asyncio.Barrier(_SESSIONS)

    async def look() -> int:
        async with database.transaction() as session:
            row = await session.fetch_row(_LEFT_BEHIND)
            await together.wait()
        assert row is not None
        process, changed, things = row
        assert set(changed) <= _ITS_OWN
        assert things == 0
        return int(process)

    assert len(set(await asyncio.gather(*(look() for _ in range(_SESSIONS))))) == _SESSIONS
    await database.close()


@pytest.fixture(params=["options", "extra_float_digits"], ids=["time limits ignored", "time limits refused"])
async def unnoticed(
    request: pytest.FixtureRequest, folder: Path, fresh_database: Database
) -> AsyncIterator[PostgresqlSettings]:
    """A PgBouncer that nothing is said about, and that passes over what comes with a connection, or refuses it."""
    changes = {"parameters = options": f"parameters = {request.param}"}
    async with pgbouncer(folder, fresh_database.settings, changes) as settings:
        yield replace(settings, direct_hostname="", direct_port=0)


async def test_nothing_is_prepared_in_sessions_that_are_lent(unnoticed: PostgresqlSettings) -> None:
    database = Database(unnoticed)
    await database.open()
    answer = Statement("answer", "SELECT 42")
    assert await asyncio.gather(*(database.fetch_value(answer) for _ in range(50))) == [42] * 50
    await database.close()
    await look_behind(unnoticed)


async def test_listening_through_it_is_refused_in_words_that_help(unnoticed: PostgresqlSettings) -> None:
    database = Database(unnoticed)
    await database.open()
    with pytest.raises(StartupError, match=r"is a connection pooler: postgresql\.directHostname"):
        await migrate(database)
    await database.close()
