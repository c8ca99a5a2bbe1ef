"""Recipes that other sites publish, as the bodies of creates (contract B2 §2.4)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin

from homechart_common.errors import InvalidInput
from homechart_common.fetch import Page
from homechart_common.structured_data import Thing, first, kinds, lines

#: The most characters that are kept of directions and ingredients, and of shorter texts.
_LONG, _SHORT = 5000, 500
_MOST_TAGS = 50
#: How many entries of a list are looked at.
_MOST_ENTRIES = 200
_LONGEST_MINUTES = 2**31 - 1
#: How deep sections of directions are read.
_DEEPEST = 5

_PROPERTIES = frozenset(
    {
        "cookTime",
        "image",
        "ingredients",  # what recipeIngredient was called in earlier days
        "itemListElement",
        "mainEntityOfPage",
        "name",
        "prepTime",
        "recipeCategory",
        "recipeIngredient",
        "recipeInstructions",
        "recipeYield",
        "text",
    }
)
#: A duration of ISO 8601. Years and months, whose length is not certain, are read over.
_DURATION = re.compile(
    r"P(?:\d+Y)?(?:\d+M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.\d+)?S)?)?",
    re.ASCII | re.IGNORECASE,
)
_MINUTES = {"weeks": 7 * 24 * 60, "days": 24 * 60, "hours": 60, "minutes": 1, "seconds": 1 / 60}


class Recipe(NamedTuple):
    """What was found on a page."""

    body: dict[str, Any]
    #: Where its picture is; empty if it has none.
    image_url: str


def read(page: Page) -> Recipe:
    """The recipe that a page describes. Takes long, so it is to be called in a thread.

    Raises :class:`InvalidInput` that names ``url`` if there is none, or none that has a name.
    """
    thing = first(page.body, page.charset, "Recipe", _PROPERTIES)
    if thing is None:
        raise InvalidInput.field("url", "leads to a page that describes no recipe")
    name = _line(thing.get("name"))
    if not name:
        raise InvalidInput.field("url", "leads to a recipe without a name")
    ingredients = _list(thing.get("recipeIngredient") or thing.get("ingredients"))
    body = {
        "name": _cut(name, _SHORT),
        "directions": _cut(_directions(thing.get("recipeInstructions")), _LONG),
        "ingredients": _cut("\n".join(line for entry in ingredients for line in _lines(entry)), _LONG),
        "servings": _cut(_line(_last(thing.get("recipeYield"))), _SHORT),
        "source": _source(thing, page.url),
        "tags": list(_tags(thing.get("recipeCategory")))[:_MOST_TAGS],
        "timeCook": _minutes(_last(thing.get("cookTime"))),
        "timePrep": _minutes(_last(thing.get("prepTime"))),
    }
    return Recipe(body, _address(thing.get("image"), page.url))


def _directions(said: Any) -> str:
    """A text as it is; of a list every step on a line that is ended, sections with their own headings."""
    entries = _list(said)
    if len(entries) == 1 and isinstance(entries[0], str):
        return "\n".join(lines(entries[0]))
    return "".join(f"{line}\n" for line in _steps(entries))


def _steps(said: Any, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(said, list):
        for entry in _list(said):
            yield from _steps(entry, depth + 1)
    elif isinstance(said, dict) and said.get("itemListElement") and not said.get("text"):
        heading = _line(said.get("name"))
        if heading and "HowToStep" not in kinds(said):
            yield f"## {heading}"
        yield from _steps(said["itemListElement"], depth + 1)
    else:
        yield from _lines(said)


def _source(thing: Thing, url: str) -> str:
    """Where the page says that the recipe is, or else where it was found."""
    said = _last(thing.get("mainEntityOfPage"))
    if isinstance(said, dict):
        said = said.get("@id")
    if isinstance(said, str) and said.startswith(("http://", "https://")) and len(said) <= _SHORT:
        return " ".join(lines(said))
    return url if len(url) <= _SHORT else ""


def _tags(said: Any) -> Iterator[str]:
    for entry in _list(said):
        yield from filter(None, (tag.strip() for tag in _line(entry).split(",")))


def _minutes(said: Any) -> int:
    """Whole minutes of a duration, or none if it is not one."""
    found = _DURATION.fullmatch(said.strip()) if isinstance(said, str) and len(said) < 50 else None
    if found is None:
        return 0
    minutes = math.ceil(sum(int(found[unit] or 0) * length for unit, length in _MINUTES.items()))
    return minutes if minutes <= _LONGEST_MINUTES else 0


def _address(said: Any, base: str) -> str:
    """Where a picture is: it may be said in a list, of which the first one counts, or as an object."""
    for _ in range(_DEEPEST):
        if isinstance(said, list):
            said = said[0] if said else None
        elif isinstance(said, dict):
            said = said.get("url") or said.get("contentUrl")
    try:
        return urljoin(base, said.strip()) if isinstance(said, str) and said else ""
    except ValueError:
        return ""


def _list(said: Any) -> list[Any]:
    return said[:_MOST_ENTRIES] if isinstance(said, list) else [] if said is None else [said]


def _last(said: Any) -> Any:
    """Of a list the last entry, which in the wild says most."""
    if isinstance(said, list):
        return said[-1] if said else None
    return said


def _lines(said: Any) -> list[str]:
    """The lines of a text, or of what an object says."""
    if isinstance(said, dict):
        said = said.get("text") or said.get("name")
    if isinstance(said, list):
        said = said[0] if said else None
    if isinstance(said, int | float) and not isinstance(said, bool):
        said = str(said)
    return lines(said) if isinstance(said, str) else []


def _line(said: Any) -> str:
    return " ".join(_lines(said))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
