"""The limit: the same answers from the same SQL, by aiohttp and aiopg and nothing else.

    python -m bench.bare <port> <libpq connection string> <session id> <access> <recorded parameters>

There is no authentication, no middleware, no validation, no log, no trace, and a handful of routes. A request costs
here what aiohttp, aiopg's pool and the statement cost. The statements are the derived ones, prepared on each
connection as the product prepares them, with parameters that were recorded from the product before; rows come as
JSON text from PostgreSQL here too, so the limit is not an easy one. The body of a write is read with the ``json``
module and is already the row; only the id of a new row is added.
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from typing import Any

import aiopg
from aiohttp import web

from homechart_common.models import PlanTask
from homechart_common.models.statements import statements
from homechart_common.postgresql.statement import Statement

_CONNECTIONS = 25  # as the product has by default
_SQL = statements(PlanTask)
_POOL = web.AppKey("pool", aiopg.Pool)


class Bare:
    """The handlers, with what was recorded of the product's parameters for each."""

    def __init__(self, pool: aiopg.Pool, parameters: dict[str, dict[str, Any]]) -> None:
        self._pool = pool
        self._parameters = parameters

    async def rows(self, request: web.Request) -> web.Response:
        """The list, or 204 for a token that is current."""
        token = request.headers.get("x-homechart-hash", "")
        found = await self._fetch(_SQL.rows, {**self._parameters["rows"], "token": token})
        if found[0][1] == token:
            return web.Response(status=204)
        rows = next(row[5] for row in found if row[5])
        return _enveloped("PlanTasks", rows, 200, found[0][1])

    async def create(self, request: web.Request) -> web.Response:
        """Insert the row in the body."""
        row = json.loads(await request.read())
        row["id"] = str(uuid.uuid4())
        [[_, _, value]] = await self._fetch(
            _SQL.create, {**self._parameters["create"], "row": json.dumps(row)}
        )
        return _enveloped("PlanTask", value)

    async def update(self, request: web.Request) -> web.Response:
        """Overwrite what is in the body."""
        row = json.loads(await request.read())
        parameters = {**self._parameters["update"], "id": request.match_info["id"], "row": json.dumps(row)}
        [[_, _, value, _]] = await self._fetch(_SQL.update, parameters)
        return _enveloped("PlanTask", value)

    async def _fetch(self, statement: Statement, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(statement.execute, parameters)
            rows: list[tuple[Any, ...]] = await cursor.fetchall()
            return rows


def _enveloped(data_type: str, rows: str, total: int = 1, token: str = "") -> web.Response:
    body = (
        f'{{"dataHash":"{token}","dataIDs":[],"dataTotal":{total},"dataType":"{data_type}","dataValue":[{rows}],'
        '"message":"","requestID":"00000000000000","status":200,"success":true}'
    )
    return web.Response(body=body.encode(), content_type="application/json")


async def _prepare(connection: aiopg.Connection) -> None:
    async with connection.cursor() as cursor:
        await cursor.execute("SET TIME ZONE 'UTC'")
        for statement in (_SQL.rows, _SQL.create, _SQL.update):
            await cursor.execute(statement.prepare)


async def _serve(port: int, where: str, parameters: dict[str, dict[str, Any]]) -> None:
    async with aiopg.create_pool(
        where,
        minsize=_CONNECTIONS,
        maxsize=_CONNECTIONS,
        enable_json=False,
        enable_hstore=False,
        enable_uuid=False,
        on_connect=_prepare,
    ) as pool:
        handlers = Bare(pool, parameters)
        application = web.Application()
        application.router.add_get("/api/v1/plan/tasks", handlers.rows)
        application.router.add_post("/api/v1/plan/tasks", handlers.create)
        application.router.add_put("/api/v1/plan/tasks/{id}", handlers.update)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
