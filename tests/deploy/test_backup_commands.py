"""``backup`` and ``restore``: a whole server as a file, made while people write, and another server from it."""

from __future__ import annotations

import asyncio
import json
import stat
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from homechart_api.sampling import seed
from homechart_common import sample
from homechart_common.backup.file import Manifest, opened, written
from homechart_common.backup.making import back_up
from homechart_common.backup.restoring import restore
from homechart_common.config import load
from homechart_common.errors import HomechartError
from homechart_common.models import registry
from homechart_common.postgresql.clients import Clients
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.startup import bring_up_to_date
from homechart_worker.task import Context, perform
from homechart_worker.tasks.deliver import deliver
from tests.archives import everything, stored
from tests.callers import Caller, Client, serving
from tests.mail_server import mail_server
from tests.people import add_account
from tests.processes import database_environment, start

Until = Callable[..., Awaitable[None]]

PLAN = sample.Plan(date(2026, 11, 24))
JANE = "jane@example.com"
BOOKMARK = registry["Bookmark"]


async def jane(client: Client) -> Caller:
    """Somebody of the sample, in a new session."""
    body = {"emailAddress": JANE, "password": JANE}
    session = (await Caller(client).call("POST", "/auth/signin", body)).value
    headers = {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}
    return Caller(client, session["authAccountID"], headers)


def elsewhere(caller: Caller, client: Client) -> Caller:
    """The same person with the same session at another server."""
    return Caller(client, caller.account, caller.headers)


async def commanded(settings: PostgresqlSettings, *arguments: str | Path) -> tuple[int, str]:
    """The exit status of ``homechart-api`` with these arguments, and what it said."""
    process = await start("homechart_api", *map(str, arguments), environment=database_environment(settings))
    return await process.ended(), process.log


@contextmanager
def refused(words: str) -> Iterator[None]:
    """What is done in the block is refused in these words."""
    with pytest.raises(HomechartError, match=words):
        yield


async def test_a_backup_among_writes_is_one_moment_and_comes_back_whole(
    fresh_database: Database, empty: PostgresqlSettings, tmp_path: Path, until: Until
) -> None:
    await seed(fresh_database, PLAN)
    path = tmp_path / "home.backup"
    async with serving(fresh_database.settings) as client:
        caller = await jane(client)
        known_tasks = (await caller.call("GET", "/plan/tasks")).body["dataHash"]
        before = await everything(caller)
        [cursor] = [(await caller.call("GET", "/sync")).value["cursor"]]
        written: list[str] = []
        enough = asyncio.Event()

        async def write() -> None:
            while not enough.is_set():
                made = await caller.make(BOOKMARK, authAccountID=caller.account, name=f"{len(written):05}")
                written.append(made["name"])

        writing = asyncio.create_task(write())
        await until(lambda: len(written) >= 5)
        known = len(written)
        status, log = await commanded(fresh_database.settings, "backup", path)
        enough.set()
        await writing
        assert (status, log.startswith(f"Everything is in {path}")) == (0, True), log
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [file.name for file in tmp_path.iterdir()] == [path.name]

    status, log = await commanded(empty, "restore", path)
    assert (status, "clients will read everything anew" in log) == (0, True), log
    async with serving(empty) as client:
        there = elsewhere(caller, client)
        again = await everything(there)
        names = sorted(made["name"] for made in again.pop("/bookmarks") if made["name"].isdigit())
        assert known <= len(names) <= len(written)
        assert names == written[: len(names)]
        before.pop("/bookmarks")
        assert [path for path in before if again[path] != before[path]] == []
        answer = await there.call("GET", "/plan/tasks", headers={"x-homechart-hash": known_tasks})
        assert answer.status == 200
        assert (await there.call("GET", f"/sync?cursor={cursor}")).value["full"]


async def test_what_was_sent_before_is_not_sent_again(
    fresh_database: Database, empty: PostgresqlSettings, tmp_path: Path
) -> None:
    account = await add_account(fresh_database)
    say = "INSERT INTO notification (auth_account_id, kind, subject_smtp) VALUES (%(account)s, 'x', %(subject)s)"
    async with mail_server() as mails:
        options = f"smtp_hostname=127.0.0.1,smtp_port={mails.port},smtp_fromaddress=home@house.test"
        config = load(overrides=[options], environment={})
        await fresh_database.execute(say, {"account": account, "subject": "before"})
        assert await perform(deliver, Context(config, fresh_database)) == 1
        await fresh_database.execute(say, {"account": account, "subject": "waits"})
        await back_up(fresh_database.settings, tmp_path / "home.backup")
        await restore(empty, tmp_path / "home.backup", replace=False)
        await bring_up_to_date(empty)
        restored = Database(empty)
        await perform(deliver, Context(config, restored))
        await restored.close()
        assert mails.subjects == ["before", "waits"]


async def test_somebody_s_home_is_not_overwritten_unless_that_is_said(
    fresh_database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "home.backup"
    await back_up(fresh_database.settings, path)
    await add_account(fresh_database)
    await back_up(fresh_database.settings, tmp_path / "later.backup")
    await add_account(fresh_database)
    await fresh_database.close()
    settings = fresh_database.settings
    before = await all_of(settings)
    with refused("There are 2 accounts in this database"):
        await restore(settings, path, replace=False)
    assert await all_of(settings) == before
    await restore(settings, tmp_path / "later.backup", replace=True)
    with refused("There are 1 accounts in this database"):
        await restore(settings, path, replace=False)


async def test_a_database_in_use_or_of_somebody_else_is_left_alone(
    fresh_database: Database, empty: PostgresqlSettings, tmp_path: Path
) -> None:
    path = tmp_path / "home.backup"
    await back_up(fresh_database.settings, path)
    other = Database(empty)
    await other.execute("CREATE TABLE theirs ()")
    with refused("Other processes of Homechart use this database"):
        await restore(empty, path, replace=True)
    await other.close()
    with refused("tables in this database that are not Homechart's"):
        await restore(empty, path, replace=True)


async def test_what_cannot_be_restored_whole_changes_nothing(
    fresh_database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "home.backup"
    account = await add_account(fresh_database)
    await back_up(fresh_database.settings, path)
    await fresh_database.close()
    before = await all_of(fresh_database.settings)

    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with refused("is no backup of Homechart, or not all of one"):
        await restore(fresh_database.settings, path, replace=True)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with refused(r"database\.dump in it is damaged"):
        await restore(fresh_database.settings, path, replace=True)
    path.write_bytes(whole)
    remade(path, lambda dump: dump[: len(dump) * 2 // 3])
    with refused("Nothing was restored: pg_restore: error"):
        await restore(fresh_database.settings, path, replace=True)
    assert await all_of(fresh_database.settings) == before
    assert account in before


async def test_a_backup_of_a_newer_homechart_is_refused(fresh_database: Database, tmp_path: Path) -> None:
    path = tmp_path / "home.backup"
    await back_up(fresh_database.settings, path)
    await fresh_database.close()
    remade(path, migrations={"9999": ""})
    with refused("version 9999, which a newer Homechart has made"):
        await restore(fresh_database.settings, path, replace=False)
    remade(path, format=99, homechart="2031.1")
    with refused("made by Homechart 2031.1, and only that can restore it"):
        await restore(fresh_database.settings, path, replace=False)


async def test_a_backup_that_cannot_be_made_leaves_nothing(
    fresh_database: Database, empty: PostgresqlSettings, tmp_path: Path
) -> None:
    path = tmp_path / "home.backup"
    with refused("this database was never used"):
        await back_up(empty, path)
    role = f"{empty.database}_reader"
    await fresh_database.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD 'reader'; GRANT SELECT ON migration TO {role}"
    )
    try:
        settings = fresh_database.settings
        reader = PostgresqlSettings(settings.hostname, settings.port, settings.database, role, "reader")
        with refused("pg_dump failed: .*permission denied"):
            await back_up(reader, path)
    finally:
        await fresh_database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert list(tmp_path.iterdir()) == []
    path.touch()
    with refused("File exists"):
        await back_up(fresh_database.settings, path)


def test_two_backups_at_once_do_not_become_one_file(tmp_path: Path) -> None:
    path, manifest = tmp_path / "home.backup", Manifest("1", "2026-11-25T00:00:00+00:00", 18, 18, {1: "a"})
    (tmp_path / ".home.backup.unfinished").write_text("left by a process that was killed")
    with written(path, manifest) as one:
        one.write(b"one")
        with refused("another process is writing this backup"), written(path, manifest):
            pass
        one.write(b" whole")
    assert list(tmp_path.iterdir()) == [path]
    with opened(path) as (_, dump):
        assert dump.read() == b"one whole"


def test_programs_that_are_too_old_are_not_used() -> None:
    assert Clients.at_least(15).version >= 15
    with refused("There is no pg_dump of PostgreSQL 99 or newer: install postgresql-client-99"):
        Clients.at_least(99)


async def all_of(settings: PostgresqlSettings) -> str:
    """Everything in a database that nobody uses."""
    database = Database(settings)
    try:
        return await stored(database)
    finally:
        await database.close()


def remade(path: Path, dump: Any = bytes, **manifest: Any) -> None:
    """Write a backup anew, with another dump and other things said about it."""
    with zipfile.ZipFile(path) as archive:
        said = json.loads(archive.read("manifest.json"))
        content = dump(archive.read("database.dump"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({**said, **manifest}))
        archive.writestr("database.dump", content)
