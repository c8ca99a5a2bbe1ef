"""Restoring a backup: all of it or nothing, into a database that nobody uses."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import copyfileobj
from typing import IO

from homechart_common.backup.file import Manifest, opened
from homechart_common.errors import HomechartError
from homechart_common.postgresql import locks, queries, server
from homechart_common.postgresql.clients import Clients
from homechart_common.postgresql.connection import Connection
from homechart_common.postgresql.migrate import check_history, known_migrations
from homechart_common.postgresql.settings import PostgresqlSettings

_QUERIES = queries.load("backup")

#: Settings that programs of a newer version make, and that older servers do not know.
_UNKNOWN_TO_OLDER = (b"SET transaction_timeout = 0;\n",)
_PIECE_BYTES = 256 * 1024


async def restore(settings: PostgresqlSettings, path: Path, *, replace: bool) -> Manifest:
    """Fill the database with what is in a backup; with ``replace``, even if there are accounts in it.

    The schema is that of the backup afterwards, to be brought up to date as any other. Raises HomechartError
    when it cannot be done, and then leaves everything as it was.
    """
    with opened(path) as (manifest, dump):
        check_history(manifest.migrations, known_migrations())
        clients = Clients.at_least(max(manifest.pg_dump, manifest.postgresql))
        connection = await server.connect(settings.direct())
        try:
            if not await locks.try_lock(connection, locks.MIGRATION):
                raise HomechartError("Somebody else changes the schema of this database at the moment")
            await _check_target(connection, replace=replace)
            removals = [row[0] for row in await connection.fetch(_QUERIES["removals"])]
            await asyncio.to_thread(_replay, clients, settings, removals, dump)
        finally:
            await connection.close()
    return manifest


async def _check_target(connection: Connection, *, replace: bool) -> None:
    """Refuse a database that is in use, somebody else's, or, unless it is to be replaced, somebody's home."""
    if await connection.fetch_value(_QUERIES["others"]):
        raise HomechartError("Other processes of Homechart use this database: stop them first")
    any_tables, ours, has_accounts = await connection.fetch_row(_QUERIES["contents"]) or (False, False, False)
    if any_tables and not ours:
        raise HomechartError("There are tables in this database that are not Homechart's: take an empty one")
    accounts = await connection.fetch_value(_QUERIES["accounts"]) if has_accounts else 0
    if accounts and not replace:
        raise HomechartError(f"There are {accounts} accounts in this database (--replace deletes everything)")


def _replay(clients: Clients, settings: PostgresqlSettings, removals: Sequence[str], dump: IO[bytes]) -> None:
    """In one transaction: empty the schema, and run what the backup says."""
    with tempfile.TemporaryFile() as errors:
        reading = clients.start(
            "pg_restore",
            "--file=-",
            "--no-owner",
            "--no-privileges",
            settings=settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors.fileno(),
        )
        running = clients.start(
            "psql",
            "--no-psqlrc",
            "--no-password",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            settings=settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors.fileno(),
        )
        assert reading.stdin and reading.stdout and running.stdin  # noqa: S101, PT018 - they are pipes
        feeding = threading.Thread(target=_feed, args=(dump, reading.stdin))
        feeding.start()
        with suppress(BrokenPipeError), running.stdin as script:
            script.write(_opening(settings, removals))
            for piece in _pieces(reading.stdout):
                script.write(piece)
            # Without this all is undone: what is not whole must not stay.
            if reading.wait() == 0:
                script.write(b"\nCOMMIT;\n")
        reading.stdout.close()
        statuses = (running.wait(), reading.wait())
        feeding.join()
        if any(statuses):
            errors.seek(0)
            raise HomechartError(f"Nothing was restored: {_first_line(errors.read())}")


def _opening(settings: PostgresqlSettings, removals: Sequence[str]) -> bytes:
    role = settings.schema_role.replace('"', '""')
    lines = ["BEGIN;", *([f'SET LOCAL ROLE "{role}";'] if role else []), *removals, ""]
    return "\n".join(lines).encode()


def _pieces(script: IO[bytes]) -> Iterator[bytes]:
    """The script, without what an older server would stumble over; that stands in its first lines, if anywhere."""
    for _ in range(40):
        line = script.readline()
        if line not in _UNKNOWN_TO_OLDER:
            yield line
    while piece := script.read(_PIECE_BYTES):
        yield piece


def _feed(dump: IO[bytes], program: IO[bytes]) -> None:
    with suppress(BrokenPipeError), program:
        copyfileobj(dump, program)


def _first_line(errors: bytes) -> str:
    """What went wrong first; the lines below it quote rows."""
    lines = errors.decode(errors="replace").splitlines() or ["the program says nothing"]
    return next((line for line in lines if "ERROR" in line or "error:" in line), lines[0]).strip()
