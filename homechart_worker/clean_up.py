"""Removing what is not needed any more, for the tasks named ``clean_up_...``."""

from __future__ import annotations

from datetime import timedelta

from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection
from homechart_worker.task import Context

DAILY = timedelta(days=1)
#: 03:00 UTC, when most people are asleep.
AT_NIGHT = timedelta(hours=3)
TIMEOUT = timedelta(minutes=1)

_BATCH = 1000
_QUERIES = queries.load("cleanup")


async def delete(context: Context, query: str, **parameters: int) -> int:
    """Run a query of ``cleanup.sql`` for one batch of rows; how many it removed."""

    async def work(connection: Connection) -> int:
        return await connection.execute(_QUERIES[query], {"limit": _BATCH, **parameters})

    return await context.database.retrying(work)
