"""Moments as a person wants to read them: in their time zone and the order and form they chose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# By the numbers of the account's preferences (contract §3.4).
_ORDERS = (("%m", "%d", "%Y"), ("%d", "%m", "%Y"), ("%Y", "%m", "%d"))
_SEPARATORS = ("/", "-", ".", ",")


def written(moment: datetime, time_zone: str, preferences: Mapping[str, Any]) -> str:
    """``moment`` in a zone of the IANA database (UTC if there is no such zone), to the minute."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    order = _ORDERS[preferences.get("formatDateOrder", 0)]
    date = _SEPARATORS[preferences.get("formatDateSeparator", 0)].join(order)
    time = "%H:%M" if preferences.get("formatTime24") else "%I:%M %p"
    return moment.astimezone(zone).strftime(f"{date} {time}")
