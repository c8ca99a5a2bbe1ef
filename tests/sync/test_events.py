"""What an event says, and who is told of what (contract §4)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable

import pytest

from homechart_api import sse
from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.callers import Caller, Client
from tests.cast import Cast
from tests.factories import EDIT, NONE, VIEW, change_to, join, leave, new_household, new_session
from tests.sync.conftest import Listen, add_bookmarks
from tests.sync.news import news
from tests.sync.streams import CREATED, DELETED, NAMELESS, UPDATED, Event, EventStream, open_stream, told

BOOKMARK, CHANGE = registry["Bookmark"], registry["Change"]
PROJECT, TASK = registry["PlanProject"], registry["PlanTask"]
WRITTEN = [model for model in registry if "create" in model.routes]

each_kind = pytest.mark.parametrize("model", [pytest.param(model, id=model.__name__) for model in WRITTEN])


async def silence(*streams: tuple[EventStream, Caller]) -> None:
    """Nothing came before what everybody is told of something of their own."""
    for stream, caller in streams:
        own = await caller.make(BOOKMARK)
        # Told as an update if the stream was finding out what it sees at that moment.
        assert {**await stream.told(), "operation": CREATED} == told(BOOKMARK, own, CREATED)


# The form


async def test_a_stream_speaks_at_once(cast: Cast, listen: Listen) -> None:
    stream = await listen(cast.ann)
    headers = stream.response.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Connection"] == "keep-alive"
    first = await stream.response.content.readuntil(b"\n\n")
    assert re.fullmatch(rb"retry: \d+\nid: [0-9a-f]+-[0-9a-f]+-[\d.]+\n\n", first)


async def test_an_event_is_one_line_of_json_and_the_position_behind_it(cast: Cast, listen: Listen) -> None:
    stream = await listen(cast.ann)
    await stream.response.content.readuntil(b"\n\n")
    task = await cast.ann.make(TASK)
    block = (await stream.response.content.readuntil(b"\n\n")).decode()
    data, position = block.removesuffix("\n\n").split("\n")
    change = f'"id":"{task["id"]}","operation":0,"table":"plan_task","updated":"{task["updated"]}"'
    assert data == f"data: {{{change}}}"
    assert position == f"id: {(await news(cast.ann)).cursor}"


@each_kind
async def test_the_time_in_an_event_is_the_one_in_the_object_to_the_byte(
    cast: Cast, listen: Listen, model: type[Model]
) -> None:
    stream = await listen(cast.witness(model))
    value = await cast.ann.make(model, authHouseholdID=cast.home)
    assert await stream.told_of(model.table) == told(model, value, CREATED)
    if "update" in model.routes:
        change = change_to(model)
        value = (await cast.ann.update(model, value["id"], change)).value
        assert await stream.told_of(model.table) == told(model, value, UPDATED)
        assert (await cast.ann.update(model, value["id"], change)).status == 204
    await cast.ann.delete(model, value["id"])
    assert await stream.told_of(model.table) == told(model, value, DELETED)


async def test_an_entry_of_the_change_log_is_told_too(cast: Cast, listen: Listen) -> None:
    stream = await listen(cast.bob)
    await cast.ann.make(TASK, authHouseholdID=cast.home)
    [change] = (await cast.bob.list(CHANGE)).values
    assert await stream.told_of(CHANGE.table) == told(CHANGE, change, CREATED)


async def test_a_sign_of_life_has_no_data(
    cast: Cast, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "BEAT_SECONDS", 0)
    stream = await listen(cast.ann)
    for _ in range(2):
        assert await stream.next() == Event("message", "")
    assert stream.position == (await news(cast.ann)).cursor


async def test_nothing_about_owners_is_told(cast: Cast, listen: Listen) -> None:
    stream = await listen(cast.bob)
    models = [model for model in WRITTEN if model.table not in NAMELESS and cast.witness(model) is cast.bob]
    made = [await cast.ann.make(model, authHouseholdID=cast.home) for model in models]
    ids = {value["id"] for value in made}
    received = b""
    while not ids <= set(re.findall(r"[0-9a-f-]{36}", received.decode())):
        block = await stream.response.content.readuntil(b"\n\n")
        if b"data: " in block:
            change = json.loads(block.split(b"\n")[0].removeprefix(b"data: "))
            assert change.keys() == {"id", "operation", "table", "updated"}
        received += block
    for secret in (cast.home, cast.ann.account, cast.bob.account):
        assert secret.encode() not in received


@pytest.mark.parametrize("form", ["unknown", "expired", "nonsense", "account"])
async def test_who_has_no_session_has_no_stream(cast: Cast, database: Database, form: str) -> None:
    given = {
        "unknown": str(uuid.uuid4()),
        "expired": (await new_session(database, cast.ann.account, seconds=-1)).id,
        "nonsense": "nonsense",
        "account": cast.ann.account,
    }
    answer = await cast.nobody.call("GET", f"/sse/{given[form]}")
    assert (answer.status, answer.message) == (400, "Item not found")


async def test_the_id_of_a_session_lets_one_in_and_nothing_else_counts(cast: Cast, served: Client) -> None:
    path = cast.ann.headers["x-homechart-id"].upper()
    stream = await open_stream(served, path, headers=cast.cat.headers)
    task = await cast.ann.make(TASK)
    assert await stream.told() == told(TASK, task, CREATED)
    stream.close()


# Who is told


async def test_personal_things_are_told_to_the_sessions_of_the_account(
    cast: Cast, database: Database, listen: Listen, through: Callable[[Caller], Caller]
) -> None:
    other = Caller(cast.ann.client, cast.ann.account, (await new_session(database, cast.ann.account)).headers)
    mine = [await listen(cast.ann)]
    for session in (other, through(other)):
        stream = await listen(session)
        mine.append(stream)
    members = [(await listen(caller), caller) for caller in (cast.bob, cast.cat, cast.root)]
    task = await cast.ann.make(TASK)
    for stream in mine:
        assert await stream.told() == told(TASK, task, CREATED)
    await silence(*members)


async def test_a_households_things_are_told_to_members_who_may_see_them(cast: Cast, listen: Listen) -> None:
    members = [await listen(caller) for caller in (cast.ann, cast.bob, cast.kid, cast.vic)]
    others = [(await listen(caller), caller) for caller in (cast.nel, cast.cat, cast.root)]
    project = await cast.bob.make(PROJECT, authHouseholdID=cast.home)
    for stream in members:
        assert await stream.told() == told(PROJECT, project, CREATED)
    await silence(*others)


async def test_a_kind_that_a_member_may_not_see_is_not_told(
    cast: Cast, database: Database, listen: Listen
) -> None:
    await join(database, cast.home, cast.vic.account, {**VIEW, "plan": 2})
    stream = await listen(cast.vic)
    await cast.ann.make(TASK, authHouseholdID=cast.home)
    page = await cast.ann.make(registry["NotesPage"], authHouseholdID=cast.home)
    seen = []
    while not seen or seen[-1]["table"] != "notes_page":
        seen.append(await stream.told())
    assert {event["table"] for event in seen} == {"change", "notes_page"}
    assert seen[-1] == told("notes_page", page, CREATED)


async def test_a_membership_is_told_to_the_account_and_the_household(
    cast: Cast, database: Database, listen: Listen
) -> None:
    ann, cat, root = await listen(cast.ann), await listen(cast.cat), await listen(cast.root)
    membership = "auth_account_auth_household"
    for operation, act in (
        (CREATED, join(database, cast.home, cast.cat.account)),
        (UPDATED, join(database, cast.home, cast.cat.account, {**VIEW, "auth": EDIT["auth"]})),
        (DELETED, leave(database, cast.home, cast.cat.account)),
    ):
        await act
        for stream in (ann, cat):
            event = await stream.told()
            assert event == {
                "id": cast.home,
                "operation": operation,
                "table": membership,
                "updated": None if operation == DELETED else event["updated"],
            }
            assert (event["updated"] is None) is (operation == DELETED)
            household = (await cast.ann.call("GET", f"/auth/households/{cast.home}")).value
            if stream is ann:
                assert await stream.told() == told("auth_household", household, UPDATED)
            elif operation != UPDATED:
                await stream.asked_to_read_again()
            else:
                assert await stream.told() == told("auth_household", household, UPDATED)
    await silence((root, cast.root))


async def test_a_template_for_everybody_is_told_to_everybody(
    cast: Cast, database: Database, listen: Listen
) -> None:
    callers = (cast.ann, cast.bob, cast.vic, cast.cat, cast.root)
    streams = [await listen(caller) for caller in callers]
    session = await new_session(database, cast.nel.account, NONE)
    nel = Caller(cast.nel.client, cast.nel.account, session.headers)
    blind = await listen(nel)
    template = await cast.root.make(TASK, template=True)
    try:
        for stream in streams:
            assert await stream.told() == told(TASK, template, CREATED)
    finally:
        await cast.root.delete(TASK, template["id"])
    for stream in streams:
        assert await stream.told() == told(TASK, template, DELETED)
    await nel.call("PUT", f"/auth/accounts/{nel.account}", {"setup": True})
    assert (await blind.told())["table"] == "auth_account"


async def test_an_account_is_told_to_itself_and_to_households_that_show_it(
    cast: Cast, listen: Listen
) -> None:
    bob, ann, cat = await listen(cast.bob), await listen(cast.ann), await listen(cast.cat)
    path = f"/auth/accounts/{cast.bob.account}"
    renamed = (await cast.bob.call("PUT", path, {"name": "Robert"})).value
    household = (await cast.ann.call("GET", f"/auth/households/{cast.home}")).value
    as_household = told("auth_household", household, UPDATED)
    assert await ann.told() == as_household
    events = [await bob.told(), await bob.told()]
    assert sorted(events, key=lambda event: str(event["table"])) == [
        told("auth_account", renamed, UPDATED),
        as_household,
    ]

    changed = (await cast.bob.call("PUT", path, {"setup": True})).value
    assert await bob.told() == told("auth_account", changed, UPDATED)
    await silence((ann, cast.ann), (cat, cast.cat))


async def test_a_session_is_told_to_its_account_without_a_time(
    cast: Cast, database: Database, listen: Listen
) -> None:
    ann, bob = await listen(cast.ann), await listen(cast.bob)
    session = (await new_session(database, cast.ann.account)).id
    assert await ann.told() == told("auth_session", session, CREATED)
    for _ in range(3):  # one like the other
        await database.execute(
            "UPDATE auth_session SET name = name || 'x' WHERE id = %(id)s", {"id": session}
        )
        assert await ann.told() == told("auth_session", session, UPDATED)
    await database.execute("UPDATE auth_session SET access = access + 1 WHERE id = %(id)s", {"id": session})
    await database.execute("DELETE FROM auth_session WHERE id = %(id)s", {"id": session})
    assert await ann.told() == told("auth_session", session, DELETED)
    await silence((bob, cast.bob))


# What follows from a change


async def test_what_goes_is_told_before_what_comes(cast: Cast, database: Database, listen: Listen) -> None:
    """Who sees both sides of a move drops the object and reads it then, not the other way round."""
    second = await new_household(database, cast.ann.account)
    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    ann, bob = await listen(cast.ann), await listen(cast.bob)
    for owner in (second, cast.home, second):
        task = (await cast.ann.update(TASK, task["id"], {"authHouseholdID": owner})).value
        assert await ann.told_of(TASK.table) == told(TASK, task, DELETED)
        assert await ann.told_of(TASK.table) == told(TASK, task, UPDATED)
    seen = [await bob.told_of(TASK.table) for _ in range(3)]
    assert [event["operation"] for event in seen] == [DELETED, UPDATED, DELETED]


async def test_every_row_of_a_large_change_is_told_once(
    cast: Cast, database: Database, listen: Listen
) -> None:
    stream = await listen(cast.bob)
    before = stream.position
    await add_bookmarks(database, cast.home, 300)
    events = [await stream.told() for _ in range(300)]
    bookmarks = (await cast.bob.list(BOOKMARK)).values
    assert sorted(events, key=str) == sorted((told(BOOKMARK, b, CREATED) for b in bookmarks), key=str)
    assert stream.position == (await news(cast.bob)).cursor != before


async def test_nothing_is_told_of_what_was_undone(cast: Cast, database: Database, listen: Listen) -> None:
    stream = await listen(cast.ann)
    async with database.transaction() as undone:
        await undone.execute(
            "UPDATE auth_account SET name = 'Undone' WHERE id = %(id)s", {"id": cast.ann.account}
        )
        await undone.rollback()
    await silence((stream, cast.ann))


async def test_a_change_is_told_by_every_process(
    cast: Cast, listen: Listen, through: Callable[[Caller], Caller]
) -> None:
    here, there = await listen(cast.ann), await listen(through(cast.ann))
    for caller in (cast.ann, through(cast.ann)):
        task = await caller.make(TASK)
        assert await here.told() == await there.told() == told(TASK, task, CREATED)
    assert here.position == there.position
