"""When something happens again: the rule, as objects carry it, and its dates (contract B1 §3, B2 §1.6)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import Any, ClassVar

_LAST = date.max.toordinal()
#: What RFC 5545 calls the days of a week, by their numbers.
RRULE_DAYS = ("", "MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One of six shapes, told apart by which members are set; ``separation`` counts its periods.

    ========================================  =====================================
    set besides ``separation``                every n-th ...
    ========================================  =====================================
    nothing                                   day
    ``weekdays``                              week, on those days (1 Monday ... 7)
    ``day``                                   month, on that day
    ``month_week``, ``weekday``               month, on its k-th (or k-th last) weekday
    ``day``, ``month``                        year, on that date
    ``month``, ``month_week``, ``weekday``    year, on the k-th weekday of that month
    ========================================  =====================================

    A day that a month does not have is its last one. A listed weekday 0 is no day: if it is the only one, the rule
    has no dates.
    """

    separation: int
    day: int = 0
    month: int = 0
    month_week: int = 0
    weekday: int = 0
    weekdays: tuple[int, ...] | None = None

    #: The same for who writes one.
    IN_WORDS: ClassVar[str] = (
        "Every `separation` days; with `weekdays` (1 Monday to 7 Sunday) weeks; with `day`, or `monthWeek`"
        " (-1 the last) and `weekday`, months; with one of those and `month` years"
    )
    _SHAPES: ClassVar[frozenset[tuple[bool, bool, bool, bool, bool]]] = frozenset(
        # day, month, month_week, weekday, weekdays
        {
            (False, False, False, False, False),
            (False, False, False, False, True),
            (True, False, False, False, False),
            (False, False, True, True, False),
            (True, True, False, False, False),
            (False, True, True, True, False),
        }
    )
    _MEMBERS: ClassVar[dict[str, tuple[str, int, int]]] = {
        "separation": ("separation", 1, 32767),
        "day": ("day", 0, 31),
        "month": ("month", 0, 12),
        "monthWeek": ("month_week", -4, 4),
        "weekday": ("weekday", 0, 7),
    }
    JSON_SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["separation"],
        "properties": {
            **{
                name: {"type": "integer", "minimum": low, "maximum": high}
                for name, (_, low, high) in _MEMBERS.items()
            },
            "weekdays": {
                "type": ["array", "null"],
                "items": {"type": "integer", "minimum": 0, "maximum": 7},
                "uniqueItems": True,
            },
        },
    }

    @classmethod
    def read(cls, value: Any) -> Recurrence:
        """The rule a JSON object spells; raises ``ValueError`` with what is wrong with it."""
        if not isinstance(value, dict):
            raise ValueError('must be an object such as {"separation": 1, "day": 15}')
        members = {
            attribute: _whole(name, 0 if value.get(name) is None else value[name], low, high)
            for name, (attribute, low, high) in cls._MEMBERS.items()
        }
        rule = cls(**members, weekdays=_weekdays(value.get("weekdays")))
        shape = (rule.day != 0, rule.month != 0, rule.month_week != 0, rule.weekday != 0, bool(rule.weekdays))
        if shape not in cls._SHAPES:
            raise ValueError("combines members in a way that has no meaning")
        return rule

    def to_json(self) -> dict[str, Any]:
        """The JSON form, all six members; ``weekdays`` stays null or a list as it was given."""
        return {
            "day": self.day,
            "month": self.month,
            "monthWeek": self.month_week,
            "separation": self.separation,
            "weekday": self.weekday,
            "weekdays": None if self.weekdays is None else list(self.weekdays),
        }

    def to_rrule(self, until: str = "") -> str:
        """The value of an RRULE of iCalendar (contract B1 §3.6); ``until`` is its end as RFC 5545 writes it.

        Empty for what never comes again, which an RRULE cannot say.
        """
        parts = self._rrule_parts()
        end = [f"UNTIL={until}"] if until else []
        return ";".join([*parts, *end, f"INTERVAL={self.separation}"]) if parts else ""

    def after(self, day: date) -> date | None:
        """The next date after a day (contract B1 §3.3); none when the calendar ends before."""
        return next(self._later(day, day.toordinal() + 1), None)

    def dates(self, start: date, since: date = date.min) -> Iterator[date]:
        """``start``, what is :meth:`after` it, what is after that, and so on, leaving out what is before ``since``.

        How far that has got by then is worked out without going there.
        """
        if start >= since:
            yield start
        yield from self._later(start, max(start.toordinal() + 1, since.toordinal()))

    def occurs_on(
        self, day: date, start: date, end: date | None = None, skipped: Collection[date] = ()
    ) -> bool:
        """Whether what began on ``start`` happens on a day; on ``end`` it does not any more (contract B1 §3.4)."""
        if day in skipped or (end is not None and day >= end):
            return False
        return next(self.dates(start, day), None) == day

    def _later(self, start: date, since: int) -> Iterator[date]:
        """The dates after ``start``, leaving out what is before the day with the number ``since``."""
        if self.weekdays:
            return self._weekly(start, since)
        if self.day or self.weekday:
            return self._monthly(start, since)
        return self._daily(start, since)

    def _daily(self, start: date, since: int) -> Iterator[date]:
        behind = since - start.toordinal()
        return map(date.fromordinal, range(since + -behind % self.separation, _LAST + 1, self.separation))

    def _weekly(self, start: date, since: int) -> Iterator[date]:
        """On the days listed, in the week of ``start`` (from Monday) and in every n-th after it."""
        days = self._listed()
        monday, period = start.toordinal() - start.weekday(), 7 * self.separation
        weeks = range(monday + (since - monday) // period * period, _LAST + 1, period) if days else ()
        numbers = (week + day - 1 for week in weeks for day in days)
        return (date.fromordinal(number) for number in numbers if since <= number <= _LAST)

    def _monthly(self, start: date, since: int) -> Iterator[date]:
        """The date of every n-th month, or year, that has one, counted from the first after ``start``."""
        step = 12 if self.month else 1
        first = start.year * 12 + (self.month or start.month) - 1
        if self._in_month(first) <= start:
            first += step
        first, period = first + (self.separation - 1) * step, self.separation * step
        known = date.fromordinal(min(since, _LAST))
        skipped = max(0, known.year * 12 + known.month - 1 - first) // period * period
        found = map(self._in_month, range(first + skipped, (MAXYEAR + 1) * 12, period))
        return (day for day in found if day.toordinal() >= since)

    def _in_month(self, number: int) -> date:
        """The date in a month, which is numbered from that of the year 0. Every month has one."""
        year, month = divmod(number, 12)
        first_weekday, length = monthrange(year, month + 1)
        if self.day:
            return date(year, month + 1, min(self.day, length))
        first = (self.weekday - 1 - first_weekday) % 7 + 1
        last = first + (length - first) // 7 * 7
        day = first + 7 * (self.month_week - 1) if self.month_week > 0 else last + 7 * (self.month_week + 1)
        return date(year, month + 1, day)

    def _listed(self) -> list[int]:
        return sorted(day for day in self.weekdays or () if day)

    def _rrule_parts(self) -> list[str]:
        if self.weekdays:
            # Weeks begin on Monday. Where that changes nothing it is said as the baseline says it.
            week = "MO" if self.separation > 1 and 7 in self.weekdays else "SU"
            days = ",".join(RRULE_DAYS[day] for day in self._listed())
            return ["FREQ=WEEKLY", f"WKST={week}", f"BYDAY={days}"] if days else []
        if not (self.day or self.weekday):
            return ["FREQ=DAILY"]
        period = ["FREQ=YEARLY", f"BYMONTH={self.month}"] if self.month else ["FREQ=MONTHLY"]
        return [*period, *self._rrule_day()]

    def _rrule_day(self) -> list[str]:
        """A BYMONTHDAY that a month does not have leaves the month out, so the last day is said in other ways."""
        if self.weekday:
            return [f"BYDAY={self.month_week}{RRULE_DAYS[self.weekday]}"]
        shortest, longest = (
            (28, 31) if not self.month else (monthrange(year, self.month)[1] for year in (2023, 2024))
        )
        if self.day <= shortest:
            return [f"BYMONTHDAY={self.day}"]
        if self.day >= longest:
            return ["BYMONTHDAY=-1"]
        days = ",".join(str(day) for day in range(shortest, self.day + 1))
        return [f"BYMONTHDAY={days}", "BYSETPOS=-1"]


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number between {low} and {high}")
    return value


def _weekdays(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError("weekdays must be a list of whole numbers between 0 and 7, or null")
    days = tuple(_whole("weekdays", day, 0, 7) for day in value)
    if len(set(days)) != len(days):
        raise ValueError("weekdays must not repeat a day")
    return days
