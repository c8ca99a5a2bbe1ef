"""Reminders of meals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from homechart_common.models.permissions import Component
from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.notify.messages import Kind
from homechart_common.notify.webpush import ON_OTHERS, Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection
from homechart_worker import missed
from homechart_worker.task import Context, task

_BATCH = 100
_CLAIM = queries.load("reminders")["claim_cook_meal_plans"]


class _Reminder(NamedTuple):
    """A meal to cook or to prepare, for one person; without a person if nobody wants to hear of it."""

    meal_plan_id: str
    kind: Kind
    dish: str
    meal: str
    wall_time: datetime
    recipe_id: str | None
    scale: str
    is_missed: bool
    household_id: str
    account_id: str | None
    language: str
    preferences: str
    mail: bool
    push: bool

    @property
    def moment(self) -> datetime:
        """The day and the time are those on the household's wall, in whatever zone that is."""
        return self.wall_time.replace(tzinfo=UTC)

    @property
    def date(self) -> str:
        """The same, as its reader wants it."""
        return written(self.moment, "UTC", json.loads(self.preferences))


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def cook_meal_plan_reminders(context: Context) -> int:
    """Remind all members who may see them of meals that it is time to cook or to prepare."""
    base_url = context.config.app.base_url

    async def work(connection: Connection) -> int:
        # A reminder counts as sent exactly if its messages are in the outbox: both are one transaction.
        found = [_Reminder(*row) for row in await connection.fetch(_CLAIM, {"limit": _BATCH})]
        told = [reminder for reminder in found if reminder.account_id]
        await outbox.enqueue_all(connection, [_envelope(one, base_url) for one in told if not one.is_missed])
        await missed.keep(connection, [_missed(one) for one in told if one.is_missed])
        return len({reminder.meal_plan_id for reminder in found})

    return await context.database.retrying(work)


def _envelope(reminder: _Reminder, base_url: str) -> outbox.Envelope:
    page = _page(reminder.recipe_id, reminder.scale)
    message = messages.render(
        reminder.kind,
        reminder.language,
        dish=reminder.dish,
        meal=reminder.meal,
        date=reminder.date,
        link=messages.Link(base_url + page),
    )
    target_type = "cook_recipe" if reminder.recipe_id else ""
    actions = Actions(page, reminder.recipe_id or "", target_type, ON_OTHERS)
    shown = outbox.Push(actions, Component.COOK, reminder.household_id) if reminder.push else None
    return outbox.Envelope(message, reminder.account_id, mail=reminder.mail, push=shown)


def _missed(reminder: _Reminder) -> missed.Missed:
    return missed.Missed(
        reminder.account_id or "",
        "cook_meal_plan",
        reminder.dish,
        reminder.moment,
        reminder.date,
        reminder.mail,
        reminder.push,
    )


def _page(recipe_id: str | None, scale: str) -> messages.Link:
    if recipe_id is None:
        return messages.link("", "/cook/meal-plans")
    return messages.link("", f"/cook/recipes/{recipe_id}", scale=scale)
