"""Lists that were rendered before are used while they are true, and never longer."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from homechart_common.models import registry, rendering
from homechart_common.models.lists import Fragment, keep
from homechart_common.models.model import Model
from homechart_common.models.rendering import fragment_kind
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.queries import sql_directory
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import join
from tests.sync.news import news

CHANGE, PROJECT, TASK = registry["Change"], registry["PlanProject"], registry["PlanTask"]
LONG_AGO = "2020-01-01T00:00:00Z"

Through = Callable[[Caller], Caller]
Until = Callable[..., Awaitable[None]]
Kept = Callable[..., Awaitable[str]]
#: A way to read all tasks of somebody.
Read = Callable[[Caller], Awaitable[list[dict[str, Any]]]]


async def listed(caller: Caller) -> list[dict[str, Any]]:
    return (await caller.list(TASK)).values


async def followed(caller: Caller) -> list[dict[str, Any]]:
    return (await news(caller)).changed.get("PlanTask", [])


each_way = pytest.mark.parametrize("read", [listed, followed])


async def fragments(database: Database, owner: str, model: type[Model] = TASK) -> list[tuple[Any, ...]]:
    """Kind, version and value of what is kept of an owner's list."""
    return await database.fetch(
        "SELECT kind, version, value FROM cache WHERE owner_id = %(owner)s AND table_name = %(table)s",
        {"owner": owner, "table": model.table},
    )


@pytest.fixture
def kept(database: Database, until: Until) -> Kept:
    """Waits for what is kept of an owner's tasks; it is put there after the answer."""

    async def value(owner: str, *, kind: str = fragment_kind(TASK), but: str = "") -> str:
        found: list[str] = []

        async def there() -> bool:
            found[:] = [text for named, _, text in await fragments(database, owner) if named == kind]
            return found not in ([], [but])

        await until(there)
        return found[0]

    return value


async def forge(database: Database, owner: str, value: str, older: int = 0) -> None:
    """Keep something as the rendered tasks of an owner, at the version that they are at or an older one."""
    await database.execute(
        """INSERT INTO cache (owner_id, table_name, kind, version, value)
        SELECT owner_id, table_name, %(kind)s, max(version) - %(older)s, %(value)s FROM sync_change
        WHERE owner_id = %(owner)s AND table_name = 'plan_task' GROUP BY 1, 2
        ON CONFLICT (owner_id, table_name, kind) DO UPDATE SET version = excluded.version, value = excluded.value""",
        {"owner": owner, "kind": fragment_kind(TASK), "value": value, "older": older},
    )


@each_way
async def test_a_list_is_kept_as_it_was_rendered_and_used_by_all(
    cast: Cast, database: Database, through: Through, kept: Kept, read: Read
) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    assert await read(cast.ann) == [task]
    value = await kept(cast.home)
    assert f'"id":"{task["id"]}"' in value

    # what is kept is what is answered, to every member and by every process
    await forge(database, cast.home, value.replace(task["name"], "From the cache"))
    for caller in (cast.ann, through(cast.ann), cast.vic, through(cast.vic)):
        assert [task["name"] for task in await read(caller)] == ["From the cache"]


@each_way
async def test_what_is_out_of_date_is_not_used(
    cast: Cast, database: Database, kept: Kept, read: Read
) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    await forge(database, cast.home, "[out of date]", older=1)
    assert await read(cast.ann) == [task]
    assert task["id"] in await kept(cast.home, but="[out of date]")
    assert await read(cast.ann) == [task]


async def test_a_write_drops_what_it_makes_out_of_date(cast: Cast, database: Database, kept: Kept) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    for model in (TASK, PROJECT):
        await cast.ann.list(model)
        await cast.ann.list(model, updated=LONG_AGO)
    await kept(cast.home)
    await kept(cast.home, kind="index")
    await cast.ann.update(TASK, task["id"], {"name": "Changed"})
    assert await fragments(database, cast.home) == []
    assert await fragments(database, cast.home, PROJECT) != []


async def test_something_older_never_replaces_something_newer(cast: Cast, database: Database) -> None:
    for version, value in ((5, "five"), (4, "four"), (6, "six"), (5, "five")):
        await keep(database, (Fragment(cast.home, TASK.table, "some", version, value),))
    assert await fragments(database, cast.home) == [("some", 6, "six")]


@each_way
async def test_a_write_is_read_at_once_by_another_process(cast: Cast, through: Through, read: Read) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    here, there = cast.bob, through(cast.bob)
    for number in range(40):
        if number % 4:  # so that it is kept at one time and not at another
            await read(there)
        changed = (await here.update(TASK, task["id"], {"name": f"Number {number}"})).value
        assert await read(there) == [changed]


@each_way
async def test_reading_while_others_write_never_goes_back(cast: Cast, through: Through, read: Read) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home, name="0")
    over = False

    async def write() -> None:
        nonlocal over
        for number in range(1, 60):
            await cast.ann.update(TASK, task["id"], {"name": str(number)})
        over = True

    async def watch(caller: Caller) -> None:
        newest = 0
        while not over:
            [found] = await read(caller)
            assert int(found["name"]) >= newest
            newest = int(found["name"])
        [found] = await read(caller)
        assert found["name"] == "59"

    await asyncio.gather(write(), *(watch(caller) for caller in (cast.vic, through(cast.vic))))


@each_way
async def test_a_cache_that_was_lost_costs_nothing_but_rendering(
    cast: Cast, database: Database, kept: Kept, read: Read
) -> None:
    """It is, after PostgreSQL crashed."""
    for owner in ({}, {"authHouseholdID": cast.home}):
        await cast.ann.make(TASK, **owner)
    before = await read(cast.ann)
    token = (await cast.ann.list(TASK)).token
    cursor = (await news(cast.ann)).cursor
    await kept(cast.home)
    await database.execute("TRUNCATE cache")
    assert await read(cast.ann) == before
    assert (await cast.ann.list(TASK, token=token)).status == 204
    assert (await news(cast.ann)).cursor == cursor
    await kept(cast.home)


async def test_what_not_everybody_sees_is_not_kept(cast: Cast, database: Database, kept: Kept) -> None:
    await join(database, cast.home, cast.vic.account, {"plan": 2})
    await cast.ann.make(TASK, authHouseholdID=cast.home)
    for caller in (cast.ann, cast.vic):
        await caller.list(CHANGE)
        await caller.list(CHANGE, updated=LONG_AGO)
        await news(caller)
    await kept(cast.home)
    assert await fragments(database, cast.home, CHANGE) == []


async def test_processes_that_render_differently_share_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As functions of the database render some members, it is their text too that counts."""
    before = fragment_kind(TASK)
    shutil.copytree(sql_directory(), tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(rendering, "sql_directory", lambda: tmp_path)
    afresh = fragment_kind.__wrapped__
    assert afresh(TASK) == before != fragment_kind(PROJECT)
    with (tmp_path / "functions" / "auth.sql").open("a") as file:
        file.write("SELECT 1;\n")
    assert afresh(TASK) != before
