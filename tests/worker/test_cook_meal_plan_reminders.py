from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from homechart_common.errors import InvalidInput
from homechart_common.postgresql.connection import Row
from homechart_worker.task import Context, perform
from homechart_worker.tasks.cook_meal_plan_reminders import cook_meal_plan_reminders
from tests.factories import join, new_household
from tests.people import add_account, add_meal, add_recipe

DUE, LATER = -timedelta(minutes=1), timedelta(hours=1)


async def reminded(context: Context) -> list[Row]:
    """Who is told of what."""
    return await context.database.fetch(
        """SELECT a.name, n.subject_smtp FROM notification n JOIN auth_account a ON a.id = n.auth_account_id
        ORDER BY a.name, n.subject_smtp"""
    )


async def times(context: Context) -> list[Row]:
    """Which reminders are still to come, of cooking and of preparing."""
    return await context.database.fetch(
        "SELECT notification_time_cook IS NOT NULL, notification_time_prep IS NOT NULL FROM cook_meal_plan"
    )


@pytest.mark.parametrize(
    ("cook_in", "prep_in", "said", "left"),
    [
        (DUE, None, ["Time to cook: Pizza"], (False, False)),
        (None, DUE, ["Time to prepare: Pizza"], (False, False)),
        (LATER, DUE, ["Time to prepare: Pizza"], (True, False)),
        (DUE, LATER, ["Time to cook: Pizza"], (False, True)),
        (DUE, DUE, ["Time to cook: Pizza", "Time to prepare: Pizza"], (False, False)),
        (LATER, LATER, [], (True, True)),
        (None, None, [], (False, False)),
    ],
)
async def test_members_are_reminded_of_cooking_and_preparing_once(
    context: Context, cook_in: Any, prep_in: Any, said: list[str], left: tuple[bool, bool]
) -> None:
    household = await new_household(context.database, await add_account(context.database))
    await add_meal(context.database, household, cook_in=cook_in, prep_in=prep_in)
    assert await perform(cook_meal_plan_reminders, context) == bool(said)
    assert await perform(cook_meal_plan_reminders, context) == 0
    assert await reminded(context) == [("Jane", subject) for subject in said]
    assert await times(context) == [left]


async def test_a_reminder_leads_to_the_recipe_and_says_when_the_meal_is(context: Context) -> None:
    account = await add_account(
        context.database, time_zone="Asia/Tokyo", preferences={"formatTime24": True, "formatDateOrder": 2}
    )
    household = await new_household(context.database, account)
    recipe = await add_recipe(context.database, household, "*Leek* soup")
    await add_meal(context.database, household, recipe=recipe, scale="1/2", cook_in=DUE)
    await add_meal(context.database, household, "Pizza", prep_in=DUE)
    await perform(cook_meal_plan_reminders, context)
    rows = await context.database.fetch(
        "SELECT kind, subject_smtp, body_smtp FROM notification ORDER BY kind"
    )
    (cook, subject, body), (prep, _, other) = rows
    assert (cook, prep, subject) == (
        "cook_meal_plan_cook",
        "cook_meal_plan_prep",
        "Time to cook: *Leek* soup",
    )
    assert "for Dinner: 2026\\/11\\/24 18\\:30" in body
    assert f"https://house.test/cook/recipes/{recipe}?scale=1%2F2" in body
    assert "https://house.test/cook/meal-plans" in other


async def test_all_members_who_may_see_meals_are_reminded_whoever_cooks(context: Context) -> None:
    database = context.database
    household = await new_household(database)
    jane = await add_account(database, name="Jane")
    await join(database, household, jane)
    for name, cook in (("John", 1), ("Jill", 2)):
        await join(database, household, await add_account(database, name=name), {"cook": cook})
    await join(database, household, await add_account(database, name="Child", child=True))
    await join(database, household, await add_account(database, name="New", verified=False))
    await new_household(database, await add_account(database, name="Neighbour"))
    plan = await add_meal(database, household, cook_in=DUE)
    await database.execute(
        "UPDATE cook_meal_plan SET auth_account_id = %(jane)s WHERE id = %(plan)s",
        {"jane": jane, "plan": plan},
    )
    await perform(cook_meal_plan_reminders, context)
    assert await reminded(context) == [("Jane", "Time to cook: Pizza"), ("John", "Time to cook: Pizza")]


async def test_people_choose_which_reminders_they_get(context: Context) -> None:
    database = context.database
    household, other = await new_household(database), await new_household(database)
    wishes: dict[str, dict[str, Any]] = {
        "All": {},
        "None elsewhere": {"authHouseholdID": other, "ignoreEmailCookMealPlanCook": True},
        "Not cooking": {"authHouseholdID": household, "ignoreEmailCookMealPlanCook": True},
        "Not preparing": {"authHouseholdID": household, "ignoreEmailCookMealPlanPrep": True},
        "Nothing": {
            "authHouseholdID": household,
            "ignoreEmailCookMealPlanCook": True,
            "ignoreEmailCookMealPlanPrep": True,
        },
    }
    for name, wish in wishes.items():
        preferences = {"notificationsHouseholds": [wish]} if wish else {}
        await join(database, household, await add_account(database, name=name, preferences=preferences))
    await add_meal(database, household, cook_in=DUE, prep_in=DUE)
    await perform(cook_meal_plan_reminders, context)
    cook, prepare = "Time to cook: Pizza", "Time to prepare: Pizza"
    assert await reminded(context) == [
        ("All", cook),
        ("All", prepare),
        ("None elsewhere", cook),
        ("None elsewhere", prepare),
        ("Not cooking", prepare),
        ("Not preparing", cook),
    ]


async def test_a_meal_of_which_nobody_wants_to_hear_is_not_looked_at_again(context: Context) -> None:
    await add_meal(context.database, await new_household(context.database), cook_in=DUE)
    assert await perform(cook_meal_plan_reminders, context) == 1
    assert await perform(cook_meal_plan_reminders, context) == 0
    assert await times(context) == [(False, False)]


async def test_clients_are_told_that_a_reminder_was_sent(context: Context) -> None:
    household = await new_household(context.database, await add_account(context.database))
    await add_meal(context.database, household, cook_in=DUE)
    version = "SELECT version FROM sync_change WHERE table_name = 'cook_meal_plan'"
    before = await context.database.fetch_value(version)
    await perform(cook_meal_plan_reminders, context)
    assert await context.database.fetch_value(version) > before


async def test_many_workers_remind_of_each_meal_once(context: Context) -> None:
    household = await new_household(context.database, await add_account(context.database))
    for number in range(250):
        await add_meal(context.database, household, f"{number:03}", cook_in=DUE)
    handled = await asyncio.gather(*(perform(cook_meal_plan_reminders, context) for _ in range(4)))
    assert sum(handled) == 250
    assert [subject for _, subject in await reminded(context)] == [
        f"Time to cook: {number:03}" for number in range(250)
    ]


async def test_a_reminder_is_not_sent_when_its_messages_could_not_be_kept(context: Context) -> None:
    household = await new_household(context.database, await add_account(context.database))
    await add_meal(context.database, household, cook_in=DUE)
    await context.database.execute("ALTER TABLE notification ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    with pytest.raises(InvalidInput):
        await perform(cook_meal_plan_reminders, context)
    await context.database.execute("ALTER TABLE notification DROP CONSTRAINT full_up")
    assert await perform(cook_meal_plan_reminders, context) == 1
    assert len(await reminded(context)) == 1
