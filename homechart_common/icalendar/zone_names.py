"""Which zone of the IANA database a calendar means: programs name zones in many ways, or only describe them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from homechart_common import clock
from homechart_common.icalendar.components import Component
from homechart_common.local_time import zone_named, zone_names


class Zones:
    """The zones that a calendar names."""

    def __init__(self, calendar: Component, unnamed: str) -> None:
        self._described = {zone.text("TZID"): zone for zone in calendar.of_kind("VTIMEZONE")}
        #: Where it is meant where no zone is named.
        self.unnamed = _known([calendar.text("X-WR-TIMEZONE")]) or unnamed

    def known_as(self, name: str) -> str:
        """The zone that a calendar calls by a name; what cannot be made out is where its reader is."""
        described = self._described.get(name)
        names = [*_spellings(name), described.text("X-LIC-LOCATION") if described else ""]
        return _known(names) or (described and _like(described)) or self.unnamed


def _spellings(name: str) -> Iterator[str]:
    """Such as the end of ``/mozilla.org/20050126_1/Europe/Berlin``."""
    parts = name.strip().strip("/").split("/")
    return ("/".join(parts[begin:]) for begin in range(min(len(parts), 10)))


def _known(names: Iterable[str]) -> str | None:
    for name in names:
        for candidate in (name, WINDOWS_TO_OLSON.get(name, "")):
            if found := _by_lower_case().get(candidate.lower()):
                return found
    return None


@cache
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in zone_names()}


def _like(described: Component) -> str | None:
    """A zone in which clocks show the same this year as they do by a description."""
    summer, winter = (_last_offset(described, kind) for kind in ("DAYLIGHT", "STANDARD"))
    if winter is None:
        return None
    if summer is None:
        return _by_offsets().get((winter, winter))
    return _by_offsets().get((winter, summer)) or _by_offsets().get((summer, winter))


def _last_offset(described: Component, kind: str) -> timedelta | None:
    """The offset in the newest of the periods of a kind."""
    periods = sorted(described.of_kind(kind), key=lambda period: period.text("DTSTART"))
    return _offset(periods[-1].text("TZOFFSETTO")) if periods else None


def _offset(text: str) -> timedelta | None:
    digits = text.lstrip("+-")
    if not (digits.isascii() and digits.isdigit() and len(digits) in (4, 6)):
        return None
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    return -offset if text.startswith("-") else offset


@cache
def _by_offsets() -> dict[tuple[timedelta | None, timedelta | None], str]:
    """A zone for each pair of offsets in January and in July; one that many people live in."""
    year = clock.now().year
    found: dict[tuple[timedelta | None, timedelta | None], str] = {}
    for name in WINDOWS_TO_OLSON.values():
        if name in zone_names():
            january, july = (
                datetime(year, month, 1, tzinfo=zone_named(name)).utcoffset() for month in (1, 7)
            )
            found.setdefault((january, july), name)
    return found
