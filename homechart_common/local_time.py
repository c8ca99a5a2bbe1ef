"""Times on the faces of clocks, and the moments that they are (contract B1 §8.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When clocks in a zone show this, in UTC.

    A time that they skip in spring counts as if they had not, one that they show twice in autumn is the second:
    of two offsets that could be meant the smaller one, as PostgreSQL has it, too.
    """
    shown = datetime.combine(day, at)
    offsets = (shown.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return (shown - min(offset for offset in offsets if offset is not None)).replace(tzinfo=UTC)


@cache
def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database; UTC if there is none of that name, as another version of it may have had one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@cache
def zone_names() -> frozenset[str]:
    """The zones that people may name: PostgreSQL knows them, too. Some systems call their own one ``localtime``."""
    return frozenset(available_timezones() - {"localtime"})
