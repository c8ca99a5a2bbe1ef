"""Fields that are moments, days, times, and what repeats."""

from __future__ import annotations

import re
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from homechart_common import clock
from homechart_common.local_time import zone_names
from homechart_common.models.fields.compounds import Strings
from homechart_common.models.fields.field import Field, Invalid
from homechart_common.models.fields.texts import Text
from homechart_common.recurrence import Recurrence as RecurrenceRule

#: The zone of the account whose request is read; a date without a time means midnight there.
reader_time_zone: ContextVar[str] = ContextVar("reader_time_zone", default="UTC")

#: What clients that have no null for moments send instead (contract §1.7).
ZERO_TIME = "0001-01-01T00:00:00.000000Z"
_ZERO_TIME = re.compile(r"0001-01-01T00:00:00(\.0+)?Z")

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIMESTAMP = re.compile(rf"{_DATE.pattern}[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Timestamp(Field):
    """A moment, in UTC with six fraction digits on the wire, or null.

    Reads RFC 3339, a date alone as midnight in the account's zone, and the zero time as null.
    """

    json_schema = {"type": ["string", "null"], "format": "date-time"}

    def column_sql(self, column: str) -> str:
        return f"wire_timestamp({column})"

    def read(self, value: Any) -> str | None:
        blank = value is None or (isinstance(value, str) and _ZERO_TIME.fullmatch(value))
        return None if blank else read_timestamp(value).isoformat()


class Written(Timestamp):
    """When something was written that never changes but by being written anew: now, unless an import says when."""

    def __init__(self) -> None:
        super().__init__(write="C", description="When it was written; now, unless an import says otherwise")

    def default(self) -> str:
        return clock.now().isoformat()

    def read(self, value: Any) -> str:
        return super().read(value) or self.default()


def read_timestamp(value: Any) -> datetime:
    """The moment that an RFC 3339 text or a date names, in UTC; raises :class:`Invalid`."""
    if not isinstance(value, str):
        raise Invalid("must be a timestamp such as 2026-11-23T18:14:00Z")
    try:
        if _TIMESTAMP.fullmatch(value):
            return _within_range(datetime.fromisoformat(_microseconds(value)))
        if _DATE.fullmatch(value):
            midnight = datetime.combine(date.fromisoformat(value), time(), ZoneInfo(reader_time_zone.get()))
            return _within_range(midnight)
    except (ValueError, OverflowError):
        pass
    raise Invalid("must be a timestamp such as 2026-11-23T18:14:00Z")


def _microseconds(value: str) -> str:
    """Fractions are cut to the six digits that are stored."""
    return re.sub(r"(\.\d{6})\d+", r"\1", value.upper())


def _within_range(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    if not 1 < moment.year < 9999:
        raise Invalid("must be a year between 2 and 9998")
    return moment


class Date(Field):
    """A day of the calendar, or null; of a timestamp the date part counts."""

    json_schema = {"type": ["string", "null"], "format": "date"}

    def read(self, value: Any) -> str | None:
        return None if value is None or value == "" else _date(value)


def _date(value: Any) -> str:
    if isinstance(value, str) and (_DATE.fullmatch(value) or _TIMESTAMP.fullmatch(value)):
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            pass
    raise Invalid("must be a date such as 2026-11-23")


class Dates(Strings):
    """Days of the calendar, each once, in the order given."""

    json_schema = {"type": "array", "items": {"type": "string", "format": "date"}}
    longest = 40

    def read(self, value: Any) -> list[str]:
        days = (_date(text) for text in super().read(value))
        return list(dict.fromkeys(days))


class Time(Field):
    """A time of day, ``HH:MM``; seconds are accepted and dropped."""

    zero = "00:00"
    json_schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
    _FORM = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")

    def column_sql(self, column: str) -> str:
        return f"to_char({column}, 'HH24:MI')"

    def read(self, value: Any) -> str:
        if isinstance(value, str) and self._FORM.fullmatch(value):
            return value[:5]
        raise Invalid("must be a time such as 18:30")


class Recurrence(Field):
    """When something happens again, or null (contract B1 §3)."""

    json_schema = {"oneOf": [{"type": "null"}, RecurrenceRule.JSON_SCHEMA]}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"description": RecurrenceRule.IN_WORDS, **options})

    def read(self, value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        try:
            return RecurrenceRule.read(value).to_json()
        except ValueError as error:
            raise Invalid(str(error)) from None


class TimeZone(Text):
    """An IANA time zone; empty means UTC."""

    def __init__(self) -> None:
        super().__init__(max=100)

    def default(self) -> str:
        return "UTC"

    def read(self, value: Any) -> str:
        zone = super().read(value) or "UTC"
        if zone not in zone_names():
            raise Invalid("must be a time zone such as Europe/Lisbon")
        return zone
