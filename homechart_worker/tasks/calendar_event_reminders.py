"""Reminders of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from homechart_common import clock
from homechart_common.local_time import zone_named
from homechart_common.models.permissions import Component
from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written, written_day
from homechart_common.notify.webpush import ON_OTHERS, Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection
from homechart_common.recurrence import Recurrence
from homechart_worker import missed
from homechart_worker.event_reminders import EventReminders
from homechart_worker.task import Context, task

_BATCH = 100
_DAY_MINUTES = 24 * 60
_QUERIES = queries.load("reminders")
_COLUMNS = (
    "id", "name", "location", "date_start", "time_start", "time_zone", "duration", "travel_time", "notify_offset",
    "date_end", "recurrence", "skip_days", "date_notification", "is_due", "updated", "household_id", "people",
)  # fmt: skip

Event = dict[str, Any]
Person = dict[str, Any]


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def calendar_event_reminders(context: Context) -> int:
    """Remind people of events that come up: participants, or else all members who may see them."""
    base_url = context.config.app.base_url
    now = clock.now()

    async def work(connection: Connection) -> int:
        # An event is armed anew exactly if its messages are in the outbox: both are one transaction.
        rows = await connection.fetch(_QUERIES["claim_calendar_events"], {"limit": _BATCH, "now": now})
        envelopes: list[outbox.Envelope] = []
        overlooked: list[missed.Missed] = []
        armed = []
        for event in (dict(zip(_COLUMNS, row, strict=True)) for row in rows):
            reminders = _reminders(event)
            due = _due(event, reminders, now)
            told = None if due is None else reminders.overdue(due, now)
            if told is not None:
                envelopes += _envelopes(event, reminders, told, base_url)
            elif due is not None:
                overlooked += _missed(event, reminders, due)
            armed.append(_armed(event, reminders, told or due, now))
        if armed:
            await connection.execute(_QUERIES["arm_calendar_events"], {"armed": json.dumps(armed)})
        await outbox.enqueue_all(connection, envelopes)
        await missed.keep(connection, overlooked)
        return len(rows)

    return await context.database.retrying(work)


def _reminders(event: Event) -> EventReminders:
    return EventReminders(
        start=event["date_start"],
        at=event["time_start"],
        zone=zone_named(event["time_zone"]),
        lead=timedelta(minutes=event["notify_offset"] + event["travel_time"]),
        recurrence=Recurrence.read(json.loads(event["recurrence"])) if event["recurrence"] else None,
        end=event["date_end"],
        skipped=frozenset(event["skip_days"]),
    )


def _due(event: Event, reminders: EventReminders, now: datetime) -> date | None:
    """The occurrence whose reminder is due, if one is; of what was changed while no worker ran the first since then."""
    day: date | None = event["date_notification"]
    if not event["is_due"]:
        day = _first(event, reminders, min(now, event["updated"]))
    return day if day is not None and reminders.due(day) <= now else None


def _first(event: Event, reminders: EventReminders, now: datetime) -> date | None:
    return reminders.first(now, settled=event["date_notification"])


def _armed(event: Event, reminders: EventReminders, due: date | None, now: datetime) -> dict[str, Any]:
    """When to look at an event again, and which occurrences are settled until then."""
    day = _first(event, reminders, now) if due is None else reminders.following(due, now)
    if day is not None:
        return {"id": event["id"], "moment": reminders.due(day).isoformat(), "day": day.isoformat()}
    # A change may bring further ones.
    settled = event["date_notification"] if due is None else due + timedelta(days=1)
    return {"id": event["id"], "moment": None, "day": settled and settled.isoformat()}


def _envelopes(
    event: Event, reminders: EventReminders, day: date, base_url: str
) -> Iterator[outbox.Envelope]:
    page = messages.link("", "/calendar")
    actions = Actions(page, event["id"], "calendar_event", ON_OTHERS)
    shown = outbox.Push(actions, Component.CALENDAR, event["household_id"])
    for person in json.loads(event["people"]):
        leave = ""
        if event["travel_time"]:
            leave = _told(event, person, reminders.begins(day) - timedelta(minutes=event["travel_time"]))
        message = messages.render(
            "calendar_event_reminder",
            person["language"],
            event=event["name"],
            begins=_begins(event, person, reminders, day),
            leave=leave,
            location=event["location"],
            link=messages.Link(base_url + page),
        )
        yield outbox.Envelope(
            message, person["id"], mail=person["mail"], push=shown if person["push"] else None
        )


def _missed(event: Event, reminders: EventReminders, day: date) -> Iterator[missed.Missed]:
    for person in json.loads(event["people"]):
        begins = _begins(event, person, reminders, day)
        yield missed.Missed(
            person["id"],
            "calendar_event",
            event["name"],
            reminders.begins(day),
            begins,
            person["mail"],
            person["push"],
        )


def _begins(event: Event, person: Person, reminders: EventReminders, day: date) -> str:
    """When an occurrence begins; of one that lasts whole days no time."""
    if event["duration"] % _DAY_MINUTES == 0:
        return written_day(day, person["preferences"])
    return _told(event, person, reminders.begins(day))


def _told(event: Event, person: Person, moment: datetime) -> str:
    """Times are those where the event is; whoever is elsewhere is told where that is."""
    where = "" if person["zone"] == event["time_zone"] else f" ({event['time_zone']})"
    return written(moment, event["time_zone"], person["preferences"]) + where
