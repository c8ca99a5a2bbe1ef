"""What is on a day, for one person: the agenda (contract §8.2, B1 §4.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from homechart_common.local_time import moment, zone_named
from homechart_common.models.permissions import Component
from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written_day, written_time
from homechart_common.notify.webpush import Actions
from homechart_common.recurrence import Recurrence

_DAY = timedelta(days=1)
_DAY_MINUTES = 24 * 60
#: What messages call the kinds of what there can be, by table.
_KINDS = {
    "calendar_event": "event",
    "cook_meal_plan": "meal",
    "plan_task": "task",
    "budget_recurrence": "payment",
}
#: How many of a kind are named.
MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Event:
    """An event that may be on the day."""

    name: str
    start: date
    at: time
    zone: str
    minutes: int
    end: date | None
    recurrence: Recurrence | None
    skipped: frozenset[date]

    @property
    def lasts_all_day(self) -> bool:
        """Then no time is said of it, and it is on its day wherever one is."""
        return self.minutes % _DAY_MINUTES == 0

    def begins_on(self, day: date, zone: str) -> time | None:
        """At what time it begins on a day, on clocks in a zone; midnight if it lasts all day, nothing if it does not."""
        if self.lasts_all_day or zone == self.zone:
            return (time() if self.lasts_all_day else self.at) if self._happens_on(day) else None
        for there in (day - _DAY, day, day + _DAY):
            here = moment(there, self.at, zone_named(self.zone)).astimezone(zone_named(zone))
            if here.date() == day and self._happens_on(there):
                return here.time()
        return None

    def _happens_on(self, day: date) -> bool:
        if self.recurrence is None:
            return day == self.start
        # The last day is one of them, as it is for reminders, the feed and clients.
        end = self.end + _DAY if self.end and self.end < date.max else None
        return self.recurrence.occurs_on(day, self.start, end, self.skipped)


@dataclass
class Agenda:
    """The day of one person."""

    account_id: str
    day: date
    zone: str
    language: str
    preferences: Mapping[str, Any]
    #: In which ways that person wants it.
    mail: bool
    push: bool
    _timed: list[tuple[time, bool, str]] = field(default_factory=list)
    _items: dict[str, tuple[int, list[str]]] = field(default_factory=lambda: defaultdict(lambda: (0, [])))

    def add(self, kind: str, count: int, names: list[str]) -> None:
        """So many of a kind (a table) are due, and these are the first of them."""
        self._items[kind] = (count, names)

    def add_event(self, event: Event) -> None:
        """Something may be in the calendar."""
        at = event.begins_on(self.day, self.zone)
        if at is not None:
            self._timed.append((at, not event.lasts_all_day, event.name))

    def envelope(self, base_url: str) -> outbox.Envelope:
        """The agenda in words, for whom it is. A device is told how much there is and no names: others may see it."""
        page = messages.link("", "/calendar")
        push = outbox.Push(Actions(page), Component.CALENDAR) if self.push else None
        message = self._message(messages.Link(base_url + page))
        return outbox.Envelope(message, self.account_id, mail=self.mail, push=push)

    def _message(self, link: messages.Link) -> messages.Message:
        shown = sorted(self._timed)[:MOST_NAMES]
        self.add("calendar_event", len(self._timed), [self._said(*event) for event in shown])
        values = listed({kind: self._items[kind] for kind in _KINDS})
        day = written_day(self.day, self.preferences)
        return messages.render("daily_agenda", self.language, day=day, link=link, **values)

    def _said(self, at: time, is_timed: bool, name: str) -> str:
        return f"{written_time(at, self.preferences)} {name}" if is_timed else name


def listed(found: Mapping[str, tuple[int, Iterable[str]]]) -> dict[str, str]:
    """How many there are of each kind, nothing for none, and the names of the first ones, as messages want them."""
    values: dict[str, str] = {}
    for kind, (count, names) in found.items():
        known = list(names)
        values[f"{_KINDS[kind]}s"] = str(count) if count else ""
        values[f"{_KINDS[kind]}_names"] = messages.points(known, and_more=count > len(known))
    return values
