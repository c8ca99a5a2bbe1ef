"""How an event stream goes on, after its reader was away and when another sight is given to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from homechart_common.models import registry
from homechart_common.models.sync import MOST_MISSED
from homechart_common.postgresql.database import Database
from tests.callers import API, Caller
from tests.cast import Cast
from tests.factories import VIEW, join, leave, new_session
from tests.sync.change_log import purge
from tests.sync.conftest import Listen, add_bookmarks
from tests.sync.news import news, nothing_new
from tests.sync.streams import CREATED, DELETED, UPDATED, EventStream, told

BOOKMARK, TASK = registry["Bookmark"], registry["PlanTask"]


async def left(stream: EventStream) -> str:
    """Where somebody is who goes away."""
    stream.close()
    return stream.position


# Coming back


async def test_who_comes_back_is_told_exactly_what_they_missed(cast: Cast, listen: Listen) -> None:
    home = {"authHouseholdID": cast.home}
    gone, moved, changed, _kept = [await cast.ann.make(BOOKMARK, **home) for _ in range(4)]
    own = await cast.bob.make(TASK)
    stream = await listen(cast.bob)
    new = await cast.bob.make(TASK)
    assert await stream.told() == told(TASK, new, CREATED)
    position = await left(stream)

    await cast.ann.delete(BOOKMARK, gone["id"])
    await cast.ann.update(BOOKMARK, moved["id"], {"authAccountID": cast.ann.account})
    for name in ("Once", "Twice"):
        changed = (await cast.ann.update(BOOKMARK, changed["id"], {"name": name})).value
    passing = await cast.ann.make(BOOKMARK, **home)
    await cast.ann.delete(BOOKMARK, passing["id"])
    await cast.bob.delete(TASK, own["id"])
    await cast.ann.make(BOOKMARK)
    changes = (await cast.bob.list(registry["Change"])).values

    stream = await listen(cast.bob, position)
    expected = [
        told(BOOKMARK, gone, DELETED),
        told(BOOKMARK, moved, DELETED),
        told(BOOKMARK, changed, UPDATED),
        told(BOOKMARK, passing, DELETED),
        told(TASK, own, DELETED),
        *(told("change", change, UPDATED) for change in changes[4:]),
    ]
    missed = [await stream.told() for _ in expected]
    assert sorted(missed, key=str) == sorted(expected, key=str)
    last = await cast.bob.make(TASK)
    assert await stream.told() == told(TASK, last, CREATED)
    assert stream.position == (await news(cast.bob)).cursor


async def test_who_missed_nothing_is_told_nothing(cast: Cast, listen: Listen) -> None:
    position = (await news(cast.ann)).cursor
    await cast.cat.make(TASK)
    for _ in range(3):
        stream = await listen(cast.ann, position)
        task = await cast.ann.make(TASK)
        assert await stream.told() == told(TASK, task, CREATED)
        position = await left(stream)


async def test_who_comes_back_to_another_process_is_told_the_same(
    cast: Cast, listen: Listen, through: Callable[[Caller], Caller]
) -> None:
    position = await left(await listen(cast.ann))
    assert position == ""
    stream = await listen(cast.ann)
    first = await cast.ann.make(TASK)
    assert await stream.told() == told(TASK, first, CREATED)
    position = await left(stream)
    second = await cast.ann.make(TASK)
    stream = await listen(through(cast.ann), position)
    assert await stream.told() == told(TASK, second, UPDATED)


async def test_a_cursor_says_where_one_is_as_well(cast: Cast) -> None:
    cursor = (await news(cast.ann)).cursor
    task = await cast.ann.make(TASK)
    session = cast.ann.headers["x-homechart-id"]
    stream = EventStream(await cast.ann.client.get(f"{API}/sse/{session}?cursor={cursor}"))
    assert await stream.told() == told(TASK, task, UPDATED)
    await cast.ann.make(TASK)
    await stream.told()
    assert await nothing_new(cast.ann, stream.position)
    stream.close()


async def test_sessions_that_were_missed_are_told(cast: Cast, database: Database, listen: Listen) -> None:
    gone, kept = [(await new_session(database, cast.ann.account)).id for _ in range(2)]
    position = (await news(cast.ann)).cursor
    await database.execute("DELETE FROM auth_session WHERE id = %(id)s", {"id": gone})
    await database.execute("UPDATE auth_session SET name = 'Phone' WHERE id = %(id)s", {"id": kept})
    stream = await listen(cast.ann, position)
    events = sorted([await stream.told() for _ in range(2)], key=lambda event: str(event["operation"]))
    assert events == [told("auth_session", gone, DELETED), told("auth_session", kept, UPDATED)]


@pytest.mark.parametrize("reason", ["garbled", "somebody else's", "forgotten", "other sight", "too much"])
async def test_who_cannot_be_told_what_they_missed_must_read_everything(
    cast: Cast, database: Database, listen: Listen, reason: str
) -> None:
    position = (await news(cast.bob)).cursor
    match reason:
        case "garbled":
            position = "nonsense"
        case "somebody else's":
            position = (await news(cast.ann)).cursor
        case "forgotten":
            for _ in range(3):
                await cast.ann.make(TASK, authHouseholdID=cast.home)
            await purge(database, cast.home)
        case "other sight":
            await join(database, cast.home, cast.bob.account, {"plan": 2})
        case "too much":
            await add_bookmarks(database, cast.home, MOST_MISSED + 1)
    stream = await listen(cast.bob, position)
    await stream.asked_to_read_again()
    assert stream.position == (await news(cast.bob)).cursor
    own = await cast.bob.make(BOOKMARK)
    assert await stream.told() == told(BOOKMARK, own, CREATED)


async def test_what_can_just_be_told_is_told(cast: Cast, database: Database, listen: Listen) -> None:
    position = (await news(cast.bob)).cursor
    await add_bookmarks(database, cast.home, MOST_MISSED)
    stream = await listen(cast.bob, position)
    events = [await stream.told() for _ in range(MOST_MISSED)]
    assert len({event["id"] for event in events}) == MOST_MISSED


async def test_bytes_that_are_no_text_are_no_position(cast: Cast) -> None:
    session = cast.ann.headers["x-homechart-id"]
    reader, writer = await asyncio.open_connection(cast.ann.client.host, cast.ann.client.port)
    head = f"GET {API}/sse/{session} HTTP/1.1\r\nHost: house.test\r\n".encode()
    writer.write(head + b"Last-Event-ID: \xff\xc3\r\n\r\n")
    assert b"event: resync\ndata: \n" in await reader.readuntil(b"id: ")
    writer.close()


# Another sight


async def test_a_stream_follows_its_account_out_of_a_household_and_back(
    cast: Cast, database: Database, listen: Listen
) -> None:
    stream = await listen(cast.bob)
    for _ in range(2):
        await leave(database, cast.home, cast.bob.account)
        assert (await stream.told())["table"] == "auth_account_auth_household"
        await stream.asked_to_read_again()
        assert stream.position == (await news(cast.bob)).cursor
        await cast.ann.make(TASK, authHouseholdID=cast.home)
        own = await cast.bob.make(TASK)
        assert await stream.told_of(TASK.table) == told(TASK, own, CREATED)

        await join(database, cast.home, cast.bob.account, VIEW)
        assert (await stream.told())["table"] == "auth_account_auth_household"
        await stream.asked_to_read_again()
        task = await cast.ann.make(TASK, authHouseholdID=cast.home)
        assert await stream.told_of(TASK.table) == told(TASK, task, CREATED)
        assert (await stream.told())["table"] == "change"


async def test_who_knows_no_resync_is_told_of_their_account_all_the_same(cast: Cast, listen: Listen) -> None:
    household = (await cast.cat.call("POST", "/auth/households", {"name": "Second"})).value["id"]
    account = f"/auth/accounts/{cast.cat.account}"
    await cast.cat.call("PUT", account, {"primaryAuthHouseholdID": household})
    stream = await listen(cast.cat)
    await cast.cat.call("DELETE", f"/auth/households/{household}/members/{cast.cat.account}")
    assert await stream.told() == told("auth_account_auth_household", household, DELETED)
    value = (await cast.cat.call("GET", account)).value
    assert value["primaryAuthHouseholdID"] is None
    await stream.asked_to_read_again()
    assert await stream.told_of("auth_account") == told("auth_account", value, UPDATED)
    assert stream.position == (await news(cast.cat)).cursor


@pytest.mark.parametrize("how", ["membership", "session"])
async def test_a_stream_follows_what_its_session_may_see(
    cast: Cast, database: Database, listen: Listen, how: str
) -> None:
    stream = await listen(cast.bob)
    for levels in ({"plan": 2}, {}):
        if how == "session":
            await database.execute(
                "UPDATE auth_session SET permissions_households = jsonb_build_array(jsonb_build_object("
                "'authHouseholdID', %(household)s::text, 'permissions', %(levels)s::jsonb))"
                " WHERE id = %(id)s::uuid",
                {
                    "household": cast.home,
                    "levels": str(levels).replace("'", '"'),
                    "id": cast.bob.headers["x-homechart-id"],
                },
            )
        else:
            await join(database, cast.home, cast.bob.account, levels)
        await stream.told_of("auth_session", "auth_account_auth_household")
        await stream.asked_to_read_again()
        task = await cast.ann.make(TASK, authHouseholdID=cast.home)
        page = await cast.ann.make(registry["NotesPage"], authHouseholdID=cast.home)
        events = []
        while told("notes_page", page, CREATED) not in events:
            events.append(await stream.told())
        assert (told(TASK, task, CREATED) in events) is not bool(levels)


async def test_what_happens_while_a_stream_finds_out_what_it_sees_is_not_lost(
    cast: Cast, database: Database, listen: Listen
) -> None:
    stream = await listen(cast.bob)
    tasks = []
    for number in range(30):
        if number % 3 == 0:
            await cast.bob.call("PUT", f"/auth/accounts/{cast.bob.account}", {"name": f"Bob {number}"})
        tasks.append(await cast.ann.make(TASK, authHouseholdID=cast.home))
    seen: set[str] = set()
    while seen < {task["id"] for task in tasks}:
        event = await stream.told()
        if event["table"] == "plan_task":
            seen.add(event["id"])
