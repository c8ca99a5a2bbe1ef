"""The time. Everything that asks what time it is asks here, so a test can set it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The current time, in UTC, or the one a test has set."""
    return _frozen.get() or datetime.now(UTC)


def today(time_zone: str) -> date:
    """The day that it is now in a time zone."""
    return now().astimezone(ZoneInfo(time_zone)).date()


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Make :func:`now` answer ``moment`` (which must have a time zone) inside the block."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
