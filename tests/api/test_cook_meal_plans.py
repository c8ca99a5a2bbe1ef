"""Meal plans: what they are of, what recipes know of them, and shopping for them (contract B2 §2.5, §10)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import new_household

PLAN, TIME, RECIPE, ITEM, LIST, CHANGE = (
    registry[name]
    for name in ("CookMealPlan", "CookMealTime", "CookRecipe", "ShopItem", "ShopList", "Change")
)


async def planned(caller: Caller, recipe: dict[str, Any] | None, **members: Any) -> dict[str, Any]:
    """A plan to eat something of a recipe, or else something without one."""
    dish = {"cookRecipeID": recipe["id"], "customRecipe": ""} if recipe else {}
    return await caller.make(PLAN, **{**dish, **members})


async def plans_of(caller: Caller, *recipes: dict[str, Any]) -> list[tuple[int, str | None]]:
    """How many plans recipes are in, and the last day they were planned for."""
    now = [(await caller.read(RECIPE, recipe["id"])).value for recipe in recipes]
    return [(recipe["cookMealPlanCount"], recipe["cookMealPlanLast"]) for recipe in now]


@pytest.fixture
async def soup(cast: Cast) -> dict[str, Any]:
    """A recipe of the household."""
    return await cast.ann.make(RECIPE, name="Soup", authHouseholdID=cast.home)


# What is eaten


@pytest.mark.parametrize(("with_recipe", "custom"), [(True, "Pizza"), (False, ""), (False, None)])
async def test_a_plan_is_of_a_recipe_or_of_something_else(
    cast: Cast, soup: dict[str, Any], with_recipe: bool, custom: str | None
) -> None:
    body = await cast.ann.body(PLAN, cookRecipeID=soup["id"] if with_recipe else None, customRecipe=custom)
    answer = await cast.ann.create(PLAN, body)
    said = "cookRecipeID, customRecipe: exactly one of them must be given"
    assert (answer.status, answer.message) == (400, said)
    plan = await planned(cast.ann, None)
    for wrong in ({"cookRecipeID": soup["id"]}, {"customRecipe": ""}):
        assert (await cast.ann.update(PLAN, plan["id"], wrong)).message == said
    assert (await cast.ann.read(PLAN, plan["id"])).value == plan


@pytest.mark.parametrize("member", ["cookMealTimeID", "date"])
async def test_a_plan_has_a_day_and_a_meal_time(cast: Cast, member: str) -> None:
    body = await cast.ann.body(PLAN)
    plan = (await cast.ann.create(PLAN, body)).value
    without = {name: value for name, value in body.items() if name != member}
    for answer, words in (
        (await cast.ann.create(PLAN, without), "must be given"),
        (await cast.ann.create(PLAN, {**body, member: None}), "must not be null"),
        (await cast.ann.update(PLAN, plan["id"], {member: None}), "must not be null"),
    ):
        assert (answer.status, answer.message) == (400, f"{member}: {words}")


async def test_of_a_recipe_it_is_once_unless_said_otherwise(cast: Cast, soup: dict[str, Any]) -> None:
    once = await planned(cast.ann, soup, cookRecipeScale="")
    assert once["cookRecipeScale"] == "1"
    assert (await planned(cast.ann, soup, cookRecipeScale="1/2"))["cookRecipeScale"] == "1/2"
    assert (await planned(cast.ann, None, cookRecipeScale=""))["cookRecipeScale"] == ""
    cleared = (await cast.ann.update(PLAN, once["id"], {"cookRecipeScale": ""})).value
    assert cleared["cookRecipeScale"] == ""


async def test_who_cooks_owns_nothing(cast: Cast) -> None:
    """An account in a plan only says who cooks; the plan stays the household's."""
    plan = await cast.ann.make(PLAN, authAccountID=cast.bob.account)
    assert (plan["authAccountID"], plan["authHouseholdID"]) == (cast.bob.account, cast.home)
    for account in (cast.cat.account, None, cast.kid.account):
        changed = (await cast.bob.update(PLAN, plan["id"], {"authAccountID": account})).value
        assert (changed["authAccountID"], changed["authHouseholdID"]) == (account, cast.home)
    assert (await cast.vic.list(PLAN)).values == [changed]
    assert (await cast.cat.list(PLAN)).values == []


async def test_the_change_log_calls_a_plan_after_its_dish(cast: Cast, soup: dict[str, Any]) -> None:
    plan = await planned(cast.ann, soup)
    await cast.ann.update(PLAN, plan["id"], {"cookRecipeID": None, "customRecipe": "Pizza"})
    await cast.ann.delete(PLAN, plan["id"])
    changes = [change for change in (await cast.ann.list(CHANGE)).values if change["tableName"] == PLAN.table]
    assert [(change["name"], change["operation"]) for change in changes] == [
        ("Soup", 0),
        ("Pizza", 2),
        ("Pizza", 1),
    ]


# What belongs together is one household's


async def test_a_plan_uses_what_its_household_has(database: Database, cast: Cast) -> None:
    second = await new_household(database, cast.ann.account)
    own_time = await cast.ann.make(TIME, authHouseholdID=cast.home)
    other = {
        "cookMealTimeID": await cast.ann.make(TIME, authHouseholdID=second),
        "cookRecipeID": await cast.ann.make(RECIPE, authHouseholdID=second),
    }
    strange = {
        "cookMealTimeID": await cast.cat.make(TIME),
        "cookRecipeID": await cast.cat.make(RECIPE, public=True),
    }
    plan = await cast.ann.make(PLAN, authHouseholdID=cast.home, cookMealTimeID=own_time["id"])
    for member in ("cookMealTimeID", "cookRecipeID"):
        for values in (other, strange):
            wrong = {member: values[member]["id"]}
            if member == "cookRecipeID":
                wrong["customRecipe"] = ""
            for answer in (
                await cast.ann.update(PLAN, plan["id"], wrong),
                await cast.ann.create(PLAN, {**plan, **wrong, "id": None}),
            ):
                said = f"{member}: names nothing that can be referred to here"
                assert (answer.status, answer.message) == (400, said)
    assert (await cast.ann.read(PLAN, plan["id"])).value == plan
    assert await plans_of(cast.ann, other["cookRecipeID"]) == [(0, None)]


@pytest.mark.parametrize("model", [TIME, RECIPE], ids=lambda model: model.__name__)
async def test_plans_go_with_what_they_are_made_of(cast: Cast, soup: dict[str, Any], model: Any) -> None:
    kept = await cast.ann.make(PLAN)
    plan = await planned(cast.ann, soup)
    gone = plan["cookMealTimeID"] if model is TIME else soup["id"]
    assert (await cast.bob.delete(model, gone)).status == 200
    assert (await cast.ann.list(PLAN)).values == [kept]
    if model is TIME:
        assert await plans_of(cast.ann, soup) == [(0, plan["date"])]


# What recipes know


async def test_a_recipe_knows_how_often_and_when_it_was_planned(cast: Cast, soup: dict[str, Any]) -> None:
    stew = await cast.ann.make(RECIPE, name="Stew")
    early = await planned(cast.ann, soup, date="2026-03-01")
    late = await planned(cast.bob, soup, date="2026-03-09")
    await planned(cast.bob, soup, date="2026-03-05")
    assert await plans_of(cast.vic, soup, stew) == [(3, "2026-03-09"), (0, None)]
    await cast.ann.update(PLAN, late["id"], {"cookRecipeID": stew["id"]})
    assert await plans_of(cast.vic, soup, stew) == [(2, "2026-03-09"), (1, "2026-03-09")]
    await cast.ann.update(PLAN, early["id"], {"date": "2026-12-24"})
    assert await plans_of(cast.vic, soup, stew) == [(2, "2026-03-09"), (1, "2026-03-09")]
    await cast.ann.update(PLAN, early["id"], {"cookRecipeID": None, "customRecipe": "Goose"})
    await cast.ann.delete(PLAN, late["id"])
    assert await plans_of(cast.vic, soup, stew) == [(1, "2026-03-09"), (0, "2026-03-09")]
    await cast.ann.update(PLAN, early["id"], {"cookRecipeID": stew["id"], "customRecipe": ""})
    assert await plans_of(cast.vic, soup, stew) == [(1, "2026-03-09"), (1, "2026-12-24")]


async def test_a_recipe_that_is_planned_counts_as_changed(cast: Cast, soup: dict[str, Any]) -> None:
    before = await cast.vic.list(RECIPE)
    plan = await planned(cast.ann, soup)
    after = await cast.vic.list(RECIPE, token=before.token, updated=soup["updated"])
    assert [recipe["cookMealPlanCount"] for recipe in after.values] == [1]
    await cast.ann.update(PLAN, plan["id"], {"time": "07:15"})
    assert (await cast.vic.list(RECIPE, token=after.token)).status == 204


async def test_plans_that_are_made_at_once_are_all_counted(cast: Cast, soup: dict[str, Any]) -> None:
    stew = await cast.ann.make(RECIPE)
    made = await asyncio.gather(*(planned(cast.ann, recipe) for recipe in [soup, stew] * 6))
    assert [count for count, _ in await plans_of(cast.ann, soup, stew)] == [6, 6]
    await asyncio.gather(
        *(cast.bob.update(PLAN, plan["id"], {"cookRecipeID": stew["id"]}) for plan in made),
        *(cast.ann.delete(PLAN, plan["id"]) for plan in made[:4]),
    )
    assert [count for count, _ in await plans_of(cast.ann, soup, stew)] == [0, 8]


# Shopping


async def test_shopping_stays_when_what_it_is_for_goes(cast: Cast, soup: dict[str, Any]) -> None:
    plan = await planned(cast.ann, soup)
    bought = {"cookMealPlanID": plan["id"], "cookRecipeID": soup["id"]}
    shared = await cast.ann.make(ITEM, authHouseholdID=cast.home, **bought)
    own = await cast.ann.make(ITEM, **bought)
    for item in (shared, own):
        assert {name: item[name] for name in bought} == bought
    await cast.bob.delete(PLAN, plan["id"])
    for item in (shared, own):
        now = (await cast.ann.read(ITEM, item["id"])).value
        assert (now["cookMealPlanID"], now["cookRecipeID"]) == (None, soup["id"])
    await cast.bob.delete(RECIPE, soup["id"])
    for item in (shared, own):
        assert (await cast.ann.read(ITEM, item["id"])).value["cookRecipeID"] is None


async def test_shopping_is_for_the_households_own_meals(database: Database, cast: Cast) -> None:
    second = await new_household(database, cast.ann.account)
    recipe = await cast.ann.make(RECIPE, authHouseholdID=second)
    plan = await planned(cast.ann, recipe, authHouseholdID=second)
    item = await cast.ann.make(ITEM, authHouseholdID=cast.home)
    for member, value in (("cookMealPlanID", plan), ("cookRecipeID", recipe)):
        wrong = {member: value["id"]}
        answers = [await cast.ann.create(ITEM, {**item, "id": None, "shopListID": None, **wrong})]
        if member == "cookMealPlanID":
            answers.append(await cast.ann.update(ITEM, item["id"], wrong))
        answers.append(await cast.bob.create(ITEM, {"name": "Leek", **wrong}))
        for answer in answers:
            said = f"{member}: names nothing that can be referred to here"
            assert (answer.status, answer.message) == (400, said)


async def test_an_item_that_moves_leaves_behind_what_it_was_for(
    database: Database, cast: Cast, soup: dict[str, Any]
) -> None:
    second = await new_household(database, cast.ann.account)
    plan = await planned(cast.ann, soup)
    bought = {"cookMealPlanID": plan["id"], "cookRecipeID": soup["id"]}
    other_list = await cast.ann.make(LIST, authHouseholdID=second)
    item = await cast.ann.make(ITEM, authHouseholdID=cast.home, **bought)
    own = (await cast.ann.update(ITEM, item["id"], {"authAccountID": cast.ann.account})).value
    assert {name: own[name] for name in bought} == bought
    back = (await cast.ann.update(ITEM, item["id"], {"authHouseholdID": cast.home})).value
    assert {name: back[name] for name in bought} == bought
    moved = (await cast.ann.update(ITEM, item["id"], {"shopListID": other_list["id"]})).value
    assert (moved["authHouseholdID"], moved["cookMealPlanID"], moved["cookRecipeID"]) == (second, None, None)
