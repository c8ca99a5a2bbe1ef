"""Zones as iCalendar describes them: read by another program, they tell the time that it is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz

from homechart_common.icalendar.lines import joined
from homechart_common.icalendar.timezones import described

ZONES = (
    "America/New_York", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Europe/Dublin", "Europe/Lisbon", "Pacific/Apia", "Asia/Tokyo", "Europe/Moscow",
)  # fmt: skip


@pytest.mark.parametrize("name", ZONES)
def test_others_read_from_it_what_time_it_is_there(name: str) -> None:
    read = tz.tzical(StringIO(joined(described(name, 1995, 2026)))).get(name)
    zone = ZoneInfo(name)
    begin = datetime(1996, 1, 1, 12)
    for days in range(0, 365 * 48, 3):
        shown = begin + timedelta(days=days)
        assert shown.replace(tzinfo=read).utcoffset() == shown.replace(tzinfo=zone).utcoffset(), shown


def test_it_begins_with_the_year_and_says_everything_that_it_must() -> None:
    lines = described("Europe/Lisbon", 2024, 2026)
    assert lines[:7] == (
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Lisbon",
        "BEGIN:STANDARD",
        "DTSTART:20240101T000000",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0000",
        "TZNAME:WET",
    )
    assert "DTSTART:20240331T010000" in lines
    assert any(line.startswith("RDATE:20251026T020000,20261025T020000") for line in lines)
    assert (lines[-2], lines[-1]) == ("END:STANDARD", "END:VTIMEZONE")
