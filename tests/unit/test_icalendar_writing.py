"""Calendars that are written: whatever is in them, other programs can read them (contract B1 §8.6)."""

from __future__ import annotations

from datetime import date, time

import icalendar
import orjson
from hypothesis import given
from hypothesis import strategies as st

from homechart_common.icalendar.writing import Entry, calendar
from homechart_common.local_time import zone_names
from tests.unit.test_recurrence_dates import RULES

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100)
DAYS = st.dates(date(100, 1, 1), date(9900, 12, 31))

ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(["Event", "Task"]),
    id=st.uuids().map(str),
    name=TEXTS,
    details=TEXTS,
    location=TEXTS,
    day=DAYS,
    at=st.times().map(lambda at: at.replace(microsecond=0)),
    zone=st.sampled_from(sorted(zone_names())),
    minutes=st.integers(0, 5_270_400),
    days=st.integers(0, 3660),
    travel_minutes=st.sampled_from([0, 20, 5_270_400]),
    alarm=st.none() | st.integers(-5_270_400, 2 * 5_270_400),
    last_day=st.none() | st.dates(),
    recurrence=st.none() | RULES.map(lambda rule: orjson.dumps(rule.to_json()).decode()),
    skipped=st.lists(st.dates(), max_size=5),
    participants=st.just(""),
    created_utc=st.just("20230101T000000Z"),
    updated_utc=st.just("20230101T000000Z"),
)


@given(st.lists(ENTRIES, max_size=3))
def test_whatever_is_in_a_calendar_others_can_read_it(entries: list[Entry]) -> None:
    text = b"".join(calendar(entries))
    assert all(len(line) <= 75 and b"\n" not in line for line in text.split(b"\r\n"))
    read = icalendar.Calendar.from_ical(text)
    assert [component.errors for component in read.walk()] == [[]] * len(read.walk())
    assert len(read.events) == sum(2 if entry.travel_minutes else 1 for entry in entries)
    for event in read.events:
        assert event.start <= event.end
        assert ("RRULE" in event) >= ("EXDATE" in event)


def test_days_have_four_digits_for_the_year() -> None:
    entry = Entry(
        "Event", "1", "Old", "", "", date(100, 1, 1), time(), "UTC", 0, 1, 0, None, None, None, [], "", "", ""
    )
    assert b"DTSTART;VALUE=DATE:01000101\r\n" in b"".join(calendar([entry]))
