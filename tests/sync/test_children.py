"""A child's health is in the sight of who administers its primary household, as long as they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import VIEW, body_for, join, leave, new_account, new_session
from tests.sync.conftest import Listen
from tests.sync.news import news, nothing_new
from tests.sync.streams import CREATED, Event, told

ITEM, LOG = registry["HealthItem"], registry["HealthLog"]


async def test_a_child_that_is_looked_after_elsewhere_takes_its_health_along(
    cast: Cast, database: Database, listen: Listen, through: Callable[[Caller], Caller]
) -> None:
    item = await cast.kid.make(ITEM)
    own = await cast.bob.make(ITEM)
    before = await news(cast.bob)
    assert before.changed["HealthItem"] == [item, own]
    assert (await through(cast.bob).list(ITEM)).values == [item, own]
    bob, cat = await listen(cast.bob), await listen(cast.cat)

    # Cat's household takes the child in, and then it is the one that it means
    await join(database, cast.away, cast.kid.account, VIEW)
    assert (await cast.cat.list(ITEM)).values == []
    moved = await cast.kid.call(
        "PUT", f"/auth/accounts/{cast.kid.account}", {"primaryAuthHouseholdID": cast.away}
    )
    assert moved.status == 200
    gone = await news(cast.bob, before.cursor)
    assert (gone.full, gone.changed["HealthItem"]) == (True, [own])
    for caller in (cast.bob, through(cast.bob)):
        assert (await caller.list(ITEM)).values == [own]
        assert (await caller.read(ITEM, item["id"])).message == "Item not found"
    assert (await cast.cat.list(ITEM)).values == [item]

    for stream in (bob, cat):
        async with asyncio.timeout(10):
            while await stream.next() != Event("resync", ""):
                pass
    log = await cast.kid.make(LOG, healthItemID=item["id"])
    assert await cat.told_of("health_log") == told(LOG, log, CREATED)
    theirs = await cast.bob.make(LOG, healthItemID=own["id"])
    assert await bob.told_of("health_log") == told(LOG, theirs, CREATED)


@pytest.mark.parametrize("end", ["it grows up", "it leaves", "it is deleted", "it is no member's business"])
async def test_looking_after_a_child_ends_at_once(
    cast: Cast, database: Database, through: Callable[[Caller], Caller], end: str
) -> None:
    item = await cast.kid.make(ITEM)
    token = (await cast.ann.list(ITEM)).token
    for caller in (cast.ann, through(cast.ann)):
        assert (await caller.read(ITEM, item["id"])).value == item
    match end:
        case "it grows up":
            await database.execute(
                "UPDATE auth_account SET child = false WHERE id = %(id)s", {"id": cast.kid.account}
            )
        case "it leaves":
            await leave(database, cast.home, cast.kid.account)
        case "it is deleted":
            await database.execute("DELETE FROM auth_account WHERE id = %(id)s", {"id": cast.kid.account})
        case "it is no member's business":
            await join(database, cast.home, cast.ann.account, {"auth": 1})
    for caller in (cast.ann, through(cast.ann)):
        assert (await caller.read(ITEM, item["id"])).message == "Item not found"
        emptied = await caller.list(ITEM, token=token, updated=item["updated"])
        assert (emptied.values, emptied.index) == ([], [])
        assert "HealthItem" not in (await news(caller)).changed
        kids = body_for(ITEM, authAccountID=cast.kid.account)
        assert (await caller.create(ITEM, kids)).status == 403


async def test_the_health_of_a_new_child_comes_into_sight(cast: Cast, database: Database) -> None:
    cursor = (await news(cast.bob)).cursor
    born = await new_account(database, child=True)
    child = Caller(cast.bob.client, born, (await new_session(database, born)).headers)
    item = await child.make(ITEM)
    assert await nothing_new(cast.bob, cursor)
    await join(database, cast.home, born)
    found = await news(cast.bob, cursor)
    assert (found.full, found.changed["HealthItem"]) == (True, [item])
