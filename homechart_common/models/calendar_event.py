"""Events of calendars."""

from __future__ import annotations

from homechart_common.models.fields import (
    Colour,
    Date,
    Dates,
    Int,
    OptionalInt,
    Recurrence,
    Reference,
    Strings,
    Text,
    Time,
    Timestamp,
    TimeZone,
)
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Component

#: Ten years, in minutes: what lasts longer, or is told of earlier, is a mistake.
_LONGEST = 10 * 366 * 24 * 60


class EventZone(TimeZone):
    """The zone that an event's date and time are in; the caller's unless a new event says another one."""

    zero = "UTC"

    def default(self) -> str:
        return ""


class CalendarEvent(Model):
    """Something that happens at a time on a clock's face somewhere, once or again and again.

    It lasts whole days if `duration` is a multiple of 1440, or 0 for one day. What was taken in from another
    calendar belongs to whom that belongs to (contract B1 §8).
    """

    table, path, component = "calendar_event", "/calendar/events", Component.CALENDAR
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"
    constraints = {"calendar_event_years": "dateStart: must be a day between the years 100 and 9900"}

    calendar_icalendar_id = Reference("calendar_icalendar", inherits=True, write="C")
    name = Text(min=1, max=500)
    details = Text(max=10_000, long=True)
    location = Text(max=500)
    color = Colour()
    date_start = Date(required=True, description="The day it happens first, in its time zone")
    time_start = Time()
    time_zone = EventZone()
    duration = Int(min=0, max=_LONGEST, description="Minutes; 0 or whole days last all day")
    travel_time = Int(min=0, max=_LONGEST, description="Minutes that it takes to get there")
    date_end = Date(description="The last day of the recurrence")
    recurrence = Recurrence()
    skip_days = Dates(description="Days on which it does not happen though the recurrence says so")
    participants = Strings(description="Accounts that it concerns; none means everybody")
    notify_offset = OptionalInt(
        min=-_LONGEST,
        max=_LONGEST,
        description="How many minutes before the start, or before one has to leave, to be reminded",
    )
    timestamp_start = Timestamp(write="", description="When one has to leave, the first time")
    timestamp_end = Timestamp(write="", description="When it is over, the first time")

    #: What its calendar calls it, and which occurrence its reminder was of.
    archived = {"icalendar_uid": Text(), "date_notification": Date()}

    @classmethod
    def resolve(cls, actor: Actor, row: Row) -> None:
        """A new event is in the zone of whoever makes it, unless it says another one."""
        if row.get("time_zone") == "":
            row["time_zone"] = actor.time_zone
