"""Agendas: what is in them, when they come, and that each day has one."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from homechart_common import clock
from homechart_common.local_time import moment
from homechart_common.models import CalendarEvent, rows
from homechart_common.notify import markdown
from homechart_common.postgresql.connection import Connection, Queryable
from homechart_worker.task import Context, perform
from homechart_worker.tasks.daily_agendas import daily_agendas
from tests.factories import join, new_account, new_household
from tests.people import add_account, add_meal, add_recipe, add_tasks

#: A Tuesday, 07:30 in Lisbon.
NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
TODAY = "2026-11-24"
YEARLY = {"day": 24, "month": 11, "separation": 1}
NOTHING = "Nothing is planned for 11/24/2026. Enjoy it!"


async def add_reader(database: Queryable, name: str = "Jane", at: datetime | None = NOW, **more: Any) -> str:
    """Somebody whose agenda is due at a moment, and then every day at half past seven; the account's id."""
    account = await add_account(database, name=name, **more)
    await database.execute(
        "UPDATE auth_account SET daily_agenda_time = '07:30' WHERE id = %(account)s", {"account": account}
    )
    await database.execute(
        "UPDATE auth_account SET daily_agenda_next = %(at)s WHERE id = %(account)s",
        {"account": account, "at": at},
    )
    return account


async def add_event(database: Queryable, name: str, account: str | None = None, **columns: Any) -> None:
    row = {
        "name": name,
        "auth_account_id": account,
        "auth_household_id": None,
        "date_start": TODAY,
        "time_start": "20:30",
        "time_zone": "UTC",
        "duration": 90,
        **columns,
    }
    await rows.insert(database, CalendarEvent, [row])


async def add_payment(database: Queryable, household: str, payee: str, day: str, note: str = "") -> None:
    await database.execute(
        """WITH bank AS (
            INSERT INTO budget_account (auth_household_id, short_id, name)
            VALUES (%(household)s, 'short', gen_random_uuid()::text) RETURNING id
        )
        INSERT INTO budget_recurrence (auth_household_id, budget_account_id, recurrence, template)
        SELECT %(household)s::uuid, bank.id, '{"day": 1, "separation": 1}', jsonb_build_object('date', %(day)s::text,
            'note', %(note)s::text, 'budgetPayeeID',
            CASE WHEN %(payee)s <> '' THEN budget_payee_named(%(household)s, %(payee)s) END)
        FROM bank""",
        {"household": household, "payee": payee, "day": day, "note": note},
    )


async def tell(context: Context, at: datetime = NOW) -> dict[str, str]:
    """Let a worker do its work at a moment: what it says to whom, without markup and without the link."""
    await context.database.execute("DELETE FROM notification")
    with clock.frozen_at(at):
        await perform(daily_agendas, context)
    found = await context.database.fetch(
        "SELECT a.name, n.body_smtp FROM notification n JOIN auth_account a ON a.id = n.auth_account_id"
    )
    end = "\n\nSee the calendar: https://house.test/calendar\n"
    return {name: markdown.to_text(body).removesuffix(end).rstrip() for name, body in found}


async def due(database: Queryable) -> str:
    """When the next agenda is."""
    return str(
        await database.fetch_value("SELECT (daily_agenda_next AT TIME ZONE 'UTC')::text FROM auth_account")
    )


async def test_whoever_has_nothing_on_is_told_so_at_the_minute_and_once_a_day(context: Context) -> None:
    await add_reader(context.database, time_zone="Europe/Lisbon")
    assert await tell(context, NOW - timedelta(seconds=1)) == {}
    assert await tell(context) == {"Jane": NOTHING}
    assert await due(context.database) == "2026-11-25 07:30:00"
    assert await tell(context) == {}
    assert await tell(context, NOW + timedelta(days=1)) == {"Jane": NOTHING.replace("/24/", "/25/")}


async def test_an_agenda_has_everything_that_is_on(context: Context) -> None:
    database = context.database
    jane = await add_reader(database)
    household = await new_household(database, jane)
    await add_event(database, "Choir", jane)
    await add_event(database, "Holiday", auth_household_id=household, duration=1440)
    await add_event(database, "Birthday", jane, date_start="2020-11-24", recurrence=YEARLY, duration=0)
    await add_event(database, "Tomorrow", jane, date_start="2026-11-25")
    await add_event(
        database, "Never", jane, date_start="2020-11-24", recurrence=YEARLY, date_end="2025-11-24"
    )
    await add_event(database, "Last", jane, date_start="2020-11-24", recurrence=YEARLY, date_end=TODAY)
    await add_meal(database, household, "Pizza", day=TODAY)
    await add_meal(database, household, recipe=await add_recipe(database, household, "Soup"), day=TODAY)
    await add_meal(database, household, "Tart", day="2026-11-25")
    await add_tasks(database, "Iron", account=jane, due_in=timedelta())
    await add_tasks(database, "Wash", household=household, due_in=timedelta())
    await database.execute("UPDATE plan_task SET due_date = '2026-11-24 23:59Z' WHERE name = 'Iron'")
    await database.execute("UPDATE plan_task SET due_date = '2026-11-20 09:00Z' WHERE name = 'Wash'")
    await add_payment(database, household, "Landlord", TODAY)
    await add_payment(database, household, "", "2026-11-01", note="Phone")
    await add_payment(database, household, "Gym", "2026-11-25")
    assert (await tell(context))["Jane"].split("\n\n") == [
        "This is on for 11/24/2026:",
        "Events: 4",
        "- Birthday\n- Holiday\n- 08:30 PM Choir\n- 08:30 PM Last",
        "Meals: 2",
        "- Dinner: Pizza\n- Dinner: Soup",
        "Tasks due: 2",
        "- Iron\n- Wash",
        "Payments due: 2",
        "- Landlord\n- Phone",
    ]


async def test_only_the_first_few_are_named(context: Context) -> None:
    jane = await add_reader(context.database)
    for hour in range(7):
        await add_event(context.database, f"Lesson {hour}", jane, time_start=f"{9 + hour:02}:00")
    await add_tasks(context.database, *(f"Task {n}" for n in range(6)), account=jane)
    await context.database.execute("UPDATE plan_task SET due_date = '2026-11-24 08:00Z'")
    lines = (await tell(context))["Jane"].splitlines()
    assert [line for line in lines if line.startswith(("Ev", "- 0", "- 1", "- …"))] == [
        "Events: 7",
        "- 09:00 AM Lesson 0",
        "- 10:00 AM Lesson 1",
        "- 11:00 AM Lesson 2",
        "- 12:00 PM Lesson 3",
        "- 01:00 PM Lesson 4",
        "- …",
        "- …",
    ]


async def test_times_are_those_where_the_reader_is(context: Context) -> None:
    jane = await add_reader(context.database, time_zone="Europe/Lisbon", preferences={"formatTime24": True})
    await add_event(
        context.database, "Call", jane, time_start="05:00", time_zone="Asia/Tokyo", date_start="2026-11-25"
    )
    await add_event(
        context.database, "Day there", jane, date_start="2026-11-25", time_zone="Asia/Tokyo", duration=0
    )
    await add_event(context.database, "Late", jane, time_start="23:00", time_zone="America/New_York")
    await add_event(
        context.database, "Weekly", jane, date_start="2026-11-04", time_start="03:00", time_zone="Asia/Tokyo",
        recurrence={"separation": 1, "weekdays": [3]},
    )  # fmt: skip
    text = (await tell(context))["Jane"]
    assert text.endswith("Events: 2\n\n- 18:00 Weekly\n- 20:00 Call")


async def test_a_households_things_are_for_who_may_see_them(context: Context) -> None:
    database = context.database
    household = await new_household(database)
    for component in ("calendar", "plan", "cook", "budget"):
        await join(database, household, await add_reader(database, component), {component: 2})
    await add_event(database, "Choir", auth_household_id=household)
    await add_meal(database, household, "Pizza", day=TODAY)
    await add_tasks(database, "Iron", household=household)
    await database.execute("UPDATE plan_task SET due_date = '2026-11-24Z'")
    await add_payment(database, household, "Landlord", TODAY)
    stranger = await add_reader(database, "Stranger")
    await new_household(database, stranger)
    seen = await tell(context)
    assert seen["Stranger"] == NOTHING
    words = {"calendar": "Choir", "plan": "Iron", "cook": "Pizza", "budget": "Landlord"}
    assert {
        name: {component for component, word in words.items() if word in seen[name]} for name in words
    } == {name: words.keys() - {name} for name in words}


async def test_an_event_with_participants_is_on_for_them(context: Context) -> None:
    database = context.database
    jane, john = await add_reader(database, "Jane"), await add_reader(database, "John")
    household = await new_household(database, jane, john)
    await add_event(database, "Choir", auth_household_id=household, participants=[john])
    seen = await tell(context)
    assert seen["Jane"] == NOTHING
    assert "Choir" in seen["John"]


@pytest.mark.parametrize(
    "person",
    [{"verified": False}, {"child": True}, {"preferences": {"ignoreEmailAgenda": True}}],
    ids=lambda person: next(iter(person)),
)
async def test_nothing_comes_to(context: Context, person: dict[str, Any]) -> None:
    await add_reader(context.database, **person)
    assert await tell(context) == {}
    assert await due(context.database) == "2026-11-25 07:30:00"


async def test_it_is_off_for_whom_it_is_never_due(context: Context) -> None:
    await add_reader(context.database, at=None)
    assert await tell(context, NOW + timedelta(days=400)) == {}


async def test_after_days_without_a_worker_there_is_one_agenda_of_today(context: Context) -> None:
    await add_reader(context.database)
    assert await tell(context, NOW + timedelta(days=3, hours=5)) == {"Jane": NOTHING.replace("/24/", "/27/")}
    assert await due(context.database) == "2026-11-28 07:30:00"
    assert await tell(context, NOW + timedelta(days=3, hours=6)) == {}


async def test_whoever_missed_yesterdays_is_not_woken_at_night(context: Context) -> None:
    await add_reader(context.database, time_zone="Europe/Lisbon")
    assert await tell(context, NOW + timedelta(hours=17)) == {}  # half past midnight
    assert await due(context.database) == "2026-11-25 07:30:00"
    assert await tell(context, NOW + timedelta(days=1)) == {"Jane": NOTHING.replace("/24/", "/25/")}
    assert await due(context.database) == "2026-11-26 07:30:00"


async def test_a_day_that_was_told_is_not_told_again(context: Context) -> None:
    """A client may send a time back that it has kept, and people fly to where it is yesterday."""
    database = context.database
    await add_reader(database, time_zone="Asia/Tokyo", at=NOW)
    assert list(await tell(context)) == ["Jane"]
    await database.execute("UPDATE auth_account SET daily_agenda_next = %(then)s", {"then": NOW})
    assert await tell(context, NOW + timedelta(minutes=1)) == {}
    await database.execute("UPDATE auth_account SET time_zone = 'America/Los_Angeles'")
    await database.execute("UPDATE auth_account SET daily_agenda_next = %(then)s", {"then": NOW})
    later = NOW + timedelta(hours=8)  # still the 24th there
    assert await tell(context, later) == {}
    assert await due(database) == "2026-11-25 15:30:00"
    assert await tell(context, datetime(2026, 11, 25, 15, 30, tzinfo=UTC)) == {
        "Jane": NOTHING.replace("/24/", "/25/")
    }


@pytest.mark.parametrize(
    ("zone", "change", "at"),
    [
        ("Europe/Berlin", "2026-03-29", "02:30"),
        ("Europe/Berlin", "2026-10-25", "02:30"),
        ("America/New_York", "2026-03-08", "02:00"),
        ("America/New_York", "2026-11-01", "01:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15"),
        ("America/Santiago", "2026-09-06", "00:00"),
        ("Africa/Casablanca", "2026-02-15", "02:30"),
        ("Asia/Kolkata", "2026-03-29", "00:00"),
    ],
)
async def test_each_day_has_one_agenda_when_clocks_change(
    context: Context, zone: str, change: str, at: str
) -> None:
    database = context.database
    await new_account(database, email_address="jane@house.test", verified=True, time_zone=zone)
    await database.execute("UPDATE auth_account SET daily_agenda_time = %(at)s", {"at": at})
    first, clocks = date.fromisoformat(change) - timedelta(days=2), time.fromisoformat(at)
    begin = moment(first, clocks, ZoneInfo(zone))
    await database.execute("UPDATE auth_account SET daily_agenda_next = %(begin)s", {"begin": begin})
    told = []
    for hour in range(5 * 24 - 2):
        now = begin + timedelta(hours=hour)
        with clock.frozen_at(now):
            before = await database.fetch_value("SELECT daily_agenda_next FROM auth_account")
            assert await perform(daily_agendas, context) == (before <= now)
        told += [before] if before <= now else []
    assert told == [moment(first + timedelta(days=n), clocks, ZoneInfo(zone)) for n in range(5)]
    days = await database.fetch("SELECT subject_smtp FROM notification ORDER BY subject_smtp")
    assert len(set(days)) == len(days) == 5


async def test_many_workers_tell_each_person_once(context: Context) -> None:
    await context.database.execute(
        """INSERT INTO auth_account (email_address, name, verified)
        SELECT n || '@house.test', n, true FROM generate_series(1, 450) n"""
    )
    await context.database.execute("UPDATE auth_account SET daily_agenda_next = %(now)s", {"now": NOW})
    with clock.frozen_at(NOW):
        handled = await asyncio.gather(*(perform(daily_agendas, context) for _ in range(4)))
    assert sum(handled) == 450
    told = await context.database.fetch("SELECT count(*), count(DISTINCT auth_account_id) FROM notification")
    assert told == [(450, 450)]


async def test_finding_what_is_on_takes_as_many_statements_for_all_as_for_one(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[Any] = []
    run = Connection._run

    async def counted(connection: Connection, statement: Any, parameters: Any = None) -> None:
        statements.append(statement)
        await run(connection, statement, parameters)

    monkeypatch.setattr(Connection, "_run", counted)
    counts = []
    for people in (1, 60):
        for number in range(people):
            await add_event(
                context.database, "Choir", await add_reader(context.database, f"{people} {number}")
            )
        statements.clear()
        with clock.frozen_at(NOW):
            assert await daily_agendas.run(context) == people
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6  # with the beginning and the end of the transaction
