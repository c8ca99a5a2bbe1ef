"""Two PostgreSQL servers, of which one follows the other and may take its place."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from homechart_common.postgresql import embedded
from homechart_common.postgresql.programs import Account, Programs
from homechart_common.postgresql.server import connect
from homechart_common.postgresql.settings import PostgresqlSettings


@dataclass
class Pair:
    """A primary and a standby, by the folders they are in."""

    primary: Path
    standby: Path
    programs: Programs
    settings: PostgresqlSettings
    _frozen: list[psutil.Process] = field(default_factory=list)

    @property
    def both(self) -> PostgresqlSettings:
        """Both hosts, the standby first."""
        return replace(self.settings, hostname=f"{self.standby},{self.primary}")

    @property
    def primary_first(self) -> PostgresqlSettings:
        """Both hosts, the primary first."""
        return replace(self.settings, hostname=f"{self.primary},{self.standby}")

    def at(self, folder: Path) -> PostgresqlSettings:
        """One of them alone."""
        return replace(self.settings, hostname=str(folder))

    async def replicate_synchronously(self) -> None:
        """From now on the primary acknowledges nothing that the standby does not have."""
        connection = await connect(self.settings)
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

    def kill_primary(self) -> None:
        """All its processes die at once, as if its host did."""
        for process in processes(self.primary):
            process.kill()

    def freeze_primary(self) -> None:
        """It does nothing any more, and closes nothing."""
        self._frozen = processes(self.primary)
        for process in self._frozen:
            process.suspend()

    async def thaw_primary(self) -> None:
        """It goes on as if nothing had happened."""
        for process in self._frozen:
            process.resume()

    async def promote(self) -> None:
        """The standby becomes a primary, whatever the other one does."""
        await self.programs.run("pg_ctl", "promote", "-w", "-D", self.standby / "data")

    async def revive_primary(self) -> None:
        """It starts again as the primary that it was."""
        data = self.primary / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)
        await self.programs.run("pg_ctl", "start", "-w", "-D", data, "-l", self.primary / "log")

    async def fail_over(self) -> None:
        """The primary dies and the standby takes its place."""
        await self.programs.run("pg_ctl", "stop", "-m", "immediate", "-D", self.primary / "data")
        await self.promote()


def processes(folder: Path) -> list[psutil.Process]:
    """The processes of the server in a folder, the first one first."""
    number = int((folder / "data" / "postmaster.pid").read_text().partition("\n")[0])
    first = psutil.Process(number)
    return [first, *sorted(first.children(), key=lambda process: process.create_time())]


@asynccontextmanager
async def new_pair(where: Path) -> AsyncIterator[Pair]:
    """A primary with the standby that has everything the primary had; both are gone after the block."""
    primary, standby = (where / uuid.uuid4().hex[:8] for _ in range(2))
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
    try:
        yield Pair(primary, standby, programs, settings)
    finally:
        await programs.run("pg_ctl", "stop", "-m", "immediate", "-D", standby / "data")
        await embedded.stop(primary)


def _make_folder_like(model: Path, folder: Path) -> None:
    owner = model.stat()
    folder.mkdir()
    os.chown(folder, owner.st_uid, owner.st_gid)
