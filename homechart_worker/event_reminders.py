"""When somebody is to be reminded of an event (contract B1 §8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from homechart_common.local_time import moment
from homechart_common.recurrence import Recurrence

#: An event that began longer ago than this is no news any more.
_TOO_LATE = timedelta(days=1)
#: How much later or earlier than in UTC it may be anywhere, and then some.
_ANYWHERE = timedelta(days=2)
#: After it moments may be beyond what can be said.
_LAST_DAY = date(9950, 1, 1)


@dataclass(frozen=True, slots=True)
class EventReminders:
    """The reminders of one event. An occurrence is known by its date; ``lead`` is how long before it is reminded of."""

    start: date
    at: time
    zone: ZoneInfo
    lead: timedelta
    recurrence: Recurrence | None = None
    end: date | None = None
    skipped: frozenset[date] = frozenset()

    def begins(self, day: date) -> datetime:
        """When clocks there show its time on a day."""
        return moment(day, self.at, self.zone)

    def due(self, day: date) -> datetime:
        """When the reminder of an occurrence is due."""
        return self.begins(day) - self.lead

    def overdue(self, since: date, now: datetime) -> date | None:
        """Which occurrence to remind of when it is time, of one or perhaps of several that were missed.

        That is the first still to come, or else the last one, unless that is so long ago that nobody cares.
        """
        found = None
        for day in self._days(now - _TOO_LATE + min(self.lead, timedelta())):
            if day < since:
                continue
            if self.due(day) > now:
                break
            if self._concerns(day) >= now - _TOO_LATE:
                found = day
            if self.begins(day) > now:
                break
        return found

    def first(self, now: datetime, settled: date | None) -> date | None:
        """What to remind of when the event has changed: the first occurrence that is still to come.

        Of occurrences before ``settled`` somebody was reminded already if the time for that has passed.
        """
        return next(
            (
                day
                for day in self._days(now + min(self.lead, timedelta()))
                if self._concerns(day) > now and (settled is None or day >= settled or self.due(day) > now)
            ),
            None,
        )

    def following(self, day: date, now: datetime) -> date | None:
        """What to remind of after an occurrence. Those whose reminders were missed meanwhile are left out."""
        return next(
            (later for later in self._days(now + self.lead) if later > day and self.due(later) > now), None
        )

    def _concerns(self, day: date) -> datetime:
        """Until when the reminder of an occurrence is of use; it may be meant to come after the start."""
        return max(self.begins(day), self.due(day))

    def _days(self, since: datetime) -> Iterator[date]:
        """The dates of all occurrences that begin after a moment, and perhaps some of before."""
        last = min(self.end or _LAST_DAY, _LAST_DAY)
        dates = iter([self.start])
        if self.recurrence:
            dates = self.recurrence.dates(self.start, (since - _ANYWHERE).date())
        for day in dates:
            if day > last:
                return
            if day not in self.skipped or not self.recurrence:
                yield day
