"""Texts that are no calendars, or are made to do harm."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homechart_common.icalendar.components import NoCalendar
from homechart_common.icalendar.reading import read
from tests.unit.test_icalendar_reading import text_of


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no calendar"),
        ("<html>Sign in</html>", "is no calendar"),
        ("BEGIN:VCALENDAR", "ends in the middle"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261124", "ends in the middle"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", "ends what it did not begin"),
        ("END:VCALENDAR", "ends what it did not begin"),
        ("BEGIN:VEVENT\nDTSTART:20261124\nEND:VEVENT", "is no calendar"),
        ("BEGIN:VCALENDAR\n" * 11, "too deep"),
        (text_of("UID:1"), "has an event without a date"),
        (text_of("UID:1\nDTSTART:tomorrow"), "has an event without a date"),
        (text_of("UID:1\nDTSTART:00010101"), "has an event without a date"),
        (text_of("UID:1\nDTSTART;VALUE=DATE:99991231"), "has an event without a date"),
        (text_of(*(f"UID:{n}\nDTSTART:20261124" for n in range(10_001))), "has more than 10000 events"),
    ],
    ids=lambda value: value[-40:],
)
def test_what_is_no_calendar_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NoCalendar, match=reason):
        read(text, "UTC")


def test_a_calendar_without_events_is_one() -> None:
    assert read(text_of(), "UTC") == []


LINES = st.sampled_from(
    ["BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "UID:1",
     "DTSTART:20261124T193000Z", "DTSTART;TZID=x:00990101T000000", "RRULE:FREQ=DAILY;COUNT=5;UNTIL=1", "EXDATE:,,",
     "TRIGGER:-P", "TRIGGER:20261124T193000", "DURATION:P", "RECURRENCE-ID:20261124", "BEGIN:VTIMEZONE", "END:VTIMEZONE",
     "TZID:x", "TZOFFSETTO:+9999", "BEGIN:STANDARD", "END:STANDARD", "DTEND:99991231T235959Z", "DTEND:00010101T000000Z"]
) | st.text(max_size=40) | st.builds(
    lambda name, value: f"{name}:{value}",
    st.sampled_from(["DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "TRIGGER", "RECURRENCE-ID", "TZOFFSETTO"]),
    st.text("0123456789TZPWDHMS-+,;=:FREQDAILYBYUNTIL", max_size=30),
)  # fmt: skip


@given(st.lists(LINES, max_size=30), st.booleans())
def test_whatever_is_sent_is_read_or_refused(lines: list[str], within: bool) -> None:
    text = "\n".join(lines)
    try:
        rows = read(text_of("DTSTART:20261124\n" + text) if within else text, "Asia/Tokyo")
    except NoCalendar:
        return
    for row in rows:
        assert 0 <= row["duration"] <= 5_270_400
        assert date.fromisoformat(row["date_start"])


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 1_000_000,
        "BEGIN:VCALENDAR\n" + " x\n" * 300_000,
        "BEGIN:" + "x" * 1_000_000,
        text_of("DTSTART:20261124\nRRULE:FREQ=SECONDLY;COUNT=999999999"),
        text_of("DTSTART:20261124\nRRULE:FREQ=DAILY;COUNT=10000"),
        text_of("DTSTART:20261124\nEXDATE:" + "20261124," * 100_000),
        text_of("DTSTART;TZID=" + "/" * 100_000 + ":20261124T193000"),
        text_of("DTSTART:20261124\nSUMMARY:" + "\\" * 1_000_000),
        text_of("DTSTART:20261124\nSUMMARY;" + "a=b;" * 100_000 + ":x"),
        text_of("DTSTART;TZID=x:20261124T193000", before="BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD"
                "\nDTSTART:16010101T000000\nRRULE:FREQ=SECONDLY\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE\n"),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_meant_to_take_long_is_dealt_with(text: str) -> None:
    """How long that takes is measured (bench/hostile.py)."""
    try:
        rows = read(text, "UTC")
    except NoCalendar:
        return
    assert len(rows) <= 1
