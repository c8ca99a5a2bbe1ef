"""What follows from completing a task (contract B2 §7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import json_object, path_id
from homechart_api.responses import nothing, one
from homechart_common.models import PlanTask
from homechart_common.models.objects import update_object
from homechart_common.models.permissions import Component, Level
from homechart_common.notify import messages, outbox
from homechart_common.notify.webpush import Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Row
from homechart_common.postgresql.database import Connection, array

_QUERIES = queries.load("reminders")


async def update(request: web.Request) -> web.Response:
    """Change a task; 204 when that changes nothing.

    When it completes a household's task, or moves a recurring one on to its next date, the other members are
    told so on their devices.
    """
    actor, database, task_id = actor_of(request), request.app[DATABASE], path_id(request)
    body = await json_object(request)

    async def work(connection: Connection) -> str | None:
        mine = {"id": task_id, "owners": array(PlanTask.owners(actor, Level.EDIT))}
        before = await connection.fetch_row(_QUERIES["plan_task_before"], mine)
        value = await update_object(connection, PlanTask, actor, task_id, body)
        if before is not None and value is not None:
            await _tell_others(connection, actor.account_id, task_id, before)
        return value

    if _may_complete(body):
        value = await database.retrying(work)
    else:
        value = await update_object(database, PlanTask, actor, task_id, body)
    return nothing() if value is None else one(request, PlanTask.__name__, value)


def _may_complete(body: Mapping[str, Any]) -> bool:
    """Whether a body can be one that completes a task; most need no look at what the task was like before."""
    said = {name.lower(): value for name, value in body.items()}
    recurs = said.get("recurrence", "perhaps") is not None
    return bool(said.get("done")) or (recurs and "duedate" in said)


async def _tell_others(connection: Connection, actor_id: str, task_id: str, before: Row) -> None:
    done, recurring, due = before
    parameters = {"id": task_id, "actor": actor_id, "done": done, "recurring": recurring, "due": due}
    people = await connection.fetch(_QUERIES["plan_task_completed"], parameters)
    await outbox.enqueue_all(connection, [_envelope(row) for row in people])


def _envelope(row: Row) -> outbox.Envelope:
    task, project_id, household_id, actor, account_id, language = row
    filtered = {"project": project_id} if project_id else {"filter": "household"}
    message = messages.render("plan_task_complete", language, task=task, actor=actor)
    push = outbox.Push(Actions(messages.link("", "/plan/tasks", **filtered)), Component.PLAN, household_id)
    return outbox.Envelope(message, account_id, mail=False, push=push)
