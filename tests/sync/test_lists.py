"""The list protocol: what a client that sends a token, a time, or both of them is answered (contract §2.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.callers import API, Caller, Client
from tests.cast import Cast
from tests.factories import NONE, join, leave, new_household, new_session
from tests.sync.change_log import purge

BOOKMARK, TASK, CATEGORY = registry["Bookmark"], registry["PlanTask"], registry["ShopCategory"]
LISTED = [model for model in registry if "list" in model.routes]

each_list = pytest.mark.parametrize("model", [pytest.param(model, id=model.__name__) for model in LISTED])


def index(*values: dict[str, Any]) -> list[dict[str, str]]:
    """The index of these objects, which are given newest first."""
    return [{"updated": value["updated"], "id": value["id"]} for value in values]


async def add_bookmark(database: Any, name: str, household: str) -> str:
    """A bookmark of a household, which bears the time at which its transaction began."""
    statement = (
        "INSERT INTO bookmark (auth_household_id, short_id, name, link)"
        " VALUES (%(household)s, 'short', %(name)s, 'https://house.test') RETURNING id"
    )
    return str(await database.fetch_value(statement, {"household": household, "name": name}))


# The four cases


async def test_an_equal_token_means_that_nothing_changed(cast: Cast) -> None:
    task = await cast.ann.make(TASK)
    token = (await cast.ann.list(TASK)).token
    for updated in ("", task["updated"], "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "nonsense"):
        answer = await cast.ann.list(TASK, token=token, updated=updated)
        assert (answer.status, answer.body) == (204, None)


async def test_without_a_time_everything_is_answered(cast: Cast) -> None:
    first = await cast.ann.make(TASK)
    token = (await cast.ann.list(TASK)).token
    second = await cast.ann.make(TASK, authHouseholdID=cast.home)
    for known, updated in (("", ""), (token, ""), (token, "nonsense"), ("nonsense", "")):
        answer = await cast.ann.list(TASK, token=known, updated=updated)
        assert (answer.values, answer.index) == ([first, second], [])


async def test_a_removal_is_told_by_the_index(cast: Cast) -> None:
    gone, kept = [await cast.ann.make(TASK) for _ in range(2)]
    before = await cast.ann.list(TASK)
    await cast.ann.delete(TASK, gone["id"])
    for token in (before.token, ""):
        answer = await cast.ann.list(TASK, token=token, updated=kept["updated"])
        assert (answer.values, answer.index) == ([], index(kept))
        assert answer.token != before.token


async def test_what_is_newer_is_answered_beside_the_index_of_all(cast: Cast) -> None:
    old = await cast.ann.make(TASK)
    before = await cast.ann.list(TASK)
    new = await cast.ann.make(TASK, authHouseholdID=cast.home)
    for token in (before.token, "", "nonsense"):
        answer = await cast.ann.list(TASK, token=token, updated=old["updated"])
        assert (answer.values, answer.index) == ([new], index(new, old))


async def test_a_list_that_has_become_empty_replaces_what_the_client_has(cast: Cast) -> None:
    task = await cast.ann.make(TASK)
    token = (await cast.ann.list(TASK)).token
    await cast.ann.delete(TASK, task["id"])
    answer = await cast.ann.list(TASK, token=token, updated=task["updated"])
    assert (answer.status, answer.values, answer.index) == (200, [], [])


async def test_an_empty_list_has_a_token_too(cast: Cast) -> None:
    empty = await cast.root.list(CATEGORY)  # nobody's, as root is in no household
    assert (empty.values, empty.status) == ([], 200)
    assert empty.token
    assert (await cast.root.list(CATEGORY, token=empty.token)).status == 204
    assert (await cast.root.list(CATEGORY)).token == empty.token


async def test_who_may_see_nobodys_list_is_refused(cast: Cast, database: Database) -> None:
    session = await new_session(database, cast.nel.account, NONE)
    nel = Caller(cast.nel.client, cast.nel.account, session.headers)
    assert (await nel.list(TASK)).status == 403


# Times


async def test_times_are_compared_to_the_microsecond(cast: Cast) -> None:
    task = await cast.ann.make(TASK)
    whole, fraction = task["updated"][:-1].split(".")
    before = f"{whole}.{int(fraction) - 1:06}Z"
    assert int(fraction) > 0
    assert (await cast.ann.list(TASK, updated=before)).values == [task]
    assert (await cast.ann.list(TASK, updated=task["updated"])).values == []


async def test_what_became_visible_late_is_in_the_index_for_who_sends_a_time_only(
    cast: Cast, database: Database
) -> None:
    """The time alone misses it; by the index the client notices, as the id is new to it."""
    before = await cast.ann.list(BOOKMARK)
    async with database.transaction() as late:
        missed = await add_bookmark(late, "late", cast.home)
        early = await cast.ann.make(BOOKMARK)
        seen = await cast.ann.list(BOOKMARK, token=before.token, updated="2020-01-01T00:00:00Z")
        assert seen.values == [early]

    missing = (await cast.ann.read(BOOKMARK, missed)).value
    assert missing["updated"] < early["updated"]
    by_time = await cast.ann.list(BOOKMARK, updated=early["updated"])
    assert (by_time.values, by_time.index) == ([], index(early, missing))
    by_token = await cast.ann.list(BOOKMARK, token=seen.token, updated=early["updated"])
    assert (by_token.values, by_token.index) == ([missing], index(early, missing))


async def test_an_object_grows_newer_with_each_change_whatever_the_clock_says(
    cast: Cast, database: Database
) -> None:
    """The transaction of the later change began before the one of the earlier change."""
    bookmark = await cast.ann.make(BOOKMARK, authHouseholdID=cast.home)
    async with database.transaction() as late:
        await late.execute("SELECT now()")
        first = (await cast.ann.update(BOOKMARK, bookmark["id"], {"name": "First"})).value
        await late.execute(
            "UPDATE bookmark SET name = 'Second' WHERE id = %(id)s::uuid", {"id": bookmark["id"]}
        )
    second = (await cast.ann.read(BOOKMARK, bookmark["id"])).value
    assert bookmark["updated"] < first["updated"] < second["updated"]


# Tokens


@each_list
async def test_tokens_are_the_same_everywhere(
    cast: Cast, through: Callable[[Caller], Caller], model: type[Model]
) -> None:
    for caller in (cast.ann, cast.bob):
        if "create" in model.routes:
            await caller.make(model, authHouseholdID=cast.home)
        answer = await caller.list(model)
        other = await through(caller).list(model)
        assert (other.token, other.values) == (answer.token, answer.values)
        assert (await through(caller).list(model, token=answer.token)).status == 204


async def test_a_token_tells_of_its_own_list_only(cast: Cast) -> None:
    token = (await cast.ann.list(TASK)).token
    await cast.ann.make(BOOKMARK)
    await cast.cat.make(TASK)
    await cast.bob.make(TASK)
    assert (await cast.ann.list(TASK, token=token)).status == 204


async def test_aborted_writes_leave_no_trace(cast: Cast, database: Database) -> None:
    token = (await cast.ann.list(BOOKMARK)).token
    async with database.transaction() as aborted:
        await add_bookmark(aborted, "never", cast.home)
        await aborted.rollback()
    assert (await cast.ann.list(BOOKMARK, token=token)).status == 204


async def test_a_token_from_before_the_log_begins_still_leads_to_the_list(
    cast: Cast, database: Database
) -> None:
    """Rows may be missing from the answer then, and the index tells which."""
    old, changed = [await cast.ann.make(TASK) for _ in range(2)]
    before = await cast.ann.list(TASK)
    changed = (await cast.ann.update(TASK, changed["id"], {"name": "Changed"})).value
    newest = await cast.ann.make(TASK)
    await purge(database, cast.ann.account)
    answer = await cast.ann.list(TASK, token=before.token, updated=old["updated"])
    assert answer.index == index(newest, changed, old)
    assert [value for value in answer.values if value not in (newest, changed)] == []


async def test_a_token_of_other_owners_is_answered_by_the_time(cast: Cast, database: Database) -> None:
    own = await cast.bob.make(TASK)
    shared = await cast.ann.make(TASK, authHouseholdID=cast.home)
    before = await cast.bob.list(TASK)
    await leave(database, cast.home, cast.bob.account)
    left = await cast.bob.list(TASK, token=before.token, updated=shared["updated"])
    assert (left.values, left.index) == ([], index(own))

    await join(database, cast.home, cast.bob.account)
    back = await cast.bob.list(TASK, token=left.token, updated=own["updated"])
    assert (back.values, back.index) == ([shared], index(shared, own))
    again = await cast.bob.list(TASK, token=before.token, updated=shared["updated"])
    assert again.status == 204


async def test_objects_that_move_between_owners_in_sight_stay_in_the_list(
    cast: Cast, database: Database
) -> None:
    second = await new_household(database, cast.ann.account)
    first, other = [await cast.ann.make(TASK, authHouseholdID=cast.home) for _ in range(2)]
    before = await cast.ann.list(TASK)
    for owner in ({"authHouseholdID": second}, {"authAccountID": cast.ann.account, "authHouseholdID": None}):
        moved = (await cast.ann.update(TASK, first["id"], owner)).value
        answer = await cast.ann.list(TASK, token=before.token, updated=other["updated"])
        assert (answer.values, answer.index) == ([moved], index(moved, other))
        assert (await cast.ann.list(TASK)).values == [moved, other]


async def test_lists_of_several_owners_are_in_one_order(cast: Cast, database: Database) -> None:
    second = await new_household(database, cast.ann.account)
    owners = ({}, {"authHouseholdID": cast.home}, {"authHouseholdID": second})
    made = [await cast.ann.make(TASK, **owners[n % 3]) for n in range(7)]
    before = await cast.ann.list(TASK, updated="2020-01-01T00:00:00Z")
    assert before.values == made
    assert before.index == index(*reversed(made))
    changed = (await cast.ann.update(TASK, made[2]["id"], {"name": "Changed"})).value
    after = await cast.ann.list(TASK, updated="2020-01-01T00:00:00Z")
    assert after.values == [changed if value["id"] == changed["id"] else value for value in made]
    assert after.index[0] == index(changed)[0]


async def test_bytes_that_are_no_text_are_no_token(cast: Cast) -> None:
    task = await cast.ann.make(TASK)
    head = await answer_to(
        cast.ann.client,
        b"GET " + f"{API}{TASK.path}".encode() + b" HTTP/1.1",
        b"Host: house.test",
        b"Connection: close",
        b"x-homechart-hash: \xff\xc3",
        b"x-homechart-updated: \xff",
        *(f"{name}: {value}".encode() for name, value in cast.ann.headers.items()),
    )
    assert head.startswith(b"HTTP/1.1 200")
    assert task["id"].encode() in head


async def answer_to(client: Client, *lines: bytes) -> bytes:
    """All that comes back for a request that no client library would send."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"\r\n".join((*lines, b"", b"")))
    answer = await reader.read()
    writer.close()
    return answer
