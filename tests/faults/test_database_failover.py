"""A primary and its standby: who is used, and how everybody follows when the standby takes over."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from homechart_common.errors import Unavailable
from homechart_common.postgresql import embedded, server
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.failures import ConnectionLost
from homechart_common.postgresql.listener import CHANGES, Listener
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.programs import Account, Programs
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import serving
from tests.cast import new_cast
from tests.sync.news import news, nothing_new

Until = Callable[..., Awaitable[None]]

_WHERE = "SELECT current_setting('data_directory')"


@dataclass
class Pair:
    """Two servers of which one follows the other."""

    primary: Path
    standby: Path
    programs: Programs
    settings: PostgresqlSettings

    @property
    def both(self) -> PostgresqlSettings:
        """Both hosts, the standby first."""
        return replace(self.settings, hostname=f"{self.standby},{self.primary}")

    async def fail_over(self) -> None:
        """The primary dies and the standby takes its place."""
        await self.programs.run("pg_ctl", "stop", "-m", "immediate", "-D", self.primary / "data")
        await self.programs.run("pg_ctl", "promote", "-w", "-D", self.standby / "data")


@pytest.fixture
async def pair(server_folder: Path) -> AsyncIterator[Pair]:
    """A primary, and a standby that has everything the primary had."""
    primary, standby = (server_folder / uuid.uuid4().hex[:8] for _ in range(2))
    settings = await embedded.start(primary, {"fsync": "off"})
    programs = Programs(primary, Account.for_server_in(primary))
    _make_folder_like(primary, standby)
    source = ("--host", str(primary), "--username", settings.username)
    await programs.run(
        "pg_basebackup", *source, "--write-recovery-conf", "--checkpoint=fast", "-D", standby / "data"
    )
    (standby / "homechart.conf").write_text(
        (primary / "homechart.conf").read_text().replace(str(primary), str(standby))
    )
    await programs.run("pg_ctl", "start", "-w", "-D", standby / "data", "-l", standby / "log")
    yield Pair(primary, standby, programs, settings)
    await programs.run("pg_ctl", "stop", "-m", "immediate", "-D", standby / "data")
    await embedded.stop(primary)


def _make_folder_like(model: Path, folder: Path) -> None:
    owner = model.stat()
    folder.mkdir()
    os.chown(folder, owner.st_uid, owner.st_gid)


async def test_of_several_hosts_the_one_that_can_be_written_to_is_used(pair: Pair) -> None:
    with pytest.raises(ConnectionLost) as refused:
        await server.connect(replace(pair.settings, hostname=str(pair.standby)))
    assert "standby" in str(refused.value.__cause__)
    connection = await server.connect(pair.both)
    assert await connection.fetch_value(_WHERE) == str(pair.primary / "data")
    await connection.close()


async def test_everybody_follows_when_the_standby_takes_over(pair: Pair, until: Until) -> None:
    database = Database(pair.both)
    await database.open()
    heard: list[str] = []
    listener = Listener(database, {CHANGES: heard.append}, on_reconnect=lambda: heard.append("read again"))
    listening = asyncio.create_task(listener.run())
    await listener.ready.wait()

    await pair.fail_over()

    async def answers() -> bool:
        try:
            return bool(await database.fetch_value(_WHERE) == str(pair.standby / "data"))
        except Unavailable:
            return False

    await until(answers)
    await until(lambda: heard == ["read again"])
    await database.execute("NOTIFY changes, 'after'")
    await until(lambda: heard == ["read again", "after"])
    listening.cancel()
    await asyncio.wait([listening])
    await database.close()


async def test_a_cursor_from_before_a_standby_took_over_is_answered_with_everything(
    pair: Pair, until: Until
) -> None:
    """The standby may not have had everything that the cursor stands for."""
    async with _opened(pair.both) as database:
        await migrate(database)
        async with serving(pair.both) as client:
            cast = await new_cast(database, client)
            before = await news(cast.ann)
            assert await nothing_new(cast.ann, before.cursor)
            caught_up = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_lsn()"

            async def has_everything() -> bool:
                return bool(await database.fetch_value(caught_up))

            await until(has_everything)
            await pair.fail_over()

            async def answers() -> bool:
                return (await cast.ann.call("GET", "/sync")).status == 200

            await until(answers)
            after = await news(cast.ann, before.cursor)
            assert (after.full, after.changed) == (True, before.changed)
            assert await nothing_new(cast.ann, after.cursor)


@asynccontextmanager
async def _opened(settings: PostgresqlSettings) -> AsyncIterator[Database]:
    database = Database(settings)
    await database.open()
    yield database
    await database.close()
