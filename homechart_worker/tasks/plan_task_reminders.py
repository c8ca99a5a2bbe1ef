"""Reminders of tasks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from homechart_common.models.permissions import Component
from homechart_common.notify import messages, outbox
from homechart_common.notify.dates import written
from homechart_common.notify.webpush import ON_TASKS, Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection
from homechart_worker import missed
from homechart_worker.task import Context, task

_BATCH = 100
_CLAIM = queries.load("reminders")["claim_plan_tasks"]


class _Reminder(NamedTuple):
    """A task that is due, for one person; without a person for a task of which nobody wants to hear."""

    task_id: str
    name: str
    due_date: datetime
    is_missed: bool
    household_id: str | None
    account_id: str | None
    language: str
    time_zone: str
    preferences: str
    mail: bool
    push: bool

    @property
    def due(self) -> str:
        """When it was due, for whom it concerns."""
        return written(self.due_date, self.time_zone, json.loads(self.preferences))


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def plan_task_reminders(context: Context) -> int:
    """Remind people of tasks that are due: whose task it is, or else all members who may see it."""
    base_url = context.config.app.base_url

    async def work(connection: Connection) -> int:
        # A task counts as notified exactly if its messages are in the outbox: both are one transaction.
        found = [_Reminder(*row) for row in await connection.fetch(_CLAIM, {"limit": _BATCH})]
        told = [reminder for reminder in found if reminder.account_id]
        await outbox.enqueue_all(connection, [_envelope(one, base_url) for one in told if not one.is_missed])
        await missed.keep(connection, [_missed(one) for one in told if one.is_missed])
        return len({reminder.task_id for reminder in found})

    return await context.database.retrying(work)


def _envelope(reminder: _Reminder, base_url: str) -> outbox.Envelope:
    page = messages.link("", "/plan/tasks", filter="upcoming")
    message = messages.render(
        "plan_task_reminder",
        reminder.language,
        task=reminder.name,
        due=reminder.due,
        link=messages.Link(base_url + page),
    )
    actions = Actions(page, reminder.task_id, "plan_task", ON_TASKS)
    shown = outbox.Push(actions, Component.PLAN, reminder.household_id) if reminder.push else None
    return outbox.Envelope(message, reminder.account_id, mail=reminder.mail, push=shown)


def _missed(reminder: _Reminder) -> missed.Missed:
    return missed.Missed(
        reminder.account_id or "",
        "plan_task",
        reminder.name,
        reminder.due_date,
        reminder.due,
        reminder.mail,
        reminder.push,
    )
