"""Reminders that came too late: nobody wants a message for each of them, days later.

What should have been reminded of more than a day ago is kept here by who claims it; the task ``missed_reminders``
tells each person of all that at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import orjson

from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Queryable

QUERIES = queries.load("missed")


@dataclass(frozen=True, slots=True)
class Missed:
    """Something that an account was not reminded of; ``said`` is its ``moment`` as that person reads it."""

    account_id: str
    kind: Literal["calendar_event", "cook_meal_plan", "plan_task"]
    name: str
    moment: datetime
    said: str
    #: In which ways they would have been.
    mail: bool
    push: bool


async def keep(connection: Queryable, missed: Sequence[Missed]) -> None:
    """Keep in mind what was missed, in the caller's transaction."""
    if missed:
        await connection.execute(
            QUERIES["keep"], {"missed": orjson.dumps([asdict(one) for one in missed]).decode()}
        )
