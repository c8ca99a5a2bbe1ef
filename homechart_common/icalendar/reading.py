"""Reading the events of calendars that others write (contract B1 §8.5).

What is not understood is left out, as it says nothing to us. A text that is broken off is refused as a whole, so that
what it does not tell of does not count as gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice

from icalendar.prop import vDDDTypes, vDuration, vRecur

from homechart_common.icalendar import rules
from homechart_common.icalendar.components import Component, NoCalendar, Property, parse
from homechart_common.icalendar.zone_names import Zones
from homechart_common.local_time import moment, zone_named
from homechart_common.models import CalendarEvent
from homechart_common.models.fields import Dates, Int, Text
from homechart_common.models.model import Row

_MOST_EVENTS = 10_000
#: Up to how many times something may come again to find out when the last one is.
_MOST_TIMES = 10_000
_LONGEST_UID = 500
#: Those that events can be in.
_YEARS = range(100, 9901)
_DAY_MINUTES = 24 * 60
_UNNAMED = "Untitled"


def read(text: str, time_zone: str) -> list[Row]:
    """The rows of the events in a text, without owners; by their UIDs, which none has in common with another one.

    Times that name no zone are meant in ``time_zone``. Raises :class:`NoCalendar`.
    """
    found: dict[str, Row] = {}
    replaced: list[tuple[str, _Moment]] = []
    for calendar in parse(text.replace("\0", "")):
        zones = Zones(calendar, time_zone)
        for component in calendar.of_kind("VEVENT"):
            event = _Event(component, zones)
            if event.instead_of is not None:
                replaced.append((event.uid, event.instead_of))
            if not event.is_cancelled:
                found[event.key] = event.row()
        if len(found) > _MOST_EVENTS:
            raise NoCalendar(f"has more than {_MOST_EVENTS} events")
    for uid, occurrence in replaced:
        if event_row := found.get(uid):
            day = occurrence.day_in(event_row["time_zone"]).isoformat()
            event_row["skip_days"] = list(dict.fromkeys([*event_row["skip_days"], day]))[-Dates.most :]
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Moment:
    """A day, and unless it is meant as a whole the time that clocks in a zone show."""

    day: date
    at: time
    zone: str
    all_day: bool = False

    def in_utc(self) -> datetime:
        return moment(self.day, self.at, zone_named(self.zone))

    def day_in(self, zone: str) -> date:
        """Which day it is then in a zone."""
        if self.all_day or self.zone == zone:
            return self.day
        return self.in_utc().astimezone(zone_named(zone)).date()


@dataclass
class _Event:
    """An event of another calendar."""

    component: Component
    zones: Zones
    start: _Moment = field(init=False)

    def __post_init__(self) -> None:
        said = self.component.get("DTSTART")
        start = next(self._moments(said), None) if said else None
        if start is None:
            raise NoCalendar("has an event without a date")
        self.start = start

    @property
    def uid(self) -> str:
        """What it is called, also by what changes one of its occurrences; short enough for an index."""
        uid = self.component.text("UID")
        if 0 < len(uid) <= _LONGEST_UID:
            return uid
        told = uid or f"{self.start} {self.component.text('SUMMARY')}"
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    @property
    def instead_of(self) -> _Moment | None:
        """The occurrence of another event that this one takes the place of."""
        said = self.component.get("RECURRENCE-ID")
        return next(self._moments(said), None) if said else None

    @property
    def key(self) -> str:
        """What tells it from all others of the calendar."""
        return f"{self.uid} {self.component.text('RECURRENCE-ID')[:100]}".strip()

    @property
    def is_cancelled(self) -> bool:
        return self.component.text("STATUS").upper() == "CANCELLED"

    def row(self) -> Row:
        """The columns of the event that it becomes."""
        rule, end = self._recurrence()
        return {
            "icalendar_uid": self.key,
            "name": self._text("SUMMARY", "name") or _UNNAMED,
            "details": self._text("DESCRIPTION", "details"),
            "location": self._text("LOCATION", "location"),
            "date_start": self.start.day.isoformat(),
            "time_start": f"{self.start.at:%H:%M}",
            "time_zone": self.start.zone,
            "duration": self._duration(),
            "date_end": end.isoformat() if end else None,
            "recurrence": rule,
            "skip_days": self._skipped(),
            "notify_offset": self._alarm(),
        }

    def _text(self, name: str, column: str) -> str:
        limit = CalendarEvent.fields[column]
        assert isinstance(limit, Text)  # noqa: S101  # by the declaration
        return self.component.text(name).strip()[: limit.max]

    def _duration(self) -> int:
        """In minutes. What lasts a day has none, and what takes no time at all takes a minute."""
        minutes = max(0, int(self._lasting().total_seconds()) // 60)
        if self.start.all_day:
            days = -(-minutes // _DAY_MINUTES)
            minutes = days * _DAY_MINUTES if days > 1 else 0
        else:
            minutes = max(1, minutes)
        return _bounded("duration", minutes)

    def _lasting(self) -> timedelta:
        if (said := self.component.get("DURATION")) and (lasting := _length(said.value)):
            return lasting
        said = self.component.get("DTEND")
        end = next(self._moments(said), None) if said else None
        return end.in_utc() - self.start.in_utc() if end else timedelta()

    def _recurrence(self) -> tuple[Row | None, date | None]:
        """The rule, and the last day."""
        said = self.component.get("RRULE")
        if said is None:
            return None, None
        try:
            parts: vRecur = vRecur.from_ical(said.value)
            rule = rules.recurrence(parts, self.start.day)
        except (ValueError, TypeError, OverflowError, KeyError, IndexError):
            return None, None
        if rule is None:
            return None, None
        if parts.get("UNTIL"):
            return rule.to_json(), self._last_before(parts["UNTIL"][0])
        times = int(parts["COUNT"][0]) if parts.get("COUNT") else 0
        if not 0 < times <= _MOST_TIMES:
            return rule.to_json(), None
        return rule.to_json(), next(islice(rule.dates(self.start.day), times - 1, None), None)

    def _last_before(self, until: date | datetime) -> date:
        """The last day on which it can still happen."""
        if not isinstance(until, datetime):
            return until
        zone = zone_named(self.start.zone)
        local = until.astimezone(zone) if until.tzinfo else until
        return local.date() if local.time() >= self.start.at else local.date() - timedelta(days=1)

    def _skipped(self) -> list[str]:
        said = self.component.properties.get("EXDATE", [])
        days = (excepted.day_in(self.start.zone) for dates in said for excepted in self._moments(dates))
        return [day.isoformat() for day in dict.fromkeys(days)][-Dates.most :]

    def _alarm(self) -> int | None:
        """How many minutes before the start one wants to be told, by the last alarm that says so."""
        offset = None
        for alarm in self.component.of_kind("VALARM"):
            said = alarm.get("TRIGGER")
            before = self._before(said) if said else None
            if before is not None:
                offset = _bounded("notify_offset", round(before.total_seconds() / 60))
        return offset

    def _before(self, trigger: Property) -> timedelta | None:
        if "T" in trigger.value[1:] and trigger.value[:1].isdigit():
            told = next(self._moments(trigger), None)
            return self.start.in_utc() - told.in_utc() if told else None
        later = _length(trigger.value)
        if later is not None and trigger.parameters.get("RELATED", "").upper() == "END":
            later += timedelta(minutes=self._duration())
        return None if later is None else -later

    def _moments(self, said: Property) -> Iterator[_Moment]:
        """What a property names; what cannot be read is left out."""
        for value in said.value.split(","):
            try:
                read = vDDDTypes.from_ical(value.strip())  # type: ignore[no-untyped-call]  # the library has no types here
            except ValueError:
                continue
            if not isinstance(read, date) or read.year not in _YEARS:
                continue
            if isinstance(read, datetime):
                zone = "UTC" if read.tzinfo else self._zone(said)
                yield _Moment(read.date(), read.time().replace(second=0), zone)
            else:
                yield _Moment(read, time(), "UTC", all_day=True)

    def _zone(self, said: Property) -> str:
        name = said.parameters.get("TZID")
        return self.zones.known_as(name) if name else self.zones.unnamed


def _length(text: str) -> timedelta | None:
    try:
        length = vDuration.from_ical(text.strip())  # type: ignore[no-untyped-call]  # the library has no types here
    except ValueError:
        return None
    return length if isinstance(length, timedelta) else None


def _bounded(column: str, minutes: int) -> int:
    bounds = CalendarEvent.fields[column]
    assert isinstance(bounds, Int)  # noqa: S101  # by the declaration
    return min(max(minutes, bounds.min), bounds.max)
