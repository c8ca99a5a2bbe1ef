"""Calendars of others."""

from __future__ import annotations

from homechart_common.models.fields import Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class CalendarICalendar(Model):
    """A calendar in the format of iCalendar whose events are taken in: from an address, or as it is sent.

    Its events go when it goes (contract B1 §8.5).
    """

    table, path, component = "calendar_icalendar", "/calendar/icalendars", Component.CALENDAR
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"

    name = Text(min=1, required=False, description="Without it its events are taken in, and nothing else")
    url = Text(description="Where it is on the internet")
    ics = Text(
        max=5 * 1024 * 1024,
        long=True,
        stored=False,
        description="Its text, to take events from; blank except in the answer to that",
    )
