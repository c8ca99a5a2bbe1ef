"""Moments as a person wants to read them: in their time zone and the order and form they chose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from homechart_common.local_time import zone_named

# By the numbers of the account's preferences (contract §3.4).
_ORDERS = (("%m", "%d", "%Y"), ("%d", "%m", "%Y"), ("%Y", "%m", "%d"))
_SEPARATORS = ("/", "-", ".", ",")


def written(moment: datetime, time_zone: str, preferences: Mapping[str, Any]) -> str:
    """``moment`` in a zone of the IANA database (UTC if there is no such zone), to the minute."""
    there = moment.astimezone(zone_named(time_zone))
    return f"{written_day(there, preferences)} {written_time(there.time(), preferences)}"


def written_time(at: time, preferences: Mapping[str, Any]) -> str:
    """A time on the face of a clock, to the minute."""
    return f"{at:%H:%M}" if preferences.get("formatTime24") else f"{at:%I:%M %p}"


def written_day(day: date, preferences: Mapping[str, Any]) -> str:
    """A day of the calendar."""
    order = _ORDERS[preferences.get("formatDateOrder", 0)]
    return day.strftime(_SEPARATORS[preferences.get("formatDateSeparator", 0)].join(order))
