"""Health: what is counted, what there is only one of, and whose it can be (contract B2 §3)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, join, new_account, new_session

ITEM, LOG = registry["HealthItem"], registry["HealthLog"]
INIT = "/health/items?authAccountID="
NOBODYS = "11111111-1111-4111-8111-111111111111"


async def counted(caller: Caller, item: dict[str, Any]) -> tuple[dict[str, int], int]:
    """How often others were logged around an item, and the total."""
    now = (await caller.read(ITEM, item["id"])).value
    return now["correlations"], now["totalCorrelations"]


async def write(caller: Caller, item: dict[str, Any], day: int) -> dict[str, Any]:
    """Log an item on a day of November."""
    return await caller.make(LOG, healthItemID=item["id"], date=f"2026-11-{day:02}")


@pytest.fixture
async def bread(cast: Cast) -> dict[str, Any]:
    """Something that Ann takes in."""
    return await cast.ann.make(ITEM, name="Rye bread", output=False)


@pytest.fixture
async def rash(cast: Cast) -> dict[str, Any]:
    """Something that Ann feels."""
    return await cast.ann.make(ITEM, name="Rash", output=True)


# What is counted


async def test_a_symptom_counts_every_log_before_it_and_is_counted_once(
    cast: Cast, bread: dict[str, Any], rash: dict[str, Any]
) -> None:
    for item in (bread, bread, rash):
        await write(cast.ann, item, 10)
    assert await counted(cast.ann, rash) == ({bread["id"]: 2}, 2)
    assert await counted(cast.ann, bread) == ({rash["id"]: 1}, 1)


@pytest.mark.parametrize(("day", "follows"), [(9, False), (10, True), (13, True), (14, False)])
async def test_a_symptom_follows_within_three_days(
    cast: Cast, bread: dict[str, Any], rash: dict[str, Any], day: int, follows: bool
) -> None:
    await write(cast.ann, bread, 10)
    await write(cast.ann, rash, day)
    assert await counted(cast.ann, bread) == (({rash["id"]: 1}, 1) if follows else ({}, 0))
    assert await counted(cast.ann, rash) == (({bread["id"]: 1}, 1) if follows else ({}, 0))


async def test_a_log_that_is_corrected_is_counted_where_it_is(
    cast: Cast, bread: dict[str, Any], rash: dict[str, Any]
) -> None:
    milk = await cast.ann.make(ITEM, name="Milk", output=False)
    log = await write(cast.ann, bread, 10)
    await write(cast.ann, rash, 12)
    for change, in_bread, in_milk in (
        ({"date": "2026-11-08"}, 0, 0),
        ({"date": "2026-11-09"}, 1, 0),
        ({"healthItemID": milk["id"]}, 0, 1),
        ({"healthItemID": bread["id"], "date": "2026-11-12"}, 1, 0),
        ({"healthItemID": rash["id"]}, 0, 0),
    ):
        assert (await cast.ann.update(LOG, log["id"], change)).status == 200
        assert [(await counted(cast.ann, item))[1] for item in (bread, milk, rash)] == [
            in_bread,
            in_milk,
            in_bread + in_milk,
        ]


async def test_what_is_taken_back_is_counted_no_more(
    cast: Cast, bread: dict[str, Any], rash: dict[str, Any]
) -> None:
    log = await write(cast.ann, bread, 10)
    await write(cast.ann, rash, 10)
    await cast.ann.delete(LOG, log["id"])
    assert await counted(cast.ann, bread) == await counted(cast.ann, rash) == ({}, 0)


async def test_an_item_that_goes_takes_its_logs_along(
    cast: Cast, bread: dict[str, Any], rash: dict[str, Any]
) -> None:
    await write(cast.ann, bread, 10)
    kept = await write(cast.ann, rash, 10)
    await cast.ann.delete(ITEM, bread["id"])
    assert (await cast.ann.list(LOG)).values == [kept]
    assert await counted(cast.ann, rash) == ({}, 0)


async def test_an_item_of_the_other_kind_starts_anew(
    cast: Cast, bread: dict[str, Any], rash: dict[str, Any]
) -> None:
    await write(cast.ann, bread, 10)
    kept = await write(cast.ann, rash, 10)
    now = (await cast.ann.update(ITEM, bread["id"], {"output": True})).value
    assert (now["output"], now["correlations"], now["totalCorrelations"]) == (True, {}, 0)
    assert (await cast.ann.list(LOG)).values == [kept]
    assert await counted(cast.ann, rash) == ({}, 0)
    renamed = (await cast.ann.update(ITEM, rash["id"], {"output": True, "name": "Red skin"})).value
    assert renamed["name"] == "Red skin"
    assert (await cast.ann.list(LOG)).values == [kept]


async def test_counts_are_an_update_of_the_item(
    cast: Cast, bread: dict[str, Any], rash: dict[str, Any]
) -> None:
    await write(cast.ann, bread, 10)
    seen = await cast.ann.list(ITEM)
    await write(cast.ann, rash, 10)
    changed = await cast.ann.list(ITEM, token=seen.token, updated=rash["updated"])
    assert [value["totalCorrelations"] for value in changed.values] == [1, 1]
    forged = {"correlations": {NOBODYS: 9}, "totalCorrelations": 9}
    assert (await cast.ann.update(ITEM, bread["id"], forged)).status == 204


async def test_logs_that_are_written_at_once_are_all_counted(cast: Cast, bread: dict[str, Any]) -> None:
    felt = [await cast.ann.make(ITEM, output=True) for _ in range(8)]
    await asyncio.gather(write(cast.ann, bread, 10), *(write(cast.ann, item, 11) for item in felt))
    assert await counted(cast.ann, bread) == ({item["id"]: 1 for item in felt}, 8)
    for item in felt:
        assert await counted(cast.ann, item) == ({bread["id"]: 1}, 1)


# What there is only one of


async def test_a_name_that_is_there_is_answered(cast: Cast, bread: dict[str, Any]) -> None:
    body = {"name": "Rye bread", "color": 13, "output": True, "id": NOBODYS}
    assert (await cast.ann.create(ITEM, body)).value == bread
    assert (await cast.bob.create(ITEM, body)).value["authAccountID"] == cast.bob.account
    for_kid = (await cast.ann.create(ITEM, {**body, "authAccountID": cast.kid.account})).value
    assert for_kid["authAccountID"] == cast.kid.account
    other = await cast.ann.make(ITEM)
    assert (await cast.ann.create(ITEM, {**body, "id": other["id"]})).value == other
    assert (await cast.ann.update(ITEM, other["id"], {"name": "Rye bread"})).status == 409


async def test_a_name_that_is_sent_many_times_at_once_makes_one_item(cast: Cast) -> None:
    answers = await asyncio.gather(*(cast.ann.create(ITEM, {"name": "Beans"}) for _ in range(8)))
    assert len({str(answer.value) for answer in answers}) == 1
    assert (await cast.ann.list(ITEM)).values == [answers[0].value]


# Whose it can be


async def test_who_administers_a_household_handles_the_health_of_its_children(cast: Cast) -> None:
    kids = {"authAccountID": cast.kid.account}
    item = await cast.ann.make(ITEM, **kids)
    log = await cast.bob.make(LOG, healthItemID=item["id"], **kids)
    own = await cast.ann.make(ITEM)
    assert (item["authAccountID"], log["authAccountID"]) == (cast.kid.account, cast.kid.account)
    assert (await cast.kid.list(ITEM)).values == (await cast.bob.list(ITEM)).values == [item]
    assert (await cast.ann.list(ITEM)).values == [item, own]
    for caller in (cast.vic, cast.nel, cast.cat):
        assert (await caller.list(ITEM)).values == []
        assert (await caller.read(LOG, log["id"])).message == "Item not found"
        assert (await caller.update(ITEM, item["id"], {"name": "Mine"})).status == 204
        assert (await caller.delete(ITEM, item["id"])).message == "Item not found"
    named = {"name": "Honey", "authAccountID": cast.ann.account}
    renamed = (await cast.ann.update(ITEM, item["id"], named)).value
    assert renamed == {**item, "name": "Honey", "updated": renamed["updated"]}
    assert (await cast.bob.delete(LOG, log["id"])).value == log
    assert (await cast.kid.delete(ITEM, item["id"])).value == renamed


async def test_nobody_handles_the_health_of_other_adults(cast: Cast, bread: dict[str, Any]) -> None:
    for account in (cast.ann.account, cast.cat.account, NOBODYS):
        assert (await cast.bob.create(ITEM, body_for(ITEM, authAccountID=account))).status == 403
        own = await cast.bob.body(LOG, authHouseholdID=cast.home)
        assert (await cast.bob.create(LOG, {**own, "authAccountID": account})).status == 403
        assert (await cast.bob.create(LOG, {**own, "healthItemID": bread["id"]})).status == 400
    assert (await cast.kid.create(ITEM, body_for(ITEM, authAccountID=cast.ann.account))).status == 403
    assert (await cast.ann.list(ITEM)).values == [bread]
    assert (await cast.ann.list(LOG)).values == []


async def test_a_log_is_of_an_item_of_the_same_person(cast: Cast, bread: dict[str, Any]) -> None:
    kids = await cast.kid.make(ITEM)
    log = await write(cast.ann, bread, 10)
    for answer in (
        await cast.ann.create(LOG, body_for(LOG, healthItemID=kids["id"])),
        await cast.ann.update(LOG, log["id"], {"healthItemID": kids["id"]}),
    ):
        assert (answer.status, answer.message) == (400, "healthItemID: must be one of the same account")
    for item, problem in ((None, "must not be null"), (NOBODYS, "names nothing"), ("x", "must be a UUID")):
        answer = await cast.ann.update(LOG, log["id"], {"healthItemID": item})
        assert answer.status == 400
        assert answer.message.startswith(f"healthItemID: {problem}")
    for date in (None, ""):
        assert (await cast.ann.update(LOG, log["id"], {"date": date})).message == "date: must not be null"
    assert (await cast.ann.create(LOG, {"healthItemID": bread["id"]})).message == "date: must be given"


async def test_ones_own_health_needs_permission_and_a_childs_none_of_it(
    cast: Cast, database: Database
) -> None:
    item, kids = await cast.ann.make(ITEM), await cast.kid.make(ITEM)
    for level, seen in ((1, [item, kids]), (2, [kids])):
        session = await new_session(database, cast.ann.account, {"health": level})
        ann = Caller(cast.ann.client, cast.ann.account, session.headers)
        assert (await ann.list(ITEM)).values == seen
        assert (await ann.create(ITEM, body_for(ITEM))).status == 403
        assert (await ann.update(ITEM, item["id"], {"name": "x"})).status == (403 if item in seen else 204)
        assert (await ann.make(ITEM, authAccountID=cast.kid.account, name=kids["name"])) == kids
    lowered = await new_session(database, cast.ann.account, {}, {cast.home: {"auth": 1}})
    ann = Caller(cast.ann.client, cast.ann.account, lowered.headers)
    assert (await ann.list(ITEM)).values == [item]
    nothing = await new_session(database, cast.vic.account, {"health": 2})
    vic = Caller(cast.vic.client, cast.vic.account, nothing.headers)
    for answer in (await vic.list(ITEM), await vic.read(ITEM, item["id"])):
        assert answer.status == 403


# What everybody starts with


async def test_the_usual_things_are_there_after_asking_for_them(cast: Cast) -> None:
    kept = await cast.ann.make(ITEM, name="Coffee", color=11, output=True)
    for _ in range(2):
        answer = await cast.ann.call("PUT", INIT + cast.ann.account)
        assert (answer.status, answer.body) == (200, None)
        items = (await cast.ann.list(ITEM)).values
        assert (len(items), kept in items) == (38, True)
    assert sum(item["output"] for item in items) == 19
    await cast.ann.delete(ITEM, items[-1]["id"])
    await asyncio.gather(*(cast.ann.call("PUT", INIT + cast.ann.account) for _ in range(5)))
    assert {item["name"] for item in (await cast.ann.list(ITEM)).values} == {item["name"] for item in items}


async def test_the_usual_things_are_given_to_a_child_by_who_looks_after_it(
    cast: Cast, database: Database
) -> None:
    assert (await cast.bob.call("PUT", INIT + cast.kid.account)).status == 200
    items = (await cast.ann.list(ITEM)).values
    assert {item["authAccountID"] for item in items} == {cast.kid.account}
    assert len(items) == 38
    stranger = await new_account(database, child=True)
    for caller, account, status in (
        (cast.ann, cast.bob.account, 403),
        (cast.ann, stranger, 403),
        (cast.vic, cast.kid.account, 403),
        (cast.cat, cast.kid.account, 403),
        (cast.ann, NOBODYS, 400),
        (cast.ann, "nonsense", 400),
        (cast.ann, "", 400),
        (cast.nobody, cast.kid.account, 410),
    ):
        assert (await caller.call("PUT", INIT + account)).status == status
    session = await new_session(database, cast.ann.account, {"health": 1})
    ann = Caller(cast.ann.client, cast.ann.account, session.headers)
    assert (await ann.call("PUT", INIT + cast.ann.account)).status == 403
    await join(database, cast.home, cast.ann.account, {"auth": 1})
    assert (await cast.ann.call("PUT", INIT + cast.kid.account)).status == 403
