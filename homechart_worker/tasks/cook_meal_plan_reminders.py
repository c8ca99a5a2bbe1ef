"""Reminders of meals."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

from homechart_common.models.permissions import Component
from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.notify.webpush import ON_OTHERS, Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection, Row
from homechart_worker.task import Context, task

_BATCH = 100
_CLAIM = queries.load("reminders")["claim_cook_meal_plans"]


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def cook_meal_plan_reminders(context: Context) -> int:
    """Remind all members who may see them of meals that it is time to cook or to prepare."""
    base_url = context.config.app.base_url

    async def work(connection: Connection) -> int:
        # A reminder counts as sent exactly if its messages are in the outbox: both are one transaction.
        rows = await connection.fetch(_CLAIM, {"limit": _BATCH})
        await outbox.enqueue_all(connection, [_envelope(row, base_url) for row in rows if row[8] is not None])
        return len({row[0] for row in rows})

    return await context.database.retrying(work)


def _envelope(row: Row, base_url: str) -> outbox.Envelope:
    (
        _, kind, dish, meal, moment, recipe_id, scale,
        household_id, account_id, language, preferences, mail, push,
    ) = row  # fmt: skip
    # The day and the time are those on the household's wall, in whatever zone that is.
    date = written(moment.replace(tzinfo=UTC), "UTC", json.loads(preferences))
    page = _page(recipe_id, scale)
    message = messages.render(
        kind, language, dish=dish, meal=meal, date=date, link=messages.Link(base_url + page)
    )
    target_type = "cook_recipe" if recipe_id else ""
    actions = Actions(page, recipe_id or "", target_type, ON_OTHERS)
    shown = outbox.Push(actions, Component.COOK, household_id) if push else None
    return outbox.Envelope(message, account_id, mail=mail, push=shown)


def _page(recipe_id: str | None, scale: str) -> messages.Link:
    if recipe_id is None:
        return messages.link("", "/cook/meal-plans")
    return messages.link("", f"/cook/recipes/{recipe_id}", scale=scale)
