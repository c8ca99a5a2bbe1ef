"""What the product hands to PostgreSQL for a request, recorded while it does so, for the limit to run the same."""

from __future__ import annotations

import json
from typing import Any

from homechart_common.models import PlanTask
from homechart_common.models.lists import read_list
from homechart_common.models.objects import create_object, delete_object, update_object
from homechart_common.models.permissions import Actor
from homechart_common.postgresql.database import Parameters, Queryable, Row, Statement


class _Recorder(Queryable):
    """A database that remembers the parameters of its last statement."""

    def __init__(self, database: Queryable) -> None:
        self._database = database
        self.parameters: dict[str, Any] = {}

    async def fetch(self, statement: str | Statement, parameters: Parameters = None) -> list[Row]:
        self.parameters = dict(parameters or {})
        return await self._database.fetch(statement, parameters)

    async def fetch_row(self, statement: str | Statement, parameters: Parameters = None) -> Row | None:
        self.parameters = dict(parameters or {})
        return await self._database.fetch_row(statement, parameters)


async def parameters(database: Queryable, actor: Actor, task_id: str) -> dict[str, dict[str, Any]]:
    """The parameters of listing tasks, of creating one, and of updating one."""
    recorder = _Recorder(database)
    await read_list(recorder, PlanTask, actor, "", None)
    rows = recorder.parameters
    await update_object(recorder, PlanTask, actor, task_id, {})
    update = recorder.parameters
    created = json.loads(await create_object(recorder, PlanTask, actor, {"name": "Recorded"}))
    create = recorder.parameters
    await delete_object(recorder, PlanTask, actor, created["id"])
    return {"rows": rows, "create": create, "update": update}
