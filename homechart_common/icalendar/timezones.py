"""Zones as iCalendar describes them: by the times at which their clocks change (RFC 5545 §3.6.5).

Most programs go by the zone's name. The others need the description, so it is true: clocks do what they did and what
they will do as far as is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from homechart_common.local_time import zone_named

#: What is not described, as moments are said in UTC.
UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT", "Universal", "Etc/Universal"})

#: Clocks never changed twice within so short a time.
_STEP = timedelta(days=7)
_YEARS_AHEAD = 20
_LOCAL = "%Y%m%dT%H%M%S"


class _Change(NamedTuple):
    """How clocks change: from one offset to another, which is called so, and whether that is for the summer."""

    before: timedelta
    after: timedelta
    name: str
    summer: bool


@lru_cache(maxsize=100)
def described(name: str, first_year: int, this_year: int) -> tuple[str, ...]:
    """The lines that describe a zone from a year on, for years to come."""
    zone = zone_named(name)
    begin = datetime(first_year, 1, 1, tzinfo=UTC)
    offset = _offset(begin, zone)
    changes = {_change(begin, offset, zone): [begin + offset]}
    for moment in _moments(zone, begin, datetime(this_year + _YEARS_AHEAD, 1, 1, tzinfo=UTC)):
        before = _offset(moment - timedelta(seconds=1), zone)
        changes.setdefault(_change(moment, before, zone), []).append(moment + before)
    observances = [line for change, shown in changes.items() for line in _observance(change, shown)]
    return ("BEGIN:VTIMEZONE", f"TZID:{name}", *observances, "END:VTIMEZONE")


def _moments(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The moments at which clocks change, to the second."""
    weeks = (begin + _STEP * number for number in range((end - begin) // _STEP + 1))
    for earlier, later in pairwise(weeks):
        if _state(earlier, zone) != _state(later, zone):
            low, high = 0, int(_STEP.total_seconds())
            while high - low > 1:
                middle = (low + high) // 2
                same = _state(earlier + timedelta(seconds=middle), zone) == _state(earlier, zone)
                low, high = (middle, high) if same else (low, middle)
            yield earlier + timedelta(seconds=high)


def _state(moment: datetime, zone: ZoneInfo) -> tuple[timedelta | None, str | None]:
    there = moment.astimezone(zone)
    return there.utcoffset(), there.tzname()


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change(moment: datetime, before: timedelta, zone: ZoneInfo) -> _Change:
    there = moment.astimezone(zone)
    return _Change(
        before, _offset(moment, zone), there.tzname() or "", (there.dst() or timedelta()) > timedelta()
    )


def _observance(change: _Change, shown: list[datetime]) -> Iterator[str]:
    """What clocks do, and what they show each time when they do it."""
    kind = "DAYLIGHT" if change.summer else "STANDARD"
    first, *others = [f"{moment:{_LOCAL}}" for moment in shown]
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{first}"
    yield f"TZOFFSETFROM:{_written(change.before)}"
    yield f"TZOFFSETTO:{_written(change.after)}"
    yield f"TZNAME:{change.name}"
    if others:
        yield f"RDATE:{','.join(others)}"
    yield f"END:{kind}"


def _written(offset: timedelta) -> str:
    minutes, seconds = divmod(abs(int(offset.total_seconds())), 60)
    sign = "-" if offset < timedelta() else "+"
    return f"{sign}{minutes // 60:02}{minutes % 60:02}" + (f"{seconds:02}" if seconds else "")
