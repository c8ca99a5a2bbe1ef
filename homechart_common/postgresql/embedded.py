"""PostgreSQL for those who have none: a server of our own, in a folder of ours.

The first process that needs it starts it and all others attach. It listens on a Unix socket in its folder
and nowhere else. Whoever uses it holds a shared file lock, which the kernel takes back even from a killed
process, so the last one to leave knows that it is the last and stops the server. If everybody was killed
the server keeps running, and the next process attaches.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from homechart_common import logger
from homechart_common.errors import StartupError
from homechart_common.postgresql import failures, server
from homechart_common.postgresql.programs import VERSION, Account, Programs
from homechart_common.postgresql.settings import PostgresqlSettings

#: The database and its owner.
_NAME = "homechart"
_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
#: What fits into a socket address (Linux; macOS holds 103).
_LONGEST_SOCKET_PATH = 103
#: Recovery after a crash may take a while.
_PATIENCE_SECONDS = 60
#: How often to look whether the server is still there.
_LOOK_SECONDS = 2
_CONFIGURATION = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
}

#: The file locks by which this process uses servers, by folder.
_in_use: dict[Path, int] = {}


async def start(data_directory: Path, configuration: Mapping[str, str] | None = None) -> PostgresqlSettings:
    """Use the server in ``data_directory``, which is started or even created if need be.

    ``configuration`` is added to PostgreSQL's if this call starts it. Raises :class:`StartupError` with one
    sentence that says what is in the way.
    """
    try:
        installation = _Installation(data_directory)
        async with installation.alone():
            await installation.ensure_running({**_CONFIGURATION, **(configuration or {})})
            installation.attach()
    except OSError as error:
        raise StartupError(f"The embedded PostgreSQL cannot be started: {error}") from error
    return installation.settings


async def stop(data_directory: Path) -> None:
    """Leave the server in ``data_directory``; the last one to leave stops it."""
    installation = _Installation(data_directory)
    async with installation.alone():
        if installation.detach():
            await installation.shut_down()


async def keep(data_directory: Path) -> None:
    """Start the server in ``data_directory`` again whenever it died; until cancelled."""
    installation = _Installation(data_directory)
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if await installation.listens():
            continue
        logger.notice("The embedded PostgreSQL is gone; starting it again")
        try:
            async with installation.alone():
                await installation.ensure_running(_CONFIGURATION)
        except (StartupError, OSError) as error:
            logger.error(str(error))


class _Installation:
    """The folder of one server, and the server in it."""

    def __init__(self, data_directory: Path) -> None:
        folder = data_directory.absolute()
        account = Account.for_server_in(folder)
        sockets = folder
        if len(os.fsencode(folder / _SOCKET)) > _LONGEST_SOCKET_PATH:
            sockets = Path("/tmp", f"homechart-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}")  # noqa: S108 - only its owner can enter it, which is checked
        for needed in (folder, sockets):
            _make_private(needed, account)
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "log"
        self._socket = sockets / _SOCKET
        self._account = account
        self.settings = PostgresqlSettings(hostname=str(sockets), port=_PORT, database=_NAME, username=_NAME)

    @cached_property
    def _programs(self) -> Programs:
        """To be asked for while :meth:`alone`, as they may have to be copied first."""
        return Programs(self._folder, self._account)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody else starts or stops this server inside the block."""
        descriptor = _open(self._folder / "starting.lock")
        try:
            while not _lock(descriptor, fcntl.LOCK_EX):  # noqa: ASYNC110 - nothing tells when
                await asyncio.sleep(0.05)
            yield
        finally:
            os.close(descriptor)

    def attach(self) -> None:
        """Let the others know that we use the server."""
        if self._folder not in _in_use:
            _in_use[self._folder] = descriptor = _open(self._folder / "users.lock")
            _lock(descriptor, fcntl.LOCK_SH)

    def detach(self) -> bool:
        """Take that back; whether we used the server and nobody else does."""
        descriptor = _in_use.pop(self._folder, None)
        if descriptor is None:
            return False
        try:
            return _lock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    async def ensure_running(self, configuration: Mapping[str, str]) -> None:
        """The server answers and has our database, whatever state it was found in."""
        await self._ensure_data()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                if not await self.listens():
                    await self._start(configuration)
                with suppress(failures.ConnectionLost):
                    return await self._ensure_database()
                await asyncio.sleep(0.1)

    async def shut_down(self) -> None:
        """Stop the server: open transactions are undone, everything else is written."""
        if await self.listens():
            await self._programs.run("pg_ctl", "stop", "-m", "fast", "-w", "-D", self._data)

    async def _ensure_data(self) -> None:
        if self._data.exists():
            version = (self._data / "PG_VERSION").read_text().strip()
            if version != VERSION:
                raise StartupError(
                    f"The data in {self._folder} is of PostgreSQL {version} and this is {VERSION}: "
                    "dump it with the old version and restore it with the new one"
                )
            return
        logger.notice(f"Creating a database in {self._folder}")
        unfinished = self._folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        locale = ("--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        await self._programs.run("initdb", f"--username={_NAME}", "--auth=trust", *locale, "-D", unfinished)
        with (unfinished / "postgresql.conf").open("a") as file:
            file.write("include_if_exists '../homechart.conf'\n")
        unfinished.rename(self._data)

    async def listens(self) -> bool:
        """Whether a server has the socket open, even if it is not ready yet."""
        try:
            _, writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            return False
        writer.close()
        return True

    async def _start(self, configuration: Mapping[str, str]) -> None:
        values = {**configuration, "unix_socket_directories": str(self._socket.parent)}
        quoted = {name: value.replace("'", "''") for name, value in values.items()}
        lines = (f"{name} = '{value}'\n" for name, value in quoted.items())
        (self._folder / "homechart.conf").write_text("".join(lines))
        self._forget_dead_server()
        if self._log.exists():
            self._log.rename(self._folder / "log.old")
        try:
            patience = str(_PATIENCE_SECONDS)
            await self._programs.run(
                "pg_ctl", "start", "-w", "-t", patience, "-D", self._data, "-l", self._log
            )
        except StartupError as error:
            raise StartupError(
                f"The embedded PostgreSQL cannot be started: {self._reason() or error}"
            ) from error

    def _forget_dead_server(self) -> None:
        """Remove the lock files of a killed server whose process number is in use all the same.

        By another program, as numbers repeat when a container starts again, or by what is left of the server
        where nobody collects dead processes. PostgreSQL would believe that it is still running.
        """
        for lock_file in (self._data / "postmaster.pid", self._socket.with_name(f"{_SOCKET}.lock")):
            with suppress(FileNotFoundError, NotADirectoryError):
                number = lock_file.read_text().partition("\n")[0]
                if b"postgres" not in Path("/proc", number, "cmdline").read_bytes():
                    lock_file.unlink()

    def _reason(self) -> str | None:
        """The last serious line of the server's log."""
        with suppress(FileNotFoundError):
            for line in reversed(self._log.read_text(errors="replace").splitlines()):
                if "FATAL:" in line or "PANIC:" in line:
                    return line.partition(": ")[2].strip()
        return None

    async def _ensure_database(self) -> None:
        connection = await server.connect(replace(self.settings, database="postgres"))
        try:
            if not await connection.fetch(
                "SELECT FROM pg_database WHERE datname = %(name)s", {"name": _NAME}
            ):
                await connection.execute(f"CREATE DATABASE {_NAME}")
        finally:
            await connection.close()


def _make_private(folder: Path, account: Account) -> None:
    """Make a folder that only the account can enter, or see to it that an existing one is so."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not account.reaches(folder):
        raise PermissionError(
            f"the account that PostgreSQL runs as cannot reach {folder}: let it enter the folders above, or "
            "choose another one by app.dataDirectory"
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, account.user, account.group)
    if folder.stat().st_uid != account.user:
        raise PermissionError(f"{folder} belongs to somebody else")
    folder.chmod(0o700)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(descriptor: int, kind: int) -> bool:
    """Take a file lock if it is free."""
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return True
    return False
