"""Writing what a calendar shows (contract B1 §8.6, B2 §11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import orjson

from homechart_common import clock
from homechart_common.icalendar.lines import escaped, joined
from homechart_common.icalendar.timezones import UTC_NAMES, described
from homechart_common.local_time import moment, zone_named
from homechart_common.recurrence import Recurrence

MEDIA_TYPE = "text/calendar"

#: Zones are described from here on at the earliest; no clocks that matter today are older.
_EPOCH = 1970
#: Later days are in nobody's calendar, and moments on them could be beyond what can be said.
_LAST_DAY = date(9950, 1, 1)
#: How many entries are rendered in one piece.
_PIECE = 200

_HEAD = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Homechart//Homechart//EN",
    "CALSCALE:GREGORIAN",
    "NAME:Homechart",
    "DESCRIPTION:Homechart",
    "X-WR-CALNAME:Homechart",
    "X-WR-CALDESC:Homechart",
    "X-WR-TIMEZONE:Etc/GMT",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    "X-PUBLISHED-TTL:PT1H",
)


class Entry(NamedTuple):
    """An event or a task, as the query of the feed answers it. What is called ``..._utc`` is said as iCalendar does."""

    kind: str
    id: str
    name: str
    details: str
    location: str
    #: What clocks there show when it begins.
    day: date
    at: time
    zone: str
    minutes: int
    #: How many whole days it lasts, if it does.
    days: int
    travel_minutes: int
    #: How many minutes before the start to tell of it, if at all.
    alarm: int | None
    last_day: date | None
    recurrence: str | None
    skipped: list[date]
    participants: str
    created_utc: str
    updated_utc: str


def calendar(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The text of a calendar with these entries, in pieces."""
    listed = list(entries)
    yield joined([*_HEAD, *_timezones(listed)]).encode()
    for begin in range(0, len(listed), _PIECE):
        piece = listed[begin : begin + _PIECE]
        yield joined(line for entry in piece for line in _written(entry)).encode()
    yield joined(["END:VCALENDAR"]).encode()


def _timezones(entries: list[Entry]) -> Iterator[str]:
    """Descriptions of the zones that are named: where a time of day comes again."""
    first: dict[str, int] = {}
    for entry in entries:
        if _is_local(entry):
            first[entry.zone] = min(first.get(entry.zone, entry.day.year), entry.day.year)
    this_year = clock.now().year
    for zone, year in sorted(first.items()):
        # the year before, so that the first entry is never before what is described
        yield from described(zone, min(max(year - 1, _EPOCH), this_year), this_year)


def _is_local(entry: Entry) -> bool:
    return (
        bool(entry.recurrence)
        and not (entry.days and not entry.travel_minutes)
        and entry.zone not in UTC_NAMES
    )


def _written(entry: Entry) -> Iterator[str]:
    if entry.travel_minutes:
        travel = entry._replace(
            id=f"{entry.id}_travel",
            name=f"Travel to {entry.location}",
            days=0,
            minutes=entry.travel_minutes,
            alarm=None,
            location="",
        )
        yield from _component(travel, before=entry.travel_minutes)
    yield from _component(entry)


def _component(entry: Entry, before: int = 0) -> Iterator[str]:
    """The lines of an entry that begins so many minutes earlier."""
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.id}"
    yield f"DTSTAMP:{entry.created_utc}"
    yield f"LAST-MODIFIED:{entry.updated_utc}"
    yield f"SUMMARY;LANGUAGE=en-us:{entry.kind}: {escaped(entry.name)}"
    yield from _whole_days(entry) if entry.days else _times(entry, timedelta(minutes=before))
    if details := "\n".join(filter(None, (entry.participants, entry.details))):
        yield f"DESCRIPTION:{escaped(details)}"
    if entry.location:
        yield f"LOCATION:{escaped(entry.location)}"
    if entry.alarm is not None:
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"DESCRIPTION:{escaped(entry.name)}"
        yield f"TRIGGER:{'-' if entry.alarm >= 0 else ''}PT{abs(entry.alarm)}M"
        yield "END:VALARM"
    yield "END:VEVENT"


def _whole_days(entry: Entry) -> Iterator[str]:
    yield f"DTSTART;VALUE=DATE:{_date(entry.day)}"
    yield f"DTEND;VALUE=DATE:{_date(entry.day + timedelta(days=entry.days))}"
    yield from _again(entry, ";VALUE=DATE", _date, _date)


def _times(entry: Entry, before: timedelta) -> Iterator[str]:
    """Moments are said in UTC. What comes again at a time of day is said by the clocks there, which change."""
    zone = zone_named(entry.zone)

    def in_utc(day: date) -> str:
        return f"{_time(moment(day, entry.at, zone) - before)}Z"

    def on_clocks(day: date) -> str:
        return _time(datetime.combine(day, entry.at) - before)

    there, said = (f";TZID={entry.zone}", on_clocks) if _is_local(entry) else ("", in_utc)
    yield f"DTSTART{there}:{said(entry.day)}"
    yield f"DURATION:PT{entry.minutes}M"
    yield from _again(entry, there, said, in_utc)


def _again(
    entry: Entry, there: str, said: Callable[[date], str], until: Callable[[date], str]
) -> Iterator[str]:
    """When it comes again, and on which days not."""
    if rule := _rule(entry):
        yield f"RRULE:{rule.to_rrule(until(min(entry.last_day, _LAST_DAY)) if entry.last_day else '')}"
        if skipped := [said(day) for day in entry.skipped if entry.day <= day <= _LAST_DAY]:
            yield f"EXDATE{there}:{','.join(skipped)}"


def _date(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _time(shown: datetime) -> str:
    return f"{_date(shown)}T{shown.hour:02}{shown.minute:02}{shown.second:02}"


def _rule(entry: Entry) -> Recurrence | None:
    """The rule by which it comes again, if it ever does."""
    over = entry.last_day is not None and entry.last_day < entry.day
    return _read(entry.recurrence) if entry.recurrence and not over else None


@lru_cache(maxsize=1000)
def _read(text: str) -> Recurrence | None:
    rule = Recurrence.read(orjson.loads(text))
    return rule if rule.to_rrule() else None
