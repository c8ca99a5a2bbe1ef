"""Agendas and what was missed, on devices."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from homechart_common.models.permissions import Component
from homechart_worker import missed
from homechart_worker.task import Context, Task, perform
from homechart_worker.tasks.daily_agendas import daily_agendas
from homechart_worker.tasks.missed_reminders import missed_reminders
from homechart_worker.tasks.push import push
from tests.people import add_account, add_tasks
from tests.push_service import PushService

LOOK = "Some may have been for you: have a look at what was due."
CALENDAR = {"default": "/calendar", "target": "", "targetType": "", "types": None}


async def ways(context: Context) -> set[tuple[str, str]]:
    """Who was told in which way."""
    found = await context.database.fetch(
        "SELECT a.name, n.way FROM notification n JOIN auth_account a ON a.id = n.auth_account_id"
    )
    assert len(found) == len(set(found)), "once is enough"
    return set(found)


async def actions(context: Context, task: Task) -> list[tuple[str, str, dict[str, object]]]:
    """What devices are to show after a task."""
    await perform(task, context)
    found = await context.database.fetch(
        "SELECT subject_web_push, body_web_push, actions FROM notification WHERE way = 'webpush'"
    )
    await perform(push, context)
    return [(subject, body, json.loads(action)) for subject, body, action in found]


async def test_an_agenda_is_shown_on_devices_in_a_line_for_each_kind(
    pushing: Context, pushes: PushService
) -> None:
    database, browser = pushing.database, pushes.browser()
    jane = await add_account(database, verified=False)
    await browser.subscribe(database, jane)
    await add_tasks(database, "Iron", "Wash", account=jane, due_in=timedelta(days=-1))
    await database.execute("UPDATE auth_account SET daily_agenda_next = now()")
    ((subject, body, action),) = await actions(pushing, daily_agendas)
    assert subject.startswith("Your day: ")
    assert (body, action) == ("Tasks due: 2", CALENDAR)
    assert pushes.told(browser) == [subject]


async def test_people_choose_how_they_are_told_of_their_day(pushing: Context, pushes: PushService) -> None:
    database = pushing.database
    for name, flags in {
        "both": {},
        "mail": {"ignoreDeviceAgenda": True},
        "device": {"ignoreEmailAgenda": True},
        "neither": {"ignoreEmailAgenda": True, "ignoreDeviceAgenda": True},
    }.items():
        await pushes.browser().subscribe(database, await add_account(database, name=name, preferences=flags))
    lowered = await add_account(database, name="lowered", preferences={"ignoreEmailAgenda": True})
    await pushes.browser().subscribe(database, lowered, permissions={Component.CALENDAR.value: 2})
    await add_account(database, name="no device", preferences={"ignoreEmailAgenda": True})
    await database.execute("UPDATE auth_account SET daily_agenda_next = now()")
    assert await perform(daily_agendas, pushing) == 6
    assert await ways(pushing) == {
        ("both", "smtp"), ("both", "webpush"), ("mail", "smtp"), ("device", "webpush"),
    }  # fmt: skip


async def test_what_was_missed_is_told_in_the_ways_that_its_reminders_would_have_gone(
    pushing: Context, pushes: PushService
) -> None:
    database = pushing.database
    then = datetime(2026, 11, 20, tzinfo=UTC)
    for name, mail, device in (("both", True, True), ("mail", True, False), ("device", False, True)):
        account = await add_account(database, name=name)
        await pushes.browser().subscribe(database, account)
        for kind in ("calendar_event", "plan_task"):
            one = missed.Missed(account, kind, "Something", then, "Friday", mail, device)  # type: ignore[arg-type]  # one of the three
            await missed.keep(database, [one])
    shown = await actions(pushing, missed_reminders)
    assert shown == [("While reminders were not working", LOOK, CALENDAR)] * 2
    assert await ways(pushing) == {
        ("both", "smtp"),
        ("both", "webpush"),
        ("mail", "smtp"),
        ("device", "webpush"),
    }
