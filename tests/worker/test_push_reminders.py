"""Reminders on devices: what they say, and who is told in which way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from homechart_common.models import CalendarEvent, rows
from homechart_common.postgresql.connection import Queryable
from homechart_worker.task import Context, Task, perform
from homechart_worker.tasks.calendar_event_reminders import calendar_event_reminders
from homechart_worker.tasks.cook_meal_plan_reminders import cook_meal_plan_reminders
from homechart_worker.tasks.daily_agendas import daily_agendas
from homechart_worker.tasks.missed_reminders import missed_reminders
from homechart_worker.tasks.plan_task_reminders import plan_task_reminders
from homechart_worker.tasks.push import push
from tests.factories import join, new_household
from tests.people import add_account, add_meal, add_recipe, add_tasks
from tests.push_service import PushService

DUE = -timedelta(minutes=1)
#: Makes something that it is time to be reminded of, of a household or else of an account.
Make = Callable[[Queryable, str | None, str | None], Awaitable[Any]]


async def add_event(database: Queryable, household: str | None, account: str | None) -> None:
    """An event that begins in a minute."""
    await rows.insert(
        database,
        CalendarEvent,
        [
            {
                "name": "Choir",
                "auth_account_id": account,
                "auth_household_id": household,
                "date_start": "2026-11-24",
                "time_start": "20:30",
                "time_zone": "Europe/Lisbon",
                "duration": 90,
                "travel_time": 20,
                "location": "Town hall",
                "notify_offset": 5,
            }
        ],
    )
    await database.execute(
        "UPDATE calendar_event SET date_start = (now() AT TIME ZONE time_zone + interval '1 minute')::date,"
        " time_start = (now() AT TIME ZONE time_zone + interval '1 minute')::time WHERE time_start = '20:30'"
    )


async def add_task(database: Queryable, household: str | None, account: str | None) -> None:
    await add_tasks(database, "Iron", household=household, account=account)


async def add_cooking(database: Queryable, household: str | None, _: str | None) -> None:
    assert household
    await add_meal(database, household, cook_in=DUE)


async def add_preparing(database: Queryable, household: str | None, _: str | None) -> None:
    assert household
    await add_meal(database, household, prep_in=DUE)


KINDS = [
    pytest.param(calendar_event_reminders, add_event, "CalendarEvent", "calendar", id="event"),
    pytest.param(plan_task_reminders, add_task, "PlanTask", "plan", id="task"),
    pytest.param(cook_meal_plan_reminders, add_cooking, "CookMealPlanCook", "cook", id="cooking"),
    pytest.param(cook_meal_plan_reminders, add_preparing, "CookMealPlanPrep", "cook", id="preparing"),
]


async def add_people(
    context: Context, pushes: PushService, about: str, household: str | None
) -> dict[str, str]:
    """Accounts that are signed in in a browser and want to be told like their name says."""
    people = {}
    for name, flags in {
        "both": {},
        "mail": {f"ignoreDevice{about}": True},
        "device": {f"ignoreEmail{about}": True, f"ignoreDevice{about}": False},
        "neither": {f"ignoreEmail{about}": True, f"ignoreDevice{about}": True},
    }.items():
        preferences: dict[str, Any] = flags
        if household:
            preferences = {"notificationsHouseholds": [{"authHouseholdID": household, **flags}]}
        people[name] = await add_account(context.database, name=name, preferences=preferences)
        await pushes.browser().subscribe(context.database, people[name])
    return people


async def ways(context: Context) -> dict[str, set[str]]:
    """In which ways whom."""
    found = await context.database.fetch(
        "SELECT a.name, n.way FROM notification n JOIN auth_account a ON a.id = n.auth_account_id"
    )
    told: dict[str, set[str]] = {}
    for name, way in found:
        assert way not in told.setdefault(name, set()), "once is enough"
        told[name].add(way)
    return told


@pytest.mark.parametrize(("remind", "make", "about", "component"), KINDS)
async def test_members_choose_how_they_are_told_of_what_is_the_households(
    pushing: Context, pushes: PushService, remind: Task, make: Make, about: str, component: str
) -> None:
    database = pushing.database
    household, elsewhere = await new_household(database), await new_household(database)
    people = await add_people(pushing, pushes, about, household)
    other = {"notificationsHouseholds": [{"authHouseholdID": elsewhere, f"ignoreDevice{about}": True}]}
    people["minding another"] = await add_account(
        database, name="minding another", preferences={**other, f"ignoreDevice{about}": True}
    )
    people["unverified"] = await add_account(database, name="unverified", verified=False)
    people["child"] = await add_account(database, name="child", child=True)
    people["may not"] = await add_account(database, name="may not")
    people["no device"] = await add_account(database, name="no device")
    for name, account in people.items():
        await join(database, household, account, {component: 2} if name == "may not" else {})
        if name != "no device":
            await pushes.browser().subscribe(database, account, seconds=-1)
    for name in ("minding another", "unverified", "child", "may not"):
        await pushes.browser().subscribe(database, people[name])
    await make(database, household, None)
    assert await perform(remind, pushing) == 1
    assert await ways(pushing) == {
        "both": {"smtp", "webpush"},
        "mail": {"smtp"},
        "device": {"webpush"},
        "minding another": {"smtp", "webpush"},
        "unverified": {"webpush"},
        "no device": {"smtp"},
    }


@pytest.mark.parametrize(("remind", "make", "about", "component"), KINDS[:2])
async def test_people_choose_how_they_are_told_of_what_is_theirs(
    pushing: Context, pushes: PushService, remind: Task, make: Make, about: str, component: str
) -> None:
    for account in (await add_people(pushing, pushes, about, None)).values():
        await make(pushing.database, None, account)
    assert await perform(remind, pushing) == 4
    assert await ways(pushing) == {"both": {"smtp", "webpush"}, "mail": {"smtp"}, "device": {"webpush"}}


@pytest.mark.parametrize(("remind", "make", "about", "component"), KINDS)
async def test_a_session_is_told_only_what_it_may_see(
    pushing: Context, pushes: PushService, remind: Task, make: Make, about: str, component: str
) -> None:
    database = pushing.database
    account = await add_account(database)
    household, elsewhere = await new_household(database, account), await new_household(database, account)
    full, viewing, own, lowered = (pushes.browser() for _ in range(4))
    await full.subscribe(database, account)
    await viewing.subscribe(database, account, households={household: {component: 1}})
    await own.subscribe(database, account, permissions={component: 2}, households={elsewhere: {component: 2}})
    await lowered.subscribe(database, account, households={household: {component: 2}})
    await make(database, household, None)
    await perform(remind, pushing)
    await perform(push, pushing)
    told = [bool(pushes.told(browser)) for browser in (full, viewing, own, lowered)]
    assert told == [True, True, True, False]
    if component != "cook":
        await database.execute("DELETE FROM notification")
        pushes.arrivals.clear()
        await make(database, None, account)
        await perform(remind, pushing)
        await perform(push, pushing)
        assert [bool(pushes.told(browser)) for browser in (full, own)] == [True, False]


async def test_people_choose_how_they_are_told_what_is_on(pushing: Context, pushes: PushService) -> None:
    await add_people(pushing, pushes, "Agenda", None)
    await pushing.database.execute("UPDATE auth_account SET daily_agenda_next = now()")
    assert await perform(daily_agendas, pushing) == 4
    assert await ways(pushing) == {"both": {"smtp", "webpush"}, "mail": {"smtp"}, "device": {"webpush"}}


async def test_people_are_told_of_what_was_missed_in_the_way_that_they_chose_for_it(
    pushing: Context, pushes: PushService
) -> None:
    database = pushing.database
    people = await add_people(pushing, pushes, "PlanTask", None)
    for account in people.values():
        await add_tasks(database, "Iron", account=account)
    await database.execute("ALTER TABLE plan_task DISABLE TRIGGER z_stamp")
    await database.execute(
        "UPDATE plan_task SET due_date = now() - interval '3 days', updated = now() - interval '3 days'"
    )
    await database.execute("ALTER TABLE plan_task ENABLE TRIGGER z_stamp")
    assert await perform(plan_task_reminders, pushing) == 4
    assert await perform(missed_reminders, pushing) == 3
    assert await ways(pushing) == {"both": {"smtp", "webpush"}, "mail": {"smtp"}, "device": {"webpush"}}


async def shown(pushing: Context, pushes: PushService, remind: Task, make: Make) -> dict[str, Any]:
    """What a member's device shows of something of the household."""
    account = await add_account(pushing.database, preferences={"formatTime24": True, "formatDateOrder": 2})
    household = await new_household(pushing.database, account)
    await pushes.browser().subscribe(pushing.database, account)
    await make(pushing.database, household, None)
    await perform(remind, pushing)
    await perform(push, pushing)
    [arrival] = pushes.arrivals
    return arrival.said


async def test_what_a_device_shows_of_a_task(pushing: Context, pushes: PushService) -> None:
    async def make(database: Queryable, household: str | None, account: str | None) -> None:
        await add_tasks(database, "**Iron** & <b>fold</b>", household=household)
        await database.execute("UPDATE plan_task SET due_date = '2026-01-31 20:30Z'")

    said = await shown(pushing, pushes, plan_task_reminders, make)
    assert said == {
        "subject": "Task due: **Iron** & <b>fold</b>",
        "body": "Due: 2026/01/31 20:30",
        "actions": {
            "default": "/plan/tasks?filter=upcoming",
            "target": await pushing.database.fetch_value("SELECT id::text FROM plan_task"),
            "targetType": "plan_task",
            "types": [0, 1],
        },
    }


async def test_what_a_device_shows_of_a_day(pushing: Context, pushes: PushService) -> None:
    async def make(database: Queryable, household: str | None, account: str | None) -> None:
        await add_tasks(database, "Iron", household=household)
        await database.execute("UPDATE auth_account SET daily_agenda_next = now()")

    said = await shown(pushing, pushes, daily_agendas, make)
    assert said["body"] == "Tasks due: 1"
    assert said["actions"] == {"default": "/calendar", "target": "", "targetType": "", "types": None}


async def test_what_a_device_shows_of_an_event(pushing: Context, pushes: PushService) -> None:
    said = await shown(pushing, pushes, calendar_event_reminders, add_event)
    lines = said.pop("body").splitlines()
    assert [line.partition(": ")[0] for line in lines[1:]] == ["Leave by", "Where"]
    assert lines[0].endswith("(Europe/Lisbon)")
    assert lines[2] == "Where: Town hall"
    assert said == {
        "subject": "Coming up: Choir",
        "actions": {
            "default": "/calendar",
            "target": await pushing.database.fetch_value("SELECT id::text FROM calendar_event"),
            "targetType": "calendar_event",
            "types": [0],
        },
    }


@pytest.mark.parametrize("with_recipe", [True, False])
async def test_what_a_device_shows_of_a_meal(
    pushing: Context, pushes: PushService, with_recipe: bool
) -> None:
    async def make(database: Queryable, household: str | None, account: str | None) -> None:
        assert household
        recipe = await add_recipe(database, household, "Pizza") if with_recipe else None
        await add_meal(database, household, recipe=recipe, scale="2", cook_in=DUE)

    said = await shown(pushing, pushes, cook_meal_plan_reminders, make)
    recipe = await pushing.database.fetch_value("SELECT id::text FROM cook_recipe") or ""
    assert said == {
        "subject": "Time to cook: Pizza",
        "body": "For Dinner: 2026/11/24 18:30",
        "actions": {
            "default": f"/cook/recipes/{recipe}?scale=2" if recipe else "/cook/meal-plans",
            "target": recipe,
            "targetType": "cook_recipe" if recipe else "",
            "types": [0],
        },
    }
