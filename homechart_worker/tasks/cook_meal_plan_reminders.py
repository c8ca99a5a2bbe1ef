"""Reminders of meals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from homechart_common.models.permissions import Component
from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.notify.webpush import ON_OTHERS, Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection
from homechart_worker import missed
from homechart_worker.task import Context, task

_BATCH = 100
_CLAIM = queries.load("reminders")["claim_cook_meal_plans"]


class _Reminder(NamedTuple):
    """Somebody to be reminded of a meal, as it was claimed."""

    meal_id: str
    kind: Literal["cook_meal_plan_cook", "cook_meal_plan_prep"]
    dish: str
    meal: str
    #: On the household's wall, in whatever zone that is.
    moment: datetime
    recipe_id: str | None
    scale: str
    missed: bool
    household_id: str
    account_id: str
    language: str
    preferences: str
    mail: bool
    push: bool

    @property
    def date(self) -> str:
        """When the meal is, as the person reads it."""
        return written(self.moment.replace(tzinfo=UTC), "UTC", json.loads(self.preferences))

    @property
    def page(self) -> messages.Link:
        """The path of the recipe, or else of the meal plans."""
        if self.recipe_id is None:
            return messages.link("", "/cook/meal-plans")
        return messages.link("", f"/cook/recipes/{self.recipe_id}", scale=self.scale)


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def cook_meal_plan_reminders(context: Context) -> int:
    """Remind all members who may see them of meals that it is time to cook or to prepare."""
    base_url = context.config.app.base_url

    async def work(connection: Connection) -> int:
        # A reminder counts as sent exactly if its messages are in the outbox: both are one transaction.
        found = [_Reminder(*row) for row in await connection.fetch(_CLAIM, {"limit": _BATCH})]
        told = [one for one in found if one.account_id is not None]
        await outbox.enqueue_all(connection, [_envelope(one, base_url) for one in told if not one.missed])
        await missed.keep(connection, [_missed(one) for one in told if one.missed])
        return len({one.meal_id for one in found})

    return await context.database.retrying(work)


def _envelope(reminder: _Reminder, base_url: str) -> outbox.Envelope:
    message = messages.render(
        reminder.kind,
        reminder.language,
        dish=reminder.dish,
        meal=reminder.meal,
        date=reminder.date,
        link=messages.Link(base_url + reminder.page),
    )
    target_type = "cook_recipe" if reminder.recipe_id else ""
    actions = Actions(reminder.page, reminder.recipe_id or "", target_type, ON_OTHERS)
    push = outbox.Push(actions, Component.COOK, reminder.household_id) if reminder.push else None
    return outbox.Envelope(message, reminder.account_id, mail=reminder.mail, push=push)


def _missed(reminder: _Reminder) -> missed.Missed:
    return missed.Missed(
        reminder.account_id,
        "cook_meal_plan",
        reminder.dish,
        reminder.moment.replace(tzinfo=UTC),
        reminder.date,
        reminder.mail,
        reminder.push,
    )
