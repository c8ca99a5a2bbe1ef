"""Recipes."""

from __future__ import annotations

from typing import Any

from homechart_common import clock
from homechart_common.models.fields import (
    Bool,
    Date,
    Image,
    Int,
    Objects,
    ShortID,
    Tags,
    Text,
    Timestamp,
)
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Component
from homechart_common.models.starter.texts import word

#: The highest complexity and rating.
BEST = 5


class Notes(Objects):
    """What was noted on several days, the newest first; of several notes those without a date are dropped."""

    def __init__(self) -> None:
        super().__init__(
            {
                "date": Date(),
                "complexity": Int(min=0, max=BEST),
                "note": Text(),
                "rating": Int(min=0, max=BEST),
            },
            description="A recipe that is created with null gets a first note",
        )

    def default(self) -> Any:
        return None

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """What PostgreSQL is given; null stays null until it is known what it stands for."""
        return None if value is None else super().deserialize(value, *args, **kwargs)

    def read(self, value: Any) -> list[dict[str, Any]]:
        notes = super().read(value)
        if len(notes) < 2:
            return notes
        return sorted((note for note in notes if note["date"]), key=lambda note: note["date"], reverse=True)


class CookRecipe(Model):
    """How something is cooked. ``public`` lets anybody read it who knows its address; ``deleted`` bins it.

    Complexity and rating are the means of the notes; where there are none, what a body says of them becomes
    the first note (contract B2 §2.1).
    """

    table, path, component = "cook_recipe", "/cook/recipes", Component.COOK
    owner = Owner.HOUSEHOLD
    routes = ("list", "create", "update", "delete")
    label = "name"
    #: SQL over the row ``t`` that says which recipes anybody may read.
    published = "t.public AND t.deleted IS NULL"

    short_id = ShortID()
    name = Text(min=1, max=500)
    complexity = Int(min=0, max=BEST, description="The mean of the notes, from 1 to 5; 0 says nothing")
    rating = Int(min=0, max=BEST, description="The mean of the notes, from 1 to 5; 0 says nothing")
    notes = Notes()
    cook_meal_plan_count = Int(write="", description="How many meal plans it is in")
    cook_meal_plan_last = Date(write="", description="The last day it was planned for")
    deleted = Timestamp(write="U")
    directions = Text(max=5000, long=True)
    ingredients = Text(max=5000, long=True, description="One a line; a heading starts with #")
    image = Image()
    public = Bool()
    servings = Text(max=500)
    source = Text(max=500)
    tags = Tags()
    time_cook = Int(min=0, description="Minutes")
    time_prep = Int(min=0, description="Minutes")

    archived = {"cook_meal_plan_last": cook_meal_plan_last}

    @classmethod
    def fill_in(cls, actor: Actor, row: Row) -> None:
        """A new recipe has a first note, unless its creator wants none."""
        if row["notes"] is None or (not row["notes"] and _is_scored(row)):
            today = clock.today(actor.time_zone).isoformat()
            row["notes"] = [{**_first_note(actor, row), "date": today}]

    @classmethod
    def resolve(cls, actor: Actor, row: Row) -> None:
        """Without notes, scores become a first note, whose date is that of the recipe (see its trigger)."""
        if "notes" in row and not row["notes"]:
            row["notes"] = [_first_note(actor, row)] if _is_scored(row) else []


def _is_scored(row: Row) -> bool:
    return bool(row.get("complexity") or row.get("rating"))


def _first_note(actor: Actor, row: Row) -> dict[str, Any]:
    return {
        "complexity": row.get("complexity", 0),
        "note": word(actor.language, "recipe added"),
        "rating": row.get("rating", 0),
    }
