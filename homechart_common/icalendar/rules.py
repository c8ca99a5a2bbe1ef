"""What a calendar says of when something comes again, as one of our rules (contract B1 §3.6, §8.5)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from icalendar.prop import vRecur

from homechart_common.recurrence import RRULE_DAYS, Recurrence

_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
#: Parts that say which days; others say how long, or what goes without saying.
_DAY_PARTS = frozenset({"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "BYWEEKNO", "BYYEARDAY"})


def recurrence(parts: vRecur, start: date) -> Recurrence | None:
    """The rule for something that begins on ``start``; none if ours cannot say it."""
    said = {name: parts[name] for name in _DAY_PARTS if name in parts}
    separation = int(parts["INTERVAL"][0]) if parts.get("INTERVAL") else 1
    shape = _SHAPES.get(str(parts["FREQ"][0])) if parts.get("FREQ") else None
    members = shape(said, _days(said), start) if shape else None
    if members is None or (shape is not _weekly and "weekdays" in members and separation > 1):
        return None
    try:
        return Recurrence.read({"separation": separation, **members})
    except ValueError:
        return None


Members = dict[str, Any]
#: Days of the week, each with its place in the month if that is said.
Days = list[tuple[int, int]]


def _daily(said: Members, days: Days, start: date) -> Members | None:
    return {} if not said else _weekdays(said, days)


def _weekly(said: Members, days: Days, start: date) -> Members | None:
    return _weekdays(said, days) if said else {"weekdays": [start.isoweekday()]}


def _monthly(said: Members, days: Days, start: date) -> Members | None:
    return _in_month(said, days, start) or _weekdays(said, days)


def _yearly(said: Members, days: Days, start: date) -> Members | None:
    if said and len(said.get("BYMONTH", [])) != 1:
        return None
    month = int(said.pop("BYMONTH", [start.month])[0])
    members = _in_month(said, days, start)
    return {**members, "month": month} if members else None


_SHAPES = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}


def _weekdays(said: Members, days: Days) -> Members | None:
    """Days of every week."""
    if set(said) != {"BYDAY"} or any(place for place, _ in days):
        return None
    return {"weekdays": sorted({day for _, day in days})}


def _in_month(said: Members, days: Days, start: date) -> Members | None:
    """One day of a month."""
    places, numbers = said.get("BYSETPOS", []), [int(day) for day in said.get("BYMONTHDAY", [])]
    match sorted(said):
        case []:
            return {"day": start.day}
        case ["BYMONTHDAY"] if len(numbers) == 1 and (numbers[0] > 0 or numbers == [-1]):
            return {"day": 31 if numbers == [-1] else numbers[0]}
        case ["BYMONTHDAY", "BYSETPOS"] if places == [-1] and numbers == [*range(28, numbers[-1] + 1)]:
            return {"day": numbers[-1]}
        case ["BYDAY"] if len(days) == 1 and days[0][0]:
            return {"monthWeek": days[0][0], "weekday": days[0][1]}
        case ["BYDAY", "BYSETPOS"] if len(days) == len(places) == 1 and not days[0][0]:
            return {"monthWeek": int(places[0]), "weekday": days[0][1]}
    return None


def _days(said: Members) -> Days:
    """What BYDAY says; nothing if one of its days is none."""
    found = [_DAY.fullmatch(str(day).upper()) for day in said.get("BYDAY", [])]
    return [(int(day[1] or 0), RRULE_DAYS.index(day[2])) for day in found if day] if all(found) else []
