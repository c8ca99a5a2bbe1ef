"""Calendars that others write, as events of ours (contract B1 §8.5)."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

import orjson
import pytest
from hypothesis import given

from homechart_common.icalendar.reading import read
from homechart_common.icalendar.timezones import UTC_NAMES
from homechart_common.icalendar.writing import Entry, calendar
from homechart_common.local_time import zone_named
from homechart_common.recurrence import Recurrence
from tests.unit.test_icalendar_writing import ENTRIES

_DAILY = {"day": 0, "month": 0, "monthWeek": 0, "separation": 1, "weekday": 0, "weekdays": None}


def text_of(*events: str, before: str = "", end: str = "\r\n") -> str:
    """A calendar with events, of which each is some lines."""
    components = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{components}END:VCALENDAR\n"
    return text.replace("\n", end)


def event(*lines: str, before: str = "") -> dict[str, Any]:
    """The event that some lines become, which begins on 2026-11-24 at 19:30 unless they say otherwise."""
    said = [*lines]
    if not any(line.startswith("DTSTART") for line in said):
        said.append("DTSTART;TZID=Europe/Lisbon:20261124T193000")
    [row] = read(text_of("\n".join(["UID:1", *said]), before=before), "Asia/Tokyo")
    return row


def rule(*lines: str) -> dict[str, Any] | None:
    """What a recurrence says besides zeros."""
    found: dict[str, Any] | None = event(*lines)["recurrence"]
    return found and {name: value for name, value in found.items() if value}


def test_an_event_has_all_that_is_said() -> None:
    assert event(
        "SUMMARY;LANGUAGE=en-us:Choir\\, practice",
        "DESCRIPTION:Bring sheets\\nand tea",
        "LOCATION:Town hall",
        "DTSTART;TZID=Europe/Lisbon:20261124T193000",
        "DTEND;TZID=Europe/Lisbon:20261124T210000",
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20270101T000000Z",
        "EXDATE;TZID=Europe/Lisbon:20261208T193000,20261210T193000",
        "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM",
        "ATTENDEE;CN=Bob:mailto:bob@house.test",
    ) == {
        "icalendar_uid": "1",
        "name": "Choir, practice",
        "details": "Bring sheets\nand tea",
        "location": "Town hall",
        "date_start": "2026-11-24",
        "time_start": "19:30",
        "time_zone": "Europe/Lisbon",
        "duration": 90,
        "date_end": "2026-12-31",
        "recurrence": {**_DAILY, "separation": 2, "weekdays": [2, 4]},
        "skip_days": ["2026-12-08", "2026-12-10"],
        "notify_offset": 15,
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_unfolded(end: str) -> None:
    [row] = read(
        text_of("UID:1\nDTSTART:20261124T193000Z\nSUMMARY:Cho\n ir and\n\t or\n  chestra", end=end), "UTC"
    )
    assert row["name"] == "Choir and or chestra"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("DTSTART:20261124T193000Z", ("19:30", "UTC")),
        ("DTSTART;TZID=Europe/Lisbon:20261124T193000", ("19:30", "Europe/Lisbon")),
        ("DTSTART;TZID=\"W. Europe Standard Time\":20261124T193000", ("19:30", "Europe/Berlin")),
        ("DTSTART;TZID=/mozilla.org/20050126_1/America/New_York:20261124T193000", ("19:30", "America/New_York")),
        ("DTSTART;TZID=america/new_york:20261124T193000", ("19:30", "America/New_York")),
        ("DTSTART;TZID=Nowhere:20261124T193000", ("19:30", "Asia/Tokyo")),
        ("DTSTART:20261124T193000", ("19:30", "Asia/Tokyo")),
        ("DTSTART;VALUE=DATE:20261124", ("00:00", "UTC")),
        ("DTSTART:20261124", ("00:00", "UTC")),
    ],
)  # fmt: skip
def test_it_is_at_a_time_in_a_zone(said: str, expected: tuple[str, str]) -> None:
    row = event(said)
    assert (row["date_start"], row["time_start"], row["time_zone"]) == ("2026-11-24", *expected)


def test_a_calendar_may_say_which_zone_is_meant() -> None:
    row = event("DTSTART:20261124T193000", before="X-WR-TIMEZONE:Europe/Paris\n")
    assert row["time_zone"] == "Europe/Paris"


def described(*periods: tuple[str, str, str], more: str = "") -> str:
    observances = "".join(
        f"BEGIN:{kind}\nDTSTART:{begin}\nTZOFFSETFROM:+0000\nTZOFFSETTO:{offset}\nEND:{kind}\n"
        for kind, begin, offset in periods
    )
    return f"BEGIN:VTIMEZONE\nTZID:Custom 1\n{more}{observances}END:VTIMEZONE\n"


@pytest.mark.parametrize(
    ("description", "zone"),
    [
        (described(("STANDARD", "16010101T030000", "+0100"), ("DAYLIGHT", "16010101T020000", "+0200")),
         "Europe/Berlin"),
        (described(("DAYLIGHT", "19700308T020000", "-0400"), ("STANDARD", "19701101T020000", "-0500")),
         "America/New_York"),
        (described(("STANDARD", "16010101T000000", "+0545")), "Asia/Katmandu"),
        (described(("STANDARD", "16010101T000000", "+1234")), "Asia/Tokyo"),
        (described(("STANDARD", "16010101T000000", "never")), "Asia/Tokyo"),
        (described(more="X-LIC-LOCATION:Europe/Rome\n"), "Europe/Rome"),
        (described(), "Asia/Tokyo"),
    ],
    ids=lambda value: value[-20:].replace("\n", " "),
)  # fmt: skip
def test_a_zone_may_only_be_described(description: str, zone: str) -> None:
    row = event("DTSTART;TZID=Custom 1:20261124T193000", before=description)

    for month in (1, 7):
        there, expected = (
            datetime(2026, month, 1, tzinfo=zone_named(name)) for name in (row["time_zone"], zone)
        )
        assert there.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize(
    ("lines", "minutes"),
    [
        (["DURATION:PT1H30M"], 90),
        (["DURATION:P1W2DT3H4M"], 9 * 1440 + 184),
        (["DTEND;TZID=Europe/Lisbon:20261125T003000"], 300),
        (["DTEND;TZID=America/New_York:20261124T163000"], 120),
        (["DTEND:20261124T193000Z"], 1),
        (["DTEND:20261124T180000Z"], 1),
        (["DTEND:never"], 1),
        ([], 1),
        (["DURATION:P9999999D"], 5_270_400),
        (["DTSTART;VALUE=DATE:20261124"], 0),
        (["DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261125"], 0),
        (["DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261127"], 4320),
        (["DTSTART;VALUE=DATE:20261124", "DURATION:P2D"], 2880),
        (["DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261120"], 0),
    ],
    ids=str,
)
def test_it_lasts(lines: list[str], minutes: int) -> None:
    assert event(*lines)["duration"] == minutes


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("FREQ=DAILY", {}),
        ("FREQ=DAILY;INTERVAL=3;BYHOUR=19", {"separation": 3}),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", {"weekdays": [1, 2, 3, 4, 5]}),
        ("FREQ=WEEKLY", {"weekdays": [2]}),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO;INTERVAL=2", {"weekdays": [1, 7], "separation": 2}),
        ("FREQ=MONTHLY", {"day": 24}),
        ("FREQ=MONTHLY;BYMONTHDAY=15;INTERVAL=2", {"day": 15, "separation": 2}),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", {"day": 31}),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", {"day": 30}),
        ("FREQ=MONTHLY;BYDAY=2TU", {"monthWeek": 2, "weekday": 2}),
        ("FREQ=MONTHLY;BYDAY=-1FR", {"monthWeek": -1, "weekday": 5}),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=4", {"monthWeek": 4, "weekday": 2}),
        ("FREQ=MONTHLY;BYDAY=TU,TH", {"weekdays": [2, 4]}),
        ("FREQ=YEARLY", {"day": 24, "month": 11}),
        ("FREQ=YEARLY;BYMONTH=3", {"day": 24, "month": 3}),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=10", {"day": 10, "month": 3}),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=2SU", {"month": 5, "monthWeek": 2, "weekday": 7}),
        ("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;BYSETPOS=1", None),
        ("freq=weekly;byday=tu", {"weekdays": [2]}),
    ],
)
def test_it_comes_again(said: str, expected: dict[str, Any] | None) -> None:
    assert rule(f"RRULE:{said}") == (expected if expected is None else {"separation": 1, **expected})


@pytest.mark.parametrize(
    "said",
    [
        "FREQ=HOURLY", "FREQ=SECONDLY;COUNT=5", "FREQ=FOO", "FREQ=", "", "INTERVAL=2", "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=99999", "FREQ=DAILY;INTERVAL=2;BYDAY=MO", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=2MO", "FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=MONTHLY;BYMONTHDAY=99",
        "FREQ=MONTHLY;BYMONTHDAY=-2", "FREQ=MONTHLY;BYDAY=5MO", "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "FREQ=YEARLY;BYMONTH=1,7", "FREQ=YEARLY;BYMONTHDAY=5", "FREQ=YEARLY;BYDAY=20MO", "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=YEARLY;BYYEARDAY=100", "FREQ=YEARLY;BYMONTH=13", "FREQ=DAILY;UNTIL=never", "FREQ=DAILY;COUNT=x",
    ],
)  # fmt: skip
def test_what_our_rules_cannot_say_happens_once(said: str) -> None:
    assert event(f"RRULE:{said}")["recurrence"] is None


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("FREQ=DAILY;UNTIL=20261231", "2026-12-31"),
        ("FREQ=DAILY;UNTIL=20261231T193000", "2026-12-31"),
        ("FREQ=DAILY;UNTIL=20261231T193000Z", "2026-12-31"),
        ("FREQ=DAILY;UNTIL=20261231T192959Z", "2026-12-30"),
        ("FREQ=DAILY;COUNT=1", "2026-11-24"),
        ("FREQ=DAILY;COUNT=10", "2026-12-03"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "2026-12-31"),
        ("FREQ=DAILY;COUNT=0", None),
        ("FREQ=DAILY;COUNT=99999999999", None),
        ("FREQ=YEARLY;INTERVAL=9999;COUNT=10000", None),
        ("FREQ=DAILY", None),
    ],
)
def test_it_ends(said: str, end: str | None) -> None:
    assert event(f"RRULE:{said}")["date_end"] == end


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("EXDATE;VALUE=DATE:20261201,20261202", ["2026-12-01", "2026-12-02"]),
        ("EXDATE:20261201T193000Z\nEXDATE:20261202T193000Z", ["2026-12-01", "2026-12-02"]),
        ("EXDATE;TZID=Asia/Tokyo:20261202T043000", ["2026-12-01"]),
        ("EXDATE:never,20261201T193000Z,,20261201", ["2026-12-01"]),
    ],
)
def test_days_are_skipped(said: str, days: list[str]) -> None:
    assert event("RRULE:FREQ=DAILY", said)["skip_days"] == days


@pytest.mark.parametrize(
    ("triggers", "minutes"),
    [
        (["TRIGGER:-PT15M"], 15),
        (["TRIGGER:-P1D"], 1440),
        (["TRIGGER:PT0S"], 0),
        (["TRIGGER:PT5M"], -5),
        (["TRIGGER;RELATED=END:-PT90M"], 60),
        (["TRIGGER;VALUE=DATE-TIME:20261124T190000Z"], 30),
        (["TRIGGER:-PT15M", "TRIGGER:-PT1H"], 60),
        (["TRIGGER:-PT15M", "TRIGGER:soon"], 15),
        (["ACTION:DISPLAY"], None),
        (["TRIGGER:-P99999D"], 5_270_400),
    ],
    ids=str,
)
def test_alarms_are_reminders(triggers: list[str], minutes: int | None) -> None:
    alarms = [f"BEGIN:VALARM\n{trigger}\nEND:VALARM" for trigger in triggers]
    assert event("DURATION:PT30M", *alarms)["notify_offset"] == minutes


def test_what_changes_an_occurrence_takes_its_place() -> None:
    rows = read(
        text_of(
            "UID:1\nDTSTART;TZID=Europe/Lisbon:20261124T193000\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20261126",
            "UID:1\nRECURRENCE-ID:20261125T193000Z\nDTSTART:20261125T210000Z\nSUMMARY:Late",
            "UID:1\nRECURRENCE-ID;VALUE=DATE:20261127\nDTSTART:20261127T210000Z\nSTATUS:CANCELLED",
            "UID:2\nRECURRENCE-ID;VALUE=DATE:20261127\nDTSTART:20261127T210000Z",
        ),
        "UTC",
    )
    assert [(row["icalendar_uid"], row["date_start"]) for row in rows] == [
        ("1", "2026-11-24"),
        ("1 20261125T193000Z", "2026-11-25"),
        ("2 20261127", "2026-11-27"),
    ]
    assert rows[0]["skip_days"] == ["2026-11-26", "2026-11-25", "2026-11-27"]


def test_the_day_that_it_takes_is_one_where_the_event_is() -> None:
    """At 20:30 in New York the next day has begun in UTC."""
    rows = read(
        text_of(
            "UID:1\nDTSTART;TZID=America/New_York:20261124T203000\nRRULE:FREQ=DAILY",
            "UID:1\nRECURRENCE-ID:20261126T013000Z\nDTSTART:20261126T030000Z",
        ),
        "UTC",
    )
    assert rows[0]["skip_days"] == ["2026-11-25"]


def test_what_is_cancelled_is_not_there() -> None:
    assert read(text_of("UID:1\nDTSTART:20261124T193000Z\nSTATUS:CANCELLED"), "UTC") == []


def test_events_have_uids_that_fit_and_do_not_change() -> None:
    texts = [
        "DTSTART:20261124T193000Z\nSUMMARY:a",
        "DTSTART:20261124T193000Z\nSUMMARY:b",
        f"UID:{'x' * 5000}\nDTSTART:20261124T193000Z",
    ]
    first, again = (read(text_of(*texts), "UTC") for _ in range(2))
    uids = [row["icalendar_uid"] for row in first]
    assert uids == [row["icalendar_uid"] for row in again]
    assert len(set(uids)) == 3
    assert max(map(len, uids)) <= 500


def test_of_events_with_the_same_uid_the_last_counts() -> None:
    [row] = read(text_of("UID:1\nDTSTART:20261124\nSUMMARY:a", "UID:1\nDTSTART:20261124\nSUMMARY:b"), "UTC")
    assert row["name"] == "b"


def test_texts_fit_their_columns() -> None:
    row = event(f"SUMMARY:{'n' * 600}", f"DESCRIPTION:{'d' * 20000}", f"LOCATION:{'l' * 600}\0")
    assert [len(row[name]) for name in ("name", "details", "location")] == [500, 10000, 500]
    assert event("SUMMARY:   ")["name"] == "Untitled"


def test_lines_that_say_nothing_are_left_out() -> None:
    assert (
        event("X-BROKEN=1", "nonsense", ";:", ":", "SUMMARY;=:", "SUMMARY:Choir", "DTSTAMP:never")["name"]
        == "Choir"
    )


#: What comes again, and is said in the zone in which it is.
RECURRING = ENTRIES.filter(lambda entry: entry.recurrence and entry.zone not in UTC_NAMES).map(
    lambda entry: entry._replace(skipped=[], last_day=None, travel_minutes=0, minutes=max(1, entry.minutes))
)


@given(RECURRING)
def test_what_we_write_we_read_again(entry: Entry) -> None:
    assert entry.recurrence
    [row] = read(b"".join(calendar([entry])).decode(), "UTC")
    assert (row["icalendar_uid"], row["date_start"]) == (entry.id, entry.day.isoformat())
    if entry.days:
        assert (row["duration"] or 1440) == entry.days * 1440
    else:
        assert (row["time_start"], row["duration"]) == (f"{entry.at:%H:%M}", entry.minutes)
        assert row["time_zone"] == entry.zone
    written, again = (Recurrence.read(rule) for rule in (orjson.loads(entry.recurrence), row["recurrence"]))
    assert [*islice(again.dates(entry.day), 20)] == [*islice(written.dates(entry.day), 20)]
