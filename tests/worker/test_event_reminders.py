"""Which occurrence of an event is the next to remind of (contract B1 §8.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homechart_common.recurrence import Recurrence
from homechart_worker.event_reminders import EventReminders

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
TODAY = date(2026, 11, 24)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def event(**members: Any) -> EventReminders:
    """An event at noon and one minute, every day from long ago on, of which one is reminded when it begins."""
    lead, rule = timedelta(minutes=members.pop("minutes", 0)), members.pop("rule", {"separation": 1})
    members["skipped"] = frozenset(members.get("skipped", ()))
    return EventReminders(
        **{"start": date(2020, 1, 1), "at": time(12, 1), "zone": ZoneInfo("UTC"), **members},
        lead=lead,
        recurrence=Recurrence.read(rule) if rule else None,
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, day(0)),
        ({"at": time(12, 0)}, day(1)),
        ({"at": time(12, 1), "minutes": 30}, day(0)),
        ({"at": time(11, 55), "minutes": -10}, day(0)),
        ({"skipped": [day(0), day(1)]}, day(2)),
        ({"end": day(0)}, day(0)),
        ({"end": day(-1)}, None),
        ({"end": day(1), "at": time(11)}, day(1)),
        ({"start": day(7)}, day(7)),
        ({"rule": {"separation": 1, "weekdays": [1]}}, day(6)),
        ({"rule": {"separation": 1, "weekdays": [0]}}, None),
        ({"rule": None}, None),
        ({"rule": None, "start": day(3)}, day(3)),
        ({"rule": None, "start": day(3), "skipped": [day(3)]}, day(3)),
        ({"rule": None, "start": day(3), "end": day(2)}, None),
        ({"zone": ZoneInfo("Pacific/Apia"), "at": time(1, 1)}, day(1)),
        ({"zone": ZoneInfo("America/New_York"), "at": time(7, 0)}, day(1)),
        ({"zone": ZoneInfo("America/New_York"), "at": time(7, 1)}, day(0)),
    ],
    ids=str,
)
def test_the_first_is_one_that_is_still_to_come(members: dict[str, Any], expected: date | None) -> None:
    assert event(**members).first(NOW, None) == expected


def test_a_change_does_not_remind_again_of_what_was_reminded_of() -> None:
    """A week before: of those until next Tuesday somebody was reminded."""
    early = event(minutes=7 * 24 * 60)
    assert early.first(NOW, None) == day(0)
    assert early.first(NOW, day(8)) == day(7)
    assert early.first(NOW, day(9)) == day(7)
    assert event(minutes=7 * 24 * 60 + 5).first(NOW, day(9)) == day(8)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, day(1)),
        ({"skipped": [day(1)]}, day(2)),
        ({"end": day(1)}, day(1)),
        ({"end": day(0)}, None),
        ({"minutes": 24 * 60 - 5}, day(1)),
        # the reminder of tomorrow is over: one mail is enough
        ({"minutes": 24 * 60 + 5}, day(2)),
        ({"minutes": 7 * 24 * 60 + 5}, day(8)),
        ({"minutes": -24 * 60}, day(1)),
        ({"rule": None, "start": day(0)}, None),
    ],
    ids=str,
)
def test_the_following_is_one_whose_reminder_is_still_to_come(
    members: dict[str, Any], expected: date | None
) -> None:
    assert event(**members).following(day(0), NOW) == expected


def test_the_time_on_the_wall_stays_when_clocks_change() -> None:
    choir = event(start=date(2026, 3, 1), at=time(19, 30), zone=ZoneInfo("Europe/Lisbon"), minutes=30)
    assert choir.due(date(2026, 3, 28)) == datetime(2026, 3, 28, 19, 0, tzinfo=UTC)
    assert choir.due(date(2026, 3, 29)) == datetime(2026, 3, 29, 18, 0, tzinfo=UTC)
    assert choir.due(date(2026, 10, 25)) == datetime(2026, 10, 25, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("members", "since", "expected"),
    [
        ({"minutes": 30}, day(0), day(0)),
        ({"minutes": 30}, day(-5), day(0)),
        # it began a minute ago
        ({"at": time(11, 59)}, day(0), day(0)),
        ({"at": time(11, 59)}, day(-5), day(0)),
        # yesterday it began less than a day ago
        ({}, day(-1), day(-1)),
        ({"at": time(12, 0)}, day(-1), day(0)),
        ({"at": time(11, 59), "end": day(-1)}, day(-1), None),
        # of the reminders for a week that were missed one is enough: that of what is next
        ({"minutes": 7 * 24 * 60}, day(3), day(3)),
        ({"minutes": -24 * 60}, day(-3), day(-2)),
        ({"rule": None, "start": day(-1)}, day(-1), day(-1)),
        ({"rule": None, "start": day(-2)}, day(-2), None),
    ],
    ids=str,
)
def test_of_what_was_missed_one_is_reminded_once(
    members: dict[str, Any], since: date, expected: date | None
) -> None:
    assert event(**members).overdue(since, NOW) == expected


@pytest.mark.parametrize("minutes", [-5_270_400, 10_540_800])
@pytest.mark.parametrize("separation", [1, 7973, 32767])
def test_it_ends_wherever_the_calendar_does(separation: int, minutes: int) -> None:
    rule = {"separation": separation, "day": 31, "month": 12} if separation > 1 else {"separation": 1}
    skipped = [day(offset) for offset in range(1000)]
    strange = event(rule=rule, minutes=minutes, skipped=skipped, zone=ZoneInfo("Pacific/Honolulu"))
    for found in (strange.first(NOW, None), strange.following(TODAY, NOW), strange.overdue(TODAY, NOW)):
        assert found is None or strange.due(found)


ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
]
RULES: list[dict[str, Any] | None] = [
    None,
    {"separation": 1},
    {"separation": 3, "weekdays": [2, 7]},
    {"separation": 2, "day": 31},
    {"separation": 1, "monthWeek": -1, "weekday": 7},
    {"separation": 1, "month": 10, "day": 25},
]
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
events = st.builds(
    event,
    start=days,
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES),
    minutes=st.integers(-2 * 1440, 10 * 1440),
    rule=st.sampled_from(RULES),
    end=st.none() | days,
    skipped=st.sets(days, max_size=5),
)


def occurrences(some: EventReminders) -> list[date]:
    """On which days it happens, one after the other, until long after all that is asked for."""
    found: list[date] = []
    day: date | None = some.start
    while day is not None and day < date(2031, 1, 1) and (some.end is None or day <= some.end):
        if day not in some.skipped or some.recurrence is None:
            found.append(day)
        day = some.recurrence.after(day) if some.recurrence else None
    return found


def shown(some: EventReminders, day: date) -> datetime:
    """What clocks there show when an occurrence begins."""
    return some.begins(day).astimezone(some.zone).replace(tzinfo=None)


@given(some=events, day=days)
def test_an_occurrence_begins_when_clocks_there_show_its_time(some: EventReminders, day: date) -> None:
    wanted = datetime.combine(day, some.at)
    there = wanted.replace(tzinfo=some.zone).astimezone(UTC).astimezone(some.zone).replace(tzinfo=None)
    # a time that clocks skip in spring comes as much later as they skip
    assert shown(some, day) == (wanted if there == wanted else there)
    assert some.begins(day) - some.due(day) == some.lead


@given(some=events, now=moments)
def test_the_first_is_the_first_of_a_slow_walk(some: EventReminders, now: datetime) -> None:
    to_come = (day for day in occurrences(some) if max(some.begins(day), some.due(day)) > now)
    assert some.first(now, None) == next(to_come, None)


@given(some=events, now=moments, before=days)
def test_the_following_is_that_of_a_slow_walk(some: EventReminders, now: datetime, before: date) -> None:
    later = (day for day in occurrences(some) if day > before and some.due(day) > now)
    assert some.following(before, now) == next(later, None)
