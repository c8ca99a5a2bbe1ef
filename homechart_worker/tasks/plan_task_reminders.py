"""Reminders of tasks."""

from __future__ import annotations

import json
from datetime import timedelta

from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection, Row
from homechart_worker.task import Context, task

_BATCH = 100
_CLAIM = queries.load("reminders")["claim_plan_tasks"]


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def plan_task_reminders(context: Context) -> int:
    """Remind people of tasks that are due: whose task it is, or else all members who may see it."""
    link = messages.link(context.config.app.base_url, "/plan/tasks", filter="upcoming")

    async def work(connection: Connection) -> int:
        # A task counts as notified exactly if its messages are in the outbox: both are one transaction.
        rows = await connection.fetch(_CLAIM, {"limit": _BATCH})
        await outbox.enqueue_all(connection, [_envelope(row, link) for row in rows if row[3] is not None])
        return len({row[0] for row in rows})

    return await context.database.retrying(work)


def _envelope(row: Row, link: messages.Link) -> outbox.Envelope:
    _, name, due_date, account_id, language, time_zone, preferences = row
    due = written(due_date, time_zone, json.loads(preferences))
    message = messages.render("plan_task_reminder", language, task=name, due=due, link=link)
    return outbox.Envelope(message, account_id)
