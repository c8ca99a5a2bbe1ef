from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from homechart_common.errors import InvalidInput
from homechart_common.postgresql.connection import Row
from homechart_worker.task import Context, perform
from homechart_worker.tasks.plan_task_reminders import plan_task_reminders
from tests.factories import join, new_household
from tests.people import add_account, add_tasks


async def reminded(context: Context) -> list[Row]:
    """Who is told of what."""
    return await context.database.fetch(
        """SELECT a.name, n.subject_smtp FROM notification n JOIN auth_account a ON a.id = n.auth_account_id
        ORDER BY a.name, n.subject_smtp"""
    )


async def test_the_owner_of_a_personal_task_is_reminded_once(context: Context) -> None:
    await add_tasks(context.database, "Iron", account=await add_account(context.database))
    assert await perform(plan_task_reminders, context) == 1
    assert await perform(plan_task_reminders, context) == 0
    assert await reminded(context) == [("Jane", "Task due: Iron")]


async def test_a_reminder_is_in_the_words_zone_and_form_of_its_reader(context: Context) -> None:
    account = await add_account(
        context.database, language="tlh", time_zone="Asia/Tokyo", preferences={"formatTime24": True}
    )
    await add_tasks(context.database, "<b>Iron</b>\n*now*", account=account)
    await context.database.execute("UPDATE plan_task SET due_date = '2026-01-31 20:30Z'")
    await perform(plan_task_reminders, context)
    ((subject, body, language),) = await context.database.fetch(
        "SELECT subject_smtp, body_smtp, iso_639_code FROM notification"
    )
    assert subject == "Task due: <b>Iron</b> *now*"
    assert "02\\/01\\/2026 05\\:30" in body
    assert "https://house.test/plan/tasks?filter=upcoming" in body
    assert language == "en"


@pytest.mark.parametrize(
    "task",
    [
        {"due_in": timedelta(hours=1)},
        {"notify": False},
        {"done": True},
        {"template": True},
    ],
    ids=lambda task: next(iter(task)),
)
async def test_nobody_is_reminded_of(context: Context, task: dict[str, Any]) -> None:
    await add_tasks(context.database, "Iron", account=await add_account(context.database), **task)
    assert await perform(plan_task_reminders, context) == 0
    assert await reminded(context) == []


async def test_all_members_who_may_see_tasks_are_reminded_of_a_households_task(context: Context) -> None:
    database = context.database
    household = await new_household(database)
    for name, plan in (("Jane", 0), ("John", 1), ("Jill", 2)):
        await join(database, household, await add_account(database, name=name), {"plan": plan})
    await join(database, household, await add_account(database, name="Child", child=True))
    await join(database, household, await add_account(database, name="New", verified=False))
    await new_household(database, await add_account(database, name="Neighbour"))
    await add_tasks(database, "Iron", household=household)
    await perform(plan_task_reminders, context)
    assert await reminded(context) == [("Jane", "Task due: Iron"), ("John", "Task due: Iron")]


async def test_only_the_assignee_is_reminded_of_an_assigned_task(context: Context) -> None:
    jane = await add_account(context.database, name="Jane")
    john = await add_account(context.database, name="John")
    household = await new_household(context.database, jane, john)
    await add_tasks(context.database, "Iron", household=household, account=john)
    await perform(plan_task_reminders, context)
    assert await reminded(context) == [("John", "Task due: Iron")]


async def test_people_choose_which_reminders_they_get(context: Context) -> None:
    database = context.database
    household = await new_household(database)
    wishes: dict[str, dict[str, Any]] = {
        "No own": {"ignoreEmailPlanTask": True},
        "No household": {
            "notificationsHouseholds": [{"authHouseholdID": household, "ignoreEmailPlanTask": True}]
        },
        "No other household": {
            "notificationsHouseholds": [
                {"authHouseholdID": await new_household(database), "ignoreEmailPlanTask": True},
                {"authHouseholdID": household, "ignoreEmailPlanTask": False},
            ]
        },
    }
    for name, preferences in wishes.items():
        account = await add_account(database, name=name, preferences=preferences)
        await join(database, household, account)
        await add_tasks(database, "Own", account=account)
        await add_tasks(database, "Assigned", account=account, household=household)
    await add_tasks(database, "Household", household=household)
    await perform(plan_task_reminders, context)
    assert await reminded(context) == [
        ("No household", "Task due: Assigned"),
        ("No household", "Task due: Own"),
        ("No other household", "Task due: Assigned"),
        ("No other household", "Task due: Household"),
        ("No other household", "Task due: Own"),
        ("No own", "Task due: Household"),
    ]


async def test_a_task_of_which_nobody_wants_to_hear_is_not_looked_at_again(context: Context) -> None:
    account = await add_account(context.database, preferences={"ignoreEmailPlanTask": True})
    await add_tasks(context.database, "Iron", account=account)
    assert await perform(plan_task_reminders, context) == 1
    assert await perform(plan_task_reminders, context) == 0
    assert await reminded(context) == []


async def test_a_new_due_date_reminds_again(context: Context) -> None:
    await add_tasks(context.database, "Iron", account=await add_account(context.database))
    await perform(plan_task_reminders, context)
    await context.database.execute("UPDATE plan_task SET due_date = now() - interval '1 minute'")
    await perform(plan_task_reminders, context)
    assert len(await reminded(context)) == 2


async def test_being_reminded_is_no_change_that_clients_are_told_of(context: Context) -> None:
    account = await add_account(context.database)
    await add_tasks(context.database, "Iron", account=account)
    before = await context.database.fetch("SELECT version FROM sync_version ORDER BY owner_id")
    await perform(plan_task_reminders, context)
    assert await context.database.fetch("SELECT version FROM sync_version ORDER BY owner_id") == before


async def test_many_workers_remind_of_each_task_once(context: Context) -> None:
    account = await add_account(context.database)
    await add_tasks(context.database, *(f"{number:03}" for number in range(450)), account=account)
    handled = await asyncio.gather(*(perform(plan_task_reminders, context) for _ in range(4)))
    assert sum(handled) == 450
    assert [subject for _, subject in await reminded(context)] == [
        f"Task due: {number:03}" for number in range(450)
    ]


async def test_a_task_is_not_notified_when_its_messages_could_not_be_kept(context: Context) -> None:
    account = await add_account(context.database)
    await add_tasks(context.database, "Iron", account=account)
    await context.database.execute("ALTER TABLE notification ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    with pytest.raises(InvalidInput):
        await perform(plan_task_reminders, context)
    await context.database.execute("ALTER TABLE notification DROP CONSTRAINT full_up")
    assert await perform(plan_task_reminders, context) == 1
    assert len(await reminded(context)) == 1
