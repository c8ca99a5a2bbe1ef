"""On which days an event is, for whoever reads of it elsewhere."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from homechart_common.local_time import moment
from homechart_common.models import CalendarEvent, rows
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Database
from homechart_common.recurrence import Recurrence
from homechart_worker.agenda import Event
from tests.factories import new_account

THERE = "America/Los_Angeles"

rules = st.one_of(
    st.builds(Recurrence, st.integers(1, 40)),
    st.builds(Recurrence, st.integers(1, 3), weekdays=st.sets(st.integers(1, 7), min_size=1).map(tuple)),
    st.builds(Recurrence, st.integers(1, 5), day=st.integers(1, 31), month=st.integers(0, 12)),
    st.builds(
        Recurrence,
        st.integers(1, 3),
        month=st.integers(0, 12),
        month_week=st.sampled_from((-2, -1, 1, 2, 4)),
        weekday=st.integers(1, 7),
    ),
)


def event(rule: Recurrence, start: date, at: time) -> Event:
    return Event("", start, at, THERE, 60, None, rule, frozenset())


@given(
    st.lists(
        st.tuples(rules, st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.times()),
        min_size=1,
        max_size=30,
    ),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.sampled_from(("UTC", "Asia/Tokyo", "Pacific/Auckland", "America/Los_Angeles")),
)
def test_an_event_begins_on_a_day_exactly_if_one_of_its_times_is_then(
    events: list[tuple[Recurrence, date, time]], day: date, zone: str
) -> None:
    for rule, start, at in events:
        times = [
            moment(begins, at, ZoneInfo(THERE)).astimezone(ZoneInfo(zone))
            for begins in (start, *until(rule, start, day + timedelta(days=2)))
        ]
        expected = next((begins.time() for begins in times if begins.date() == day), None)
        assert event(rule, start, at).begins_on(day, zone) == expected


def until(rule: Recurrence, start: date, last: date) -> list[date]:
    """What comes after the start, one after the other."""
    found: list[date] = []
    later = rule.after(start)
    while later is not None and later <= last:
        found.append(later)
        later = rule.after(later)
    return found


async def test_no_event_is_overlooked_by_what_is_read(fresh_database: Database) -> None:
    """The database leaves out what cannot be on; every rule on every day of a year is none of that."""
    database, jane = fresh_database, await new_account(fresh_database)
    written = [
        {"separation": 2},
        {"separation": 1, "weekdays": [1, 7]},
        {"separation": 1, "day": 31},
        {"separation": 1, "day": 29, "month": 2},
        {"separation": 1, "day": 1, "month": 1},
        {"separation": 1, "day": 31, "month": 12},
        {"separation": 1, "month": 11, "monthWeek": 4, "weekday": 4},
        {"separation": 1, "monthWeek": -1, "weekday": 5},
    ]
    await rows.insert(
        database,
        CalendarEvent,
        [
            {
                "name": f"{number}",
                "auth_account_id": jane,
                "auth_household_id": None,
                "date_start": "2025-12-31",
                "time_start": "00:30",
                "time_zone": THERE,
                "duration": 60,
                "recurrence": rule,
            }
            for number, rule in enumerate(written)
        ],
    )
    events = [event(Recurrence.read(rule), date(2025, 12, 31), time(0, 30)) for rule in written]
    statement = queries.load("agenda")["events"]
    for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365)):
        readers = json.dumps([{"id": jane, "day": str(day), "zone": "Pacific/Auckland"}])
        read = {row[1] for row in await database.fetch(statement, {"readers": readers})}
        expected = {f"{n}" for n, each in enumerate(events) if each.begins_on(day, "Pacific/Auckland")}
        assert expected <= read
