"""Reminders of tasks."""

from __future__ import annotations

import json
from datetime import timedelta

from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection, Row
from homechart_worker import missed
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
        told = [row for row in rows if row[4] is not None]
        await outbox.enqueue_all(connection, [_envelope(row, link) for row in told if not row[3]])
        await missed.keep(connection, [_missed(row) for row in told if row[3]])
        return len({row[0] for row in rows})

    return await context.database.retrying(work)


def _envelope(row: Row, link: messages.Link) -> outbox.Envelope:
    _, name, _, _, account_id, language, *_ = row
    message = messages.render("plan_task_reminder", language, task=name, due=_due(row), link=link)
    return outbox.Envelope(message, account_id)


def _missed(row: Row) -> missed.Missed:
    _, name, due_date, _, account_id, *_ = row
    return missed.Missed(account_id, "plan_task", name, due_date, _due(row))


def _due(row: Row) -> str:
    """When a task was due, for whom it concerns."""
    _, _, due_date, _, _, _, time_zone, preferences = row
    return written(due_date, time_zone, json.loads(preferences))
