"""What is made up, row by row, and the archive that it becomes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

from homechart_common.archive.contents import FORMAT, kinds
from homechart_common.ids import NANOID_ALPHABET, NANOID_LENGTH
from homechart_common.version import VERSION

#: When a day's first things are made. What others are in comes first.
_MORNING = time(6)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to make up."""

    #: The day after the last on which something happened.
    until: date
    years: int = 1
    #: How much happens: so many times what a family usually does.
    activity: int = 1
    seed: int = 1

    @property
    def first(self) -> date:
        """The day on which it all begins."""
        return self.until - timedelta(days=365 * self.years)

    def days(self) -> Iterator[date]:
        """Every day on which something happens."""
        for number in range((self.until - self.first).days):
            yield self.first + timedelta(days=number)


class Book:
    """Collects what is made up of one household."""

    def __init__(self, plan: Plan, name: str, content: dict[str, Any]) -> None:
        self.plan = plan
        self.content = content
        self.random = random.Random(f"{plan.seed} {name}")  # noqa: S311 - it decides what somebody bought
        self._kinds = {kind.model.__name__: kind for kind in kinds().values()}
        self._rows: dict[str, list[dict[str, Any]]] = {key: [] for key in kinds()}
        self._positions: dict[Any, int] = {}
        self._beginnings = 0
        #: The household, and the people in it by what the content calls them.
        self.household = ""
        self.people: dict[str, str] = {}
        self.adults: list[str] = []

    def add(self, model: str, day: date | None = None, *, moment: str = "", **members: Any) -> str:
        """Make up an object that is there from a day on (else from the first on); its id."""
        kind = self._kinds[model]
        row = {"id": self.id(), **members}
        made = moment or self.moment(day)
        for column in ("created", "updated"):
            if column in kind.columns:
                row.setdefault(column, made)
        if "short_id" in kind.columns:
            row["shortID"] = self.short_id()
        if "auth_household_id" in kind.columns and "authAccountID" not in members:
            row.setdefault("authHouseholdID", self.household)
        self._rows[kind.key].append(row)
        return str(row["id"])

    def id(self) -> str:
        """An id that will be another one."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def short_id(self) -> str:
        """An id for links in texts."""
        return "".join(self.random.choices(NANOID_ALPHABET, k=NANOID_LENGTH))

    def moment(self, day: date | None = None) -> str:
        """Some time of a day, or the very beginning, one second after the other."""
        if day is None:
            self._beginnings += 1
            first = datetime.combine(self.plan.first, _MORNING) + timedelta(seconds=self._beginnings)
            return f"{first.isoformat()}Z"
        seconds = self.random.randrange(7 * 3600, 22 * 3600)
        return f"{(datetime.combine(day, time()) + timedelta(seconds=seconds)).isoformat()}Z"

    def position(self, above: Any) -> str:
        """The next place among siblings."""
        self._positions[above] = self._positions.get(above, -1) + 1
        return str(self._positions[above])

    def every(self, days: float) -> Iterator[date]:
        """Days on which something happens that happens so often."""
        chance = self.plan.activity / days
        for day in self.plan.days():
            for _ in range(int(chance) + (self.random.random() < chance % 1)):
                yield day

    def rows(self, model: str) -> list[dict[str, Any]]:
        """What was made up of a kind."""
        return self._rows[self._kinds[model].key]

    def document(self) -> Iterator[str]:
        """The archive of it all."""
        head = {"archive": FORMAT, "version": VERSION, "exported": self.plan.until.isoformat()}
        start = orjson.dumps(head).decode().removesuffix("}") + ","
        for key, rows in self._rows.items():
            rows.sort(key=lambda row: str(row.get("created", row.get("updated", ""))))
            yield f'{start}\n"{key}":[' + ",".join(f"\n{orjson.dumps(row).decode()}" for row in rows)
            start = "\n],"
        yield "\n]}\n"
