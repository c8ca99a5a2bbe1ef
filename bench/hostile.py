"""Texts that were made to keep a process busy: what the largest of each kind takes, and dates that are far away.

Whoever has an account can send such a text, or name an address where one is. It is dealt with in a thread, one at a
time, so all that matters is that it takes seconds, and not as long as its author likes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from statistics import median

from bench.figures import Figure, at_most
from bench.stage import Stage
from homechart_common import recipes
from homechart_common.errors import InvalidInput
from homechart_common.fetch import MOST_BYTES, Page
from homechart_common.icalendar import reading, timezones
from homechart_common.icalendar.components import NoCalendar
from homechart_common.recurrence import Recurrence

_MOST_MS, _AT_ONCE_MS = 10_000, 200

#: What they are made of: what is said once, with braces where something is said again and again.
_CALENDARS = {
    "empty lines": ("DTSTART:20261124\n{}", "\n"),
    "one line that is folded": ("DTSTART:20261124\n{}", " x\n"),
    "a name that goes on": ("BEGIN:{}", "x"),
    "skipped days": ("DTSTART:20261124\nEXDATE:{}", "20261124,"),
    "escapes": ("DTSTART:20261124\nSUMMARY:{}", "\\"),
    "parameters": ("DTSTART:20261124\nSUMMARY;{}:x", "a=b;"),
}
_RECIPE = '<script type="application/ld+json">{"@type": "Recipe", %s}</script>'
_RECIPES = {
    "digits": (_RECIPE % '"recipeYield": "{}"', "1"),
    "tags that do not end": (_RECIPE % '"name": "{}"', "<a"),
    "steps with tags": (_RECIPE % '"recipeIngredient": ["{}"]', '<b>", "'),
    "lists in lists": ('<script type="application/ld+json">{}</script>', "["),
    "things in things": ("{}", "<div itemscope>"),
    "comments": ("{}", "<!--"),
    "characters by name": ("{}", "&"),
}
_RULES = (
    {},
    {"weekdays": [1, 2]},
    {"day": 31},
    {"monthWeek": -1, "weekday": 5},
    {"day": 29, "month": 2},
)


async def measure(stage: Stage) -> list[Figure]:
    """All of them."""
    return [
        *(_figure(stage, f"a calendar of {name}", _calendar(*made)) for name, made in _CALENDARS.items()),
        *(_figure(stage, f"a recipe's page of {name}", _recipe(*made)) for name, made in _RECIPES.items()),
        _figure(stage, "dates after 7,000 years", _far_away, _AT_ONCE_MS),
        _figure(stage, "a zone's clocks since 1970", _clocks, _AT_ONCE_MS),
    ]


def _figure(stage: Stage, name: str, work: Callable[[], object], most: float = _MOST_MS) -> Figure:
    took = []
    for _ in range(min(stage.rounds, 3)):
        started = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - started))
    return at_most(name, median(took), most, "ms")


def _calendar(form: str, part: str) -> Callable[[], object]:
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{_grown(form, part)}\nEND:VEVENT\nEND:VCALENDAR\n"

    def work() -> None:
        with suppress(NoCalendar):
            reading.read(text, "UTC")

    return work


def _recipe(form: str, part: str) -> Callable[[], object]:
    html = _grown(form, part).encode()
    page = Page("https://site.test/", "text/html", "utf-8", html, "", "", unchanged=False)

    def work() -> None:
        with suppress(InvalidInput):
            recipes.read(page)

    return work


def _grown(form: str, part: str) -> str:
    """As large as anything that is read."""
    return form.replace("{}", part * ((MOST_BYTES - len(form)) // len(part)))


def _far_away() -> None:
    for members in _RULES:
        rule = Recurrence.read({"separation": 1, **members})
        next(rule.dates(date(2, 1, 1), date(9000, 1, 1)))


def _clocks() -> None:
    timezones.described.cache_clear()
    timezones.described("America/New_York", 1970, 2026)
