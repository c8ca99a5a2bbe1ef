"""The structure of iCalendar text: components with properties, each in another one (RFC 5545 §3.4, §3.6).

Lines are taken apart by the library, components are put together here: the library builds every zone that a text
describes, which takes as long as the text wants, and remembers it for texts of other people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from icalendar.parser import Contentline, Contentlines

_DEEPEST = 10
_NAME = re.compile(r"[A-Za-z0-9-]+")
#: What is read; other lines are not even taken apart.
_READ = frozenset({
    "BEGIN", "END", "UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "DTSTART", "DTEND", "DURATION", "EXDATE",
    "RRULE", "RECURRENCE-ID", "TRIGGER", "TZID", "TZOFFSETTO", "X-LIC-LOCATION", "X-WR-TIMEZONE",
})  # fmt: skip


class NoCalendar(ValueError):
    """A text is no calendar; the message says why, as the end of a sentence that starts with where it is from."""


class Property(NamedTuple):
    """A value, and what is said about it."""

    value: str
    parameters: Mapping[str, str]


@dataclass
class Component:
    """Something with properties, of which each may be said several times, and perhaps with components in it."""

    kind: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def get(self, name: str) -> Property | None:
        """A property; the last one if there are several."""
        found = self.properties.get(name)
        return found[-1] if found else None

    def text(self, name: str) -> str:
        """The value of a property; empty if there is none."""
        found = self.get(name)
        return found.value if found else ""

    def of_kind(self, *kinds: str) -> Iterator[Component]:
        """The components in this one that are of some kinds."""
        return (part for part in self.parts if part.kind in kinds)


def parse(text: str) -> list[Component]:
    """The calendars in a text; there is one at least. A line that says nothing is left out."""
    found = Component("")
    stack = [found]
    lines: list[Contentline] = Contentlines.from_ical(text.removeprefix("\ufeff"))  # type: ignore[no-untyped-call]  # the library has no types here
    for line in lines:
        name, said = _taken_apart(line)
        if name == "BEGIN":
            component = Component(said.value.strip().upper())
            stack[-1].parts.append(component)
            stack.append(component)
            if len(stack) > _DEEPEST:
                raise NoCalendar("has components in components that are too deep")
        elif name == "END":
            if len(stack) == 1 or stack.pop().kind != said.value.strip().upper():
                raise NoCalendar("ends what it did not begin")
        elif name:
            stack[-1].properties.setdefault(name, []).append(said)
    calendars = list(found.of_kind("VCALENDAR"))
    if not calendars:
        raise NoCalendar("is no calendar")
    if len(stack) > 1:
        raise NoCalendar("ends in the middle of something")
    return calendars


def _taken_apart(line: Contentline) -> tuple[str, Property]:
    """The name of a property and what is said; no name if it is not read."""
    nothing = ("", Property("", {}))
    begin = _NAME.match(line)
    if begin is None or begin[0].upper() not in _READ:
        return nothing
    try:
        name, parameters, value = line.parts()
    except ValueError:
        return nothing
    said = {
        key.upper(): text if isinstance(text, str) else ",".join(text) for key, text in parameters.items()
    }
    return name.upper(), Property(value, said)
