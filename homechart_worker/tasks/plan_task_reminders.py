"""Reminders of tasks."""

from __future__ import annotations

import json
from datetime import timedelta

from homechart_common.models.permissions import Component
from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.notify.webpush import ON_TASKS, Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection, Row
from homechart_worker.task import Context, task

_BATCH = 100
_CLAIM = queries.load("reminders")["claim_plan_tasks"]


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def plan_task_reminders(context: Context) -> int:
    """Remind people of tasks that are due: whose task it is, or else all members who may see it."""
    base_url = context.config.app.base_url

    async def work(connection: Connection) -> int:
        # A task counts as notified exactly if its messages are in the outbox: both are one transaction.
        rows = await connection.fetch(_CLAIM, {"limit": _BATCH})
        await outbox.enqueue_all(connection, [_envelope(row, base_url) for row in rows if row[4] is not None])
        return len({row[0] for row in rows})

    return await context.database.retrying(work)


def _envelope(row: Row, base_url: str) -> outbox.Envelope:
    task_id, name, due_date, household_id, account_id, language, time_zone, preferences, mail, push = row
    page = messages.link("", "/plan/tasks", filter="upcoming")
    message = messages.render(
        "plan_task_reminder",
        language,
        task=name,
        due=written(due_date, time_zone, json.loads(preferences)),
        link=messages.Link(base_url + page),
    )
    actions = Actions(page, task_id, "plan_task", ON_TASKS)
    shown = outbox.Push(actions, Component.PLAN, household_id) if push else None
    return outbox.Envelope(message, account_id, mail=mail, push=shown)
