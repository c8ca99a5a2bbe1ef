"""What is in the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from homechart_common.sample.book import Book
from homechart_common.sample.chores import filled

#: How often something is noted that happens once, and how long before, in days.
_ONCE_EVERY, _AHEAD = 2.5, 40
#: Between the holidays of a school year, in days, and how long they are.
_TERM, _HOLIDAYS = 91, 10
_ZONE = "Europe/Berlin"


def note(book: Book) -> None:
    """Make up events: those that come again, those that happen once, and those of another calendar."""
    content = book.content["dates"]
    for event in content["recurring"]:
        _add_recurring(book, event)
    for day in book.every(_ONCE_EVERY):
        _add_once(book, day, filled(book, book.random.choice(content["once"])))
    _take_in(book, content["taken_in"])


def _add_recurring(book: Book, event: dict[str, Any]) -> None:
    rule: dict[str, Any] = {name: event[name] for name in ("weekdays", "day", "month") if name in event}
    days = (book.plan.first + timedelta(days=n) for n in range(366))
    first = next(day for day in days if _happens(day, rule))
    timed = (
        {"timeStart": event["time"], "duration": event["duration"], "notifyOffset": 30}
        if "time" in event
        else {}
    )
    book.add(
        "CalendarEvent", name=event["name"], location=event.get("location", ""), color=event["color"], timeZone=_ZONE,
        dateStart=first.isoformat(), recurrence={"separation": 1, **rule},
        participants=[book.people[name] for name in event["people"]], **timed,
    )  # fmt: skip


def _happens(day: date, rule: dict[str, Any]) -> bool:
    if "weekdays" in rule:
        return day.isoweekday() in rule["weekdays"]
    return (day.month, day.day) == (rule["month"], rule["day"])


def _add_once(book: Book, noted: date, name: str) -> None:
    when = noted + timedelta(days=book.random.randint(1, _AHEAD))
    people = book.random.sample(sorted(book.people), book.random.randint(0, 2))
    book.add(
        "CalendarEvent", noted, name=name, dateStart=when.isoformat(), timeStart=f"{book.random.randint(9, 19):02}:00",
        timeZone=_ZONE, duration=book.random.choice([30, 60, 90, 120]), color=book.random.randint(0, 10),
        participants=[book.people[name] for name in people], notifyOffset=60,
    )  # fmt: skip


def _take_in(book: Book, calendar: dict[str, Any]) -> None:
    made = book.add("CalendarICalendar", name=calendar["name"])
    days = [day for n, day in enumerate(book.plan.days()) if n % _TERM == _TERM // 2]
    for number, day in enumerate(days):
        name = calendar["holidays"][number % len(calendar["holidays"])]
        book.add(
            "CalendarEvent", name=name, calendarICalendarID=made, icalendarUid=f"{day}@school.example.com",
            dateStart=day.isoformat(), timeZone=_ZONE, duration=_HOLIDAYS * 1440,
        )  # fmt: skip
