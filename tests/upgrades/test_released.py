"""Databases as released versions left them, each brought up to date: nothing is gone, and every list answers.

Beside this file there is a backup of each (docs/upgrading.md says how the next one is made): a family's household.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from homechart_common.backup.restoring import restore
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import known_migrations
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.startup import bring_up_to_date
from tests.archives import everything
from tests.callers import Caller, serving

BACKUPS = sorted(Path(__file__).parent.glob("*.backup"))
#: Somebody in each of them, with the address as the password.
ADDRESS = "jane@example.com"

#: What is not about people: how far the schema is, and lists that are rendered anew.
_UNTOLD = ("migration", "definition", "sync_epoch", "cache")
#: Columns of released schemas that are no more, each since the migration that contracted it.
_CONTRACTED: dict[str, frozenset[str]] = {}

Rows = dict[str, list[dict[str, Any]]]


async def rows(settings: PostgresqlSettings) -> Rows:
    """Every row of every table."""
    database = Database(settings)
    try:
        tables = await database.fetch("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        return {
            table: [
                json.loads(text)
                for (text,) in await database.fetch(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            ]
            for (table,) in tables
            if table not in _UNTOLD
        }
    finally:
        await database.close()


def counted(rows: list[dict[str, Any]], columns: set[str]) -> Counter[str]:
    """How often there is which row, as far as those columns go."""
    return Counter(json.dumps({name: row.get(name) for name in columns}, sort_keys=True) for row in rows)


@pytest.mark.parametrize("path", BACKUPS, ids=lambda path: path.stem)
async def test_a_released_schema_is_brought_up_to_date_with_all_that_is_in_it(
    path: Path, empty: PostgresqlSettings
) -> None:
    manifest = await restore(empty, path, replace=False)
    assert manifest.schema == int(path.stem)
    before = await rows(empty)
    assert sum(map(len, before.values())) > 500
    await bring_up_to_date(empty)
    after = await rows(empty)
    for table, old in before.items():
        columns = {name for row in old for name in row} - _CONTRACTED.get(table, frozenset())
        gone = counted(old, columns) - counted(after[table], columns)
        assert not gone, f"{table}: {len(gone)} of {len(old)} rows are not as they were: {list(gone)[:2]}"
    async with serving(empty) as client:
        body = {"emailAddress": ADDRESS, "password": ADDRESS}
        session = (await Caller(client).call("POST", "/auth/signin", body)).value
        headers = {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}
        seen = await everything(Caller(client, session["authAccountID"], headers))
    assert len([path for path, values in seen.items() if values]) > 20
    assert len(seen["/plan/tasks"]) == len(before["plan_task"])


def test_the_first_released_schema_is_among_them() -> None:
    assert BACKUPS[0].stem == "0012"
    assert int(BACKUPS[-1].stem) <= known_migrations()[-1].version
