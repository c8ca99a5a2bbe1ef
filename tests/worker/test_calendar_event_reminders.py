"""Reminders of events: when they are due, who gets them, and that each goes out once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from homechart_common import clock
from homechart_common.errors import InvalidInput
from homechart_common.models import CalendarEvent, rows
from homechart_common.postgresql.connection import Queryable, Row
from homechart_worker.task import Context, perform
from homechart_worker.tasks.calendar_event_reminders import calendar_event_reminders
from tests.factories import join, new_household
from tests.people import add_account

#: A Tuesday, 20:00 in Lisbon.
NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
DAILY = {"day": 0, "month": 0, "monthWeek": 0, "separation": 1, "weekday": 0, "weekdays": None}


async def add_event(
    database: Queryable, name: str = "Choir", *, account: str | None = None, **columns: Any
) -> None:
    """An event today, half an hour from now, of which one is reminded half an hour before."""
    row = {
        "name": name,
        "auth_account_id": account,
        "auth_household_id": None,
        "date_start": "2026-11-24",
        "time_start": "20:30",
        "time_zone": "Europe/Lisbon",
        "duration": 90,
        "notify_offset": 30,
        **columns,
    }
    await rows.insert(database, CalendarEvent, [row])


async def change(context: Context, **columns: Any) -> None:
    for (object_id,) in await context.database.fetch("SELECT id::text FROM calendar_event"):
        await rows.overwrite(context.database, CalendarEvent, object_id, columns)


async def remind(context: Context, **later: float) -> list[Row]:
    """Let a worker do its work some time after now; whom it tells of what."""
    await context.database.execute("DELETE FROM notification")
    with clock.frozen_at(NOW + timedelta(**later)):
        await perform(calendar_event_reminders, context)
    return await context.database.fetch(
        """SELECT a.name, n.subject_smtp FROM notification n JOIN auth_account a ON a.id = n.auth_account_id
        ORDER BY a.name, n.subject_smtp"""
    )


JANE = [("Jane", "Coming up: Choir")]


async def test_the_owner_of_a_personal_event_is_reminded_once(context: Context) -> None:
    await add_event(context.database, account=await add_account(context.database))
    assert await remind(context, minutes=-1) == []
    assert await remind(context) == JANE
    assert await remind(context) == []
    assert await remind(context, days=400) == []


async def test_a_reminder_is_in_the_words_and_form_of_its_reader_and_the_zone_of_the_event(
    context: Context,
) -> None:
    account = await add_account(
        context.database, language="tlh", time_zone="Asia/Tokyo", preferences={"formatTime24": True}
    )
    await add_event(
        context.database, "<b>Choir</b>\n*now*", account=account, travel_time=20, location="Town\nhall"
    )
    await remind(context)
    ((subject, body, language),) = await context.database.fetch(
        "SELECT subject_smtp, body_smtp, iso_639_code FROM notification"
    )
    assert subject == "Coming up: <b>Choir</b> *now*"
    assert r"begins: 11\/24\/2026 20\:30 \(Europe\/Lisbon\)" in body
    assert r"Leave by: 11\/24\/2026 20\:10 \(Europe\/Lisbon\)" in body
    assert "Where: Town hall" in body
    assert "(https://house.test/calendar)" in body
    assert language == "en"


async def test_of_what_lasts_all_day_no_time_is_said(context: Context) -> None:
    account = await add_account(context.database, time_zone="Europe/Lisbon")
    await add_event(context.database, account=account, duration=1440, time_start="20:10")
    await remind(context)
    body = await context.database.fetch_value("SELECT body_smtp FROM notification")
    assert "begins: 11\\/24\\/2026\n" in body
    assert "Leave" not in body
    assert "Where" not in body


@pytest.mark.parametrize(
    "columns",
    [
        {"time_start": "20:31"},
        {"notify_offset": None},
        {"date_start": "2026-11-23"},
        {"date_end": "2026-11-23"},
        {"date_start": "2026-11-20", "recurrence": DAILY, "date_end": "2026-11-23"},
        {"date_start": "2026-11-20", "recurrence": DAILY, "skip_days": ["2026-11-24"]},
        {"date_start": "2026-11-20", "recurrence": {**DAILY, "separation": 3}},
    ],
    ids=lambda columns: next(reversed(columns)),
)
async def test_nobody_is_reminded_of(context: Context, columns: dict[str, Any]) -> None:
    await add_event(context.database, account=await add_account(context.database), **columns)
    assert await remind(context) == []


async def test_the_time_to_get_there_counts(context: Context) -> None:
    account = await add_account(context.database)
    await add_event(context.database, account=account, travel_time=30, time_start="21:00")
    assert await remind(context, minutes=-1) == []
    assert await remind(context) == JANE


async def test_what_comes_again_is_reminded_of_again_at_the_time_on_the_wall(context: Context) -> None:
    account = await add_account(context.database)
    await add_event(
        context.database, account=account, date_start="2026-03-01", recurrence={**DAILY, "weekdays": [2]},
        skip_days=["2026-12-08"]
    )  # fmt: skip
    assert await remind(context) == JANE
    assert await remind(context, days=7, minutes=-1) == []
    assert await remind(context, days=7) == JANE
    assert await remind(context, days=14) == []
    assert await remind(context, days=21) == JANE
    # summer has come: 20:00 in Lisbon is an hour earlier
    assert await remind(context, days=126, hours=-1, minutes=-1) == []
    assert await remind(context, days=126, hours=-1) == JANE


async def test_after_an_outage_one_is_told_once_and_only_of_what_is_news(context: Context) -> None:
    await add_event(context.database, account=await add_account(context.database), recurrence=DAILY)
    await add_event(context.database, "Party", account=await add_account(context.database, name="John"))
    assert await remind(context, days=-1) == []
    assert await remind(context, days=3, hours=1) == JANE
    assert await remind(context, days=3, hours=23) == []
    assert await remind(context, days=4) == JANE


async def test_an_event_is_not_reminded_of_before_it_was_written(context: Context) -> None:
    """Taking in a calendar of many years sends nothing."""
    account = await add_account(context.database)
    for year in range(2000, 2026):
        await add_event(context.database, account=account, date_start=f"{year}-11-24")
    await add_event(
        context.database, account=account, recurrence=DAILY, date_start="2001-01-01", time_start="19:59"
    )
    assert await remind(context) == []


@pytest.mark.parametrize(
    ("columns", "again"),
    [
        ({"name": "Concert"}, False),
        ({"location": "Elsewhere"}, False),
        ({"skip_days": ["2026-11-30"]}, False),
        ({"date_end": "2027-01-01"}, False),
        ({"participants": ["nobody"]}, False),
        ({"notify_offset": 29}, True),
        ({"time_start": "20:29"}, True),
        ({"travel_time": 10}, True),
        ({"date_start": "2026-11-23"}, True),
        ({"recurrence": None}, True),
        ({"time_zone": "Europe/London"}, True),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_new_time_reminds_again_and_nothing_else(
    context: Context, columns: dict[str, Any], again: bool
) -> None:
    await add_event(context.database, account=await add_account(context.database), recurrence=DAILY)
    assert await remind(context) == JANE
    await change(context, **columns)
    assert bool(await remind(context, minutes=1)) is again


async def test_a_day_that_is_skipped_or_not_any_more_is_reminded_of_accordingly(context: Context) -> None:
    await add_event(context.database, account=await add_account(context.database), recurrence=DAILY)
    assert await remind(context) == JANE
    await change(context, skip_days=["2026-11-25"])
    assert await remind(context, days=1) == []
    assert await remind(context, days=1, hours=-1) == []
    await change(context, skip_days=[])
    assert await remind(context, days=1, hours=-1) == []
    assert await remind(context, days=1) == JANE


async def test_an_end_that_is_put_off_brings_no_old_reminder_back(context: Context) -> None:
    """A week before, the last one was reminded of today."""
    await add_event(
        context.database, account=await add_account(context.database), recurrence=DAILY,
        notify_offset=7 * 24 * 60 + 30, date_end="2026-12-01", date_start="2026-12-01"
    )  # fmt: skip
    assert await remind(context) == JANE
    await change(context, date_end="2026-12-02")
    assert await remind(context, hours=1) == []
    assert await remind(context, days=1) == JANE


async def test_a_recurrence_that_is_taken_away_leaves_the_first_day(context: Context) -> None:
    account = await add_account(context.database)
    await add_event(context.database, account=account, date_start="2026-11-20", recurrence=DAILY)
    await remind(context, minutes=-1)
    await change(context, recurrence=None)
    assert await remind(context) == []
    assert await context.database.fetch_value("SELECT time_notification FROM calendar_event") is None


async def household_of(context: Context) -> str:
    """Jane and John, who may view the calendar, and others who are told nothing."""
    database = context.database
    household = await new_household(database, await add_account(database, name="Jane"))
    await join(database, household, await add_account(database, name="John"), {"calendar": 1})
    await join(database, household, await add_account(database, name="No calendar"), {"calendar": 2})
    await join(database, household, await add_account(database, name="Child", child=True))
    await join(database, household, await add_account(database, name="New", verified=False))
    await new_household(database, await add_account(database, name="Neighbour"))
    return household


async def test_members_who_may_see_it_are_reminded_of_a_households_event(context: Context) -> None:
    await add_event(context.database, auth_household_id=await household_of(context))
    assert await remind(context) == [("Jane", "Coming up: Choir"), ("John", "Coming up: Choir")]


@pytest.mark.parametrize(
    ("participants", "told"),
    [
        (["John"], ["John"]),
        (["Jane", "John", "Child"], ["Jane", "John"]),
        (["No calendar", "Neighbour"], []),
    ],
)
async def test_participants_alone_are_reminded_if_there_are_any(
    context: Context, participants: list[str], told: list[str]
) -> None:
    household = await household_of(context)
    ids = dict(await context.database.fetch("SELECT name, id::text FROM auth_account"))
    invited = [ids[name] for name in participants]
    await add_event(context.database, auth_household_id=household, participants=invited)
    assert [name for name, _ in await remind(context)] == told


async def test_people_choose_which_reminders_they_get(context: Context) -> None:
    database = context.database
    household = await new_household(database)
    unwanted = {"authHouseholdID": household, "ignoreEmailCalendarEvent": True}
    wishes: dict[str, dict[str, Any]] = {
        "No own": {"ignoreEmailCalendarEvent": True},
        "No household": {"notificationsHouseholds": [unwanted]},
        "No other": {
            "notificationsHouseholds": [{**unwanted, "authHouseholdID": await new_household(database)}]
        },
    }
    for name, preferences in wishes.items():
        account = await add_account(database, name=name, preferences=preferences)
        await join(database, household, account)
        await add_event(database, "Own", account=account)
    await add_event(database, "Household", auth_household_id=household)
    assert await remind(context) == [
        ("No household", "Coming up: Own"),
        ("No other", "Coming up: Household"),
        ("No other", "Coming up: Own"),
        ("No own", "Coming up: Household"),
    ]


async def test_being_reminded_is_no_change_that_clients_are_told_of(context: Context) -> None:
    account = await add_account(context.database)
    await add_event(context.database, account=account, recurrence=DAILY)
    before = await context.database.fetch("SELECT version FROM sync_version ORDER BY owner_id")
    assert await remind(context) == JANE
    assert await context.database.fetch("SELECT version FROM sync_version ORDER BY owner_id") == before


async def test_many_workers_remind_of_each_event_once(context: Context) -> None:
    account = await add_account(context.database)
    await context.database.execute(
        """INSERT INTO calendar_event (auth_account_id, name, date_start, time_start, notify_offset, recurrence)
        SELECT %(account)s::uuid, n, '2026-11-24', '20:30', 30, %(rule)s::jsonb FROM generate_series(1, 450) n""",
        {"account": account, "rule": orjson.dumps(DAILY).decode()},
    )
    with clock.frozen_at(NOW):
        handled = await asyncio.gather(*(perform(calendar_event_reminders, context) for _ in range(4)))
    assert sum(handled) == 450
    assert await context.database.fetch(
        "SELECT count(*), count(DISTINCT subject_smtp) FROM notification"
    ) == [(450, 450)]


async def test_an_event_is_not_settled_when_its_messages_could_not_be_kept(context: Context) -> None:
    await add_event(context.database, account=await add_account(context.database))
    await context.database.execute("ALTER TABLE notification ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    with pytest.raises(InvalidInput):
        await remind(context)
    await context.database.execute("ALTER TABLE notification DROP CONSTRAINT full_up")
    assert await remind(context) == JANE
