"""Making a backup while everything runs: one moment, as one transaction sees it."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from pathlib import Path
from shutil import copyfileobj

from homechart_common import clock
from homechart_common.backup.file import Manifest, written
from homechart_common.errors import HomechartError
from homechart_common.postgresql import queries, server
from homechart_common.postgresql.clients import Clients
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.version import VERSION

_QUERIES = queries.load("backup")

#: What is not in it: lists that are rendered again when somebody asks.
_LEFT_OUT = "--exclude-table-data=cache"


async def back_up(settings: PostgresqlSettings, path: Path) -> Manifest:
    """Write all there is into a new file; what is said about it.

    Raises HomechartError when it cannot be made, and then leaves nothing behind.
    """
    connection = await server.connect(settings.direct())
    try:
        # The transaction waits for the program as long as that takes.
        await connection.execute("SET idle_in_transaction_session_timeout = 0")
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot, version = await connection.fetch_row(_QUERIES["snapshot"]) or ("", 0)
        if not await connection.fetch_value("SELECT to_regclass('migration')"):
            raise HomechartError("There is nothing to back up: this database was never used")
        history: dict[int, str] = dict(await connection.fetch(_QUERIES["history"]))
        clients = Clients.at_least(version)
        made = clock.now().isoformat(timespec="seconds")
        manifest = Manifest(VERSION, made, version, clients.version, history)
        await asyncio.to_thread(_write, clients, settings, snapshot, manifest, path)
    finally:
        await connection.close()
    return manifest


def _write(
    clients: Clients, settings: PostgresqlSettings, snapshot: str, manifest: Manifest, path: Path
) -> None:
    # The file is compressed anyway, and not every pg_dump can.
    arguments = ("--format=custom", "--compress=0", "--no-password", f"--snapshot={snapshot}", _LEFT_OUT)
    with written(path, manifest) as dump, tempfile.TemporaryFile() as errors:
        program = clients.start(
            "pg_dump", *arguments, settings=settings, stdout=subprocess.PIPE, stderr=errors.fileno()
        )
        with program:
            assert program.stdout is not None  # noqa: S101 - it is a pipe
            copyfileobj(program.stdout, dump)
        if program.returncode:
            errors.seek(0)
            raise HomechartError(
                f"pg_dump failed: {' '.join(errors.read().decode(errors='replace').split())}"
            )
