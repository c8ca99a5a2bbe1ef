"""Shopping: items belong to whom their list belongs to, are counted, and use their household's categories.

Contract B2 §10.
"""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, new_household

CATEGORY, ITEM, LIST, PROJECT = (
    registry[name] for name in ("ShopCategory", "ShopItem", "ShopList", "PlanProject")
)
RULE = {"day": 0, "month": 0, "monthWeek": 0, "separation": 30, "weekday": 0, "weekdays": None}


async def now(caller: Caller, model: type[Model], value: dict[str, Any]) -> dict[str, Any]:
    """An object as it is now."""
    return (await caller.read(model, value["id"])).value


async def counts(caller: Caller, *lists: dict[str, Any]) -> list[int]:
    return [(await now(caller, LIST, value))["shopItemCount"] for value in lists]


# Lists


async def test_an_item_belongs_to_whom_its_list_belongs_to(cast: Cast) -> None:
    shared = await cast.ann.make(LIST, authHouseholdID=cast.home)
    item = await cast.ann.make(ITEM, shopListID=shared["id"], authAccountID=cast.ann.account)
    assert (item["authAccountID"], item["authHouseholdID"]) == (None, cast.home)
    own = await cast.ann.make(LIST)
    moved = (await cast.ann.update(ITEM, item["id"], {**item, "shopListID": own["id"]})).value
    assert (moved["authAccountID"], moved["authHouseholdID"]) == (cast.ann.account, None)
    assert await counts(cast.ann, shared, own) == [0, 1]


async def test_items_move_with_their_list(cast: Cast) -> None:
    own = await cast.ann.make(LIST)
    items = [await cast.ann.make(ITEM, shopListID=own["id"]) for _ in range(2)]
    await cast.ann.update(LIST, own["id"], {"authHouseholdID": cast.home})
    for item in items:
        moved = await now(cast.bob, ITEM, item)
        assert (moved["authAccountID"], moved["authHouseholdID"]) == (None, cast.home)
        assert moved["updated"] > item["updated"]
    assert await counts(cast.bob, own) == [2]


@pytest.mark.parametrize("side", ["authAccountID", "authHouseholdID"])
async def test_an_item_that_leaves_its_list_stays_with_its_owner(cast: Cast, side: str) -> None:
    owner = {side: cast.ann.account if side == "authAccountID" else cast.home}
    listed = await cast.ann.make(LIST, **owner)
    item = await cast.ann.make(ITEM, shopListID=listed["id"])
    freed = (await cast.ann.update(ITEM, item["id"], {**item, "shopListID": None})).value
    assert freed["shopListID"] is None
    assert freed | owner == freed
    assert await counts(cast.ann, listed) == [0]


async def test_a_list_goes_with_its_items(cast: Cast) -> None:
    listed = await cast.ann.make(LIST, authHouseholdID=cast.home)
    item = await cast.ann.make(ITEM, shopListID=listed["id"])
    await cast.bob.delete(LIST, listed["id"])
    assert (await cast.ann.read(ITEM, item["id"])).message == "Item not found"


async def test_a_list_counts_its_items_whether_or_not_they_are_in_the_cart(cast: Cast) -> None:
    listed, other = [await cast.ann.make(LIST) for _ in range(2)]
    first, second = [await cast.ann.make(ITEM, shopListID=listed["id"]) for _ in range(2)]
    await cast.ann.update(ITEM, first["id"], {"inCart": True})
    assert await counts(cast.ann, listed, other) == [2, 0]
    await cast.ann.update(ITEM, first["id"], {"shopListID": other["id"]})
    await cast.ann.delete(ITEM, second["id"])
    assert await counts(cast.ann, listed, other) == [0, 1]


async def test_a_count_that_changes_is_an_update_of_the_list_and_not_in_the_change_log(cast: Cast) -> None:
    listed = await cast.ann.make(LIST, authHouseholdID=cast.home)
    seen = await cast.bob.list(LIST)
    await cast.ann.make(ITEM, shopListID=listed["id"])
    [changed] = (await cast.bob.list(LIST, token=seen.token, updated=listed["updated"])).values
    assert (changed["shopItemCount"], changed["updated"] > listed["updated"]) == (1, True)
    changes = (await cast.bob.list(registry["Change"])).values
    assert [change["operation"] for change in changes if change["tableName"] == "shop_list"] == [0]


async def test_a_project_counts_its_items(cast: Cast) -> None:
    project, other = [await cast.ann.make(PROJECT) for _ in range(2)]
    item = await cast.ann.make(ITEM, planProjectID=project["id"])
    await cast.ann.update(ITEM, item["id"], {"planProjectID": other["id"]})
    assert [(await now(cast.ann, PROJECT, p))["shopItemCount"] for p in (project, other)] == [0, 1]
    await cast.ann.delete(ITEM, item["id"])
    assert (await now(cast.ann, PROJECT, other))["shopItemCount"] == 0


# Categories


async def test_a_households_item_uses_that_households_categories(database: Database, cast: Cast) -> None:
    second = await new_household(database, cast.ann.account)
    here, there = [
        await cast.ann.make(CATEGORY, authHouseholdID=household) for household in (cast.home, second)
    ]
    item = await cast.ann.make(ITEM, authHouseholdID=cast.home, shopCategoryID=here["id"])
    for answer in (
        await cast.ann.update(ITEM, item["id"], {"shopCategoryID": there["id"]}),
        await cast.ann.create(ITEM, body_for(ITEM, authHouseholdID=cast.home, shopCategoryID=there["id"])),
    ):
        assert (answer.status, answer.message) == (
            400,
            "shopCategoryID: must be a category of the household",
        )
    own = await cast.ann.make(ITEM, shopCategoryID=there["id"])
    assert own["shopCategoryID"] == there["id"]


async def test_a_category_does_not_come_along_to_another_household(database: Database, cast: Cast) -> None:
    second = await new_household(database, cast.ann.account)
    category = await cast.ann.make(CATEGORY, authHouseholdID=cast.home)
    item = await cast.ann.make(ITEM, authHouseholdID=cast.home, shopCategoryID=category["id"])
    own = {"authAccountID": cast.ann.account, "authHouseholdID": None}
    assert (await cast.ann.update(ITEM, item["id"], own)).value["shopCategoryID"] == category["id"]
    moved = (await cast.ann.update(ITEM, item["id"], {"authHouseholdID": second})).value
    assert (moved["authHouseholdID"], moved["shopCategoryID"]) == (second, None)


async def test_deleting_a_category_frees_its_items(cast: Cast) -> None:
    category = await cast.ann.make(CATEGORY, authHouseholdID=cast.home)
    shared = await cast.ann.make(ITEM, authHouseholdID=cast.home, shopCategoryID=category["id"])
    own = await cast.ann.make(ITEM, shopCategoryID=category["id"])
    await cast.bob.delete(CATEGORY, category["id"])
    for item in (shared, own):
        freed = await now(cast.ann, ITEM, item)
        assert freed["shopCategoryID"] is None
        assert freed["updated"] > item["updated"]


# What an item says of itself


async def test_a_staple_comes_back_when_its_client_says_so(cast: Cast) -> None:
    item = await cast.ann.make(ITEM, nextDate="2026-09-16", recurrence=RULE, inCart=True)
    assert item["inCart"] is False, "nothing is in the cart before it is on the list"
    assert (await cast.ann.update(ITEM, item["id"], {"inCart": True})).value["inCart"] is True
    skipped = {"inCart": False, "nextDate": "2026-10-16"}
    after = (await cast.ann.update(ITEM, item["id"], skipped)).value
    assert after == {**item, **skipped, "updated": after["updated"]}


async def test_what_the_budget_says_of_an_item_is_not_stored(cast: Cast) -> None:
    item = await cast.ann.make(ITEM, budgetCategoryID="11111111-1111-4111-8111-111111111111")
    assert item["budgetCategoryID"] is None


@pytest.mark.parametrize("model", [CATEGORY, LIST], ids=lambda model: model.__name__)
async def test_names_are_unique_in_a_household(database: Database, cast: Cast, model: type[Model]) -> None:
    value = await cast.ann.make(model, authHouseholdID=cast.home)
    twin = body_for(model, name=value["name"], authHouseholdID=cast.home)
    answer = await cast.bob.create(model, twin)
    assert (answer.status, answer.message) == (409, "name: another one has it already")
    other = await cast.bob.make(model, authHouseholdID=cast.home)
    assert (await cast.bob.update(model, other["id"], {"name": value["name"]})).status == 409
    second = await new_household(database, cast.bob.account)
    assert (await cast.bob.create(model, {**twin, "authHouseholdID": second})).status == 200


async def test_names_of_lists_are_unique_for_an_account(cast: Cast) -> None:
    value = await cast.ann.make(LIST)
    assert (await cast.ann.create(LIST, body_for(LIST, name=value["name"]))).status == 409
    assert (await cast.bob.create(LIST, body_for(LIST, name=value["name"]))).status == 200
