"""After days without a worker each person hears once of all that was missed, and as ever of what is due now."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from homechart_common.notify import markdown
from homechart_common.postgresql.connection import Queryable
from homechart_worker.task import Context, perform
from homechart_worker.tasks.calendar_event_reminders import calendar_event_reminders
from homechart_worker.tasks.cook_meal_plan_reminders import cook_meal_plan_reminders
from homechart_worker.tasks.missed_reminders import missed_reminders
from homechart_worker.tasks.plan_task_reminders import plan_task_reminders
from tests.factories import new_household
from tests.people import add_account, add_meal

REMINDERS = (calendar_event_reminders, cook_meal_plan_reminders, plan_task_reminders)
SUMMARY = "While reminders were not working"


async def add_task(database: Queryable, name: str, household: str, *, hours: float, changed: float) -> None:
    """A task that is due some hours from now, and was changed then last."""
    await database.execute(
        """INSERT INTO plan_task (short_id, name, auth_household_id, due_date, notify, position, updated)
        VALUES ('short', %(name)s, %(household)s, now() + make_interval(mins => %(due)s), true, '',
            now() + make_interval(mins => %(changed)s))""",
        {"name": name, "household": household, "due": round(hours * 60), "changed": round(changed * 60)},
    )


async def add_event(
    database: Queryable, name: str, household: str, *, hours: float, armed: bool = True, **columns: Any
) -> None:
    """An event that begins some hours from now. A worker knew of its reminder, unless it was made since."""
    await database.execute(
        """WITH made AS (
            SELECT date_trunc('minute', now()) + make_interval(mins => %(begins)s) AS begins
        )
        INSERT INTO calendar_event (name, auth_household_id, date_start, time_start, duration, notify_offset,
            recurrence, updated, created)
        SELECT %(name)s, %(household)s, (begins AT TIME ZONE 'UTC')::date, (begins AT TIME ZONE 'UTC')::time, 60, 0,
            %(recurrence)s::jsonb, begins - interval '1 hour', begins - interval '1 hour' FROM made""",
        {"name": name, "household": household, "begins": round(hours * 60), "recurrence": None, **columns},
    )
    if armed:
        await database.execute(
            """UPDATE calendar_event SET time_notification = timestamp_start, date_notification = date_start
            WHERE name = %(name)s""",
            {"name": name},
        )


async def add_old_meal(database: Queryable, name: str, household: str, days: int) -> None:
    """A meal that should have been cooked some days ago, as was known before that."""
    meal = await add_meal(database, household, name)
    await database.execute("ALTER TABLE cook_meal_plan DISABLE TRIGGER z_stamp")
    await database.execute(
        """UPDATE cook_meal_plan SET notification_time_cook = now() - make_interval(days => %(days)s),
            notification_time_prep = now() - make_interval(days => %(days)s, hours => 1),
            date = current_date - %(days)s, updated = now() - interval '9 days' WHERE id = %(meal)s""",
        {"meal": meal, "days": days},
    )
    await database.execute("ALTER TABLE cook_meal_plan ENABLE TRIGGER z_stamp")


async def work(context: Context) -> None:
    """What a worker does in a minute; the summary may come first, as nothing says who is when."""
    for task in (missed_reminders, *REMINDERS, missed_reminders):
        await perform(task, context)


async def told(database: Queryable) -> list[tuple[str, str]]:
    """Who got which mail."""
    return [
        (name, subject)
        for name, subject in await database.fetch(
            """SELECT a.name, n.subject_smtp FROM notification n JOIN auth_account a ON a.id = n.auth_account_id
            ORDER BY 1, 2"""
        )
    ]


async def summary(database: Queryable) -> str:
    """What the first summary says, without dates."""
    body = await database.fetch_value(
        "SELECT body_smtp FROM notification WHERE subject_smtp = %(subject)s LIMIT 1", {"subject": SUMMARY}
    )
    lines = markdown.to_text(body).splitlines()
    return "\n".join(line.partition(":")[0] if line.startswith("- ") else line for line in lines)


async def test_three_days_without_a_worker_are_one_message_a_person(context: Context) -> None:
    database = context.database
    people = [await add_account(database, name=name) for name in ("Jane", "John")]
    household = await new_household(database, *people)
    for number in range(150):
        await add_task(database, f"Task {number:03}", household, hours=-72 + number / 10, changed=-200)
    for number in range(12):
        await add_event(database, f"Event {number:02}", household, hours=-72 + number)
    for number in range(3):
        await add_old_meal(database, f"Meal {number}", household, days=3)
    await add_task(database, "Yesterday evening", household, hours=-12, changed=-200)
    await add_event(database, "This morning", household, hours=-2)
    await work(context)
    assert await told(database) == [
        (name, subject)
        for name in ("Jane", "John")
        for subject in ("Coming up: This morning", "Task due: Yesterday evening", SUMMARY)
    ]
    events = "".join(f"- Event {number:02}\n" for number in range(11, 1, -1))
    tasks = "".join(f"- Task {number:03}\n" for number in range(149, 139, -1))
    assert (
        await summary(database)
        == (
            "For some time no reminders could be sent. This is what you would have been reminded of:\n\n"
            f"Events: 12\n\n{events}- …\n\nMeals: 3\n\n- Meal 0\n- Meal 1\n- Meal 2\n\nTasks: 150\n\n{tasks}- …\n\n"
            "See the calendar: https"
        )
        + "://house.test/calendar"
    )
    await work(context)
    assert len(await told(database)) == 6
    assert not await database.fetch("SELECT FROM missed_reminder")


async def test_nobody_is_told_twice_by_workers_who_come_back_together(context: Context) -> None:
    database = context.database
    for number in range(30):
        household = await new_household(database, await add_account(database, name=f"{number:02}"))
        for task in range(10):
            await add_task(database, f"Task {task}", household, hours=-72, changed=-200)
        await add_event(database, f"Event {number}", household, hours=-70)
    rounds = [perform(task, context) for _ in range(4) for task in (missed_reminders, *REMINDERS)]
    await asyncio.gather(*rounds)
    await work(context)
    assert await told(database) == [(f"{number:02}", SUMMARY) for number in range(30)]


async def test_a_task_that_was_due_before_it_was_written_is_reminded_of_as_ever(context: Context) -> None:
    household = await new_household(context.database, await add_account(context.database))
    await add_task(context.database, "Iron", household, hours=-1000, changed=0)
    await work(context)
    assert await told(context.database) == [("Jane", "Task due: Iron")]


async def test_a_meal_that_is_planned_late_is_reminded_of_as_ever(context: Context) -> None:
    household = await new_household(context.database, await add_account(context.database))
    await add_meal(context.database, household, prep_in=timedelta(days=-3))
    await work(context)
    assert await told(context.database) == [("Jane", "Time to prepare: Pizza")]


async def test_what_comes_every_day_is_reminded_of_where_it_is_now(context: Context) -> None:
    household = await new_household(context.database, await add_account(context.database))
    await add_event(context.database, "Pills", household, hours=-73, recurrence='{"separation": 1}')
    await work(context)
    assert await told(context.database) == [("Jane", "Coming up: Pills")]


async def test_an_event_that_came_and_went_while_no_worker_ran_is_told_of(context: Context) -> None:
    household = await new_household(context.database, await add_account(context.database))
    await add_event(context.database, "Choir", household, hours=-30, armed=False)
    await work(context)
    assert await told(context.database) == [("Jane", SUMMARY)]
    assert "Events: 1\n\n- Choir" in await summary(context.database)


async def test_whoever_wants_no_reminders_misses_none(context: Context) -> None:
    database = context.database
    account = await add_account(database)
    household = await new_household(database, account)
    await database.execute(
        """UPDATE auth_account SET preferences = jsonb_build_object('notificationsHouseholds', jsonb_build_array(
            jsonb_build_object('authHouseholdID', %(household)s::text, 'ignoreEmailPlanTask', true)))""",
        {"household": household},
    )
    await add_task(database, "Iron", household, hours=-72, changed=-200)
    await work(context)
    assert await told(database) == []


@pytest.mark.parametrize("overdue", ["event", "meal"])
async def test_what_is_missed_is_told_an_hour_later_though_something_cannot_be_looked_at(
    context: Context, overdue: str
) -> None:
    database = context.database
    household = await new_household(database, await add_account(database))
    await add_task(database, "Iron", household, hours=-72, changed=-200)
    if overdue == "event":
        await add_event(database, "Choir", household, hours=-72)
    else:
        await add_meal(database, household, cook_in=timedelta(days=-3))
    await perform(plan_task_reminders, context)
    assert await perform(missed_reminders, context) == 0
    await database.execute("UPDATE missed_reminder SET created = created - interval '61 minutes'")
    assert await perform(missed_reminders, context) == 1
