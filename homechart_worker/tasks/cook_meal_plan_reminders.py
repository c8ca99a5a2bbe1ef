"""Reminders of meals."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection, Row
from homechart_worker import missed
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
        told = [row for row in rows if row[8] is not None]
        await outbox.enqueue_all(connection, [_envelope(row, base_url) for row in told if not row[7]])
        await missed.keep(connection, [_missed(row) for row in told if row[7]])
        return len({row[0] for row in rows})

    return await context.database.retrying(work)


def _envelope(row: Row, base_url: str) -> outbox.Envelope:
    _, kind, dish, meal, _, recipe_id, scale, _, account_id, language, _ = row
    link = _link(base_url, recipe_id, scale)
    message = messages.render(kind, language, dish=dish, meal=meal, date=_date(row), link=link)
    return outbox.Envelope(message, account_id)


def _missed(row: Row) -> missed.Missed:
    _, _, dish, _, moment, _, _, _, account_id, *_ = row
    return missed.Missed(account_id, "cook_meal_plan", dish, moment.replace(tzinfo=UTC), _date(row))


def _date(row: Row) -> str:
    """The day and the time are those on the household's wall, in whatever zone that is."""
    _, _, _, _, moment, *_, preferences = row
    return written(moment.replace(tzinfo=UTC), "UTC", json.loads(preferences))


def _link(base_url: str, recipe_id: str | None, scale: str) -> messages.Link:
    if recipe_id is None:
        return messages.link(base_url, "/cook/meal-plans")
    return messages.link(base_url, f"/cook/recipes/{recipe_id}", scale=scale)
