"""Figures of the whole server, which are in the database: every process tells the same.

They are read when somebody asks. Only this module knows what they are called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.metrics_core import GaugeMetricFamily

from homechart_common import metrics
from homechart_common.errors import Unavailable
from homechart_common.models import registry
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Database, Queryable, array
from homechart_common.user_agents import FAMILIES

#: Whoever asks has little patience, and wants to hear of this process even while there is no database.
_PATIENCE_SECONDS = 3.0
_QUERIES = queries.load("figures")

#: Names, labels and what they mean.
_UP = ("homechart_postgresql_up", (), "Whether this process reaches PostgreSQL.")
_CONNECTIONS = ("homechart_postgresql_connections", (), "Sessions of this database, of whomever.")
_MOST_CONNECTIONS = ("homechart_postgresql_connections_max", (), "Sessions that PostgreSQL allows in all.")
_BYTES = ("homechart_postgresql_database_bytes", (), "Size of the database, counted every hour.")
_MODEL = (
    "homechart_model_{table}",
    ("type",),
    "Rows of the table, about, counted every hour. Of accounts there are also `daily` (active today) and `verified`, "
    "of sessions one type for each kind of client, of `notification` the `queue` of what waits, counted at once.",
)
_CHANGE = ("homechart_change", ("type",), "The same of the log of changes.")
_OLDEST = ("homechart_outbox_oldest_seconds", (), "For how long a message waits that should be gone.")
_TASKS = (
    (
        "homechart_server_task_last_run_timestamp_seconds",
        "When a task of one worker last ended well, in Unix time.",
    ),
    ("homechart_server_task_duration_seconds", "Seconds that this run took."),
    ("homechart_server_task_rows", "Rows that it dealt with."),
    ("homechart_server_task_failures", "How often a task of one worker has failed, ever."),
)


async def read(database: Database) -> list[Metric]:
    """The figures; while the database cannot be reached, only that."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return [
                _gauge(*_UP, [((), 1)]),
                *await _connections(database),
                *await _rows(database),
                *await _tasks(database),
            ]
    except (Unavailable, TimeoutError):
        return [_gauge(*_UP, [((), 0)])]


async def count(connection: Connection) -> int:
    """Count, in the caller's transaction, what takes too long to count whenever somebody asks.

    The number of figures; 0 if they were counted just now.
    """
    await connection.execute("LOCK TABLE figure IN SHARE ROW EXCLUSIVE MODE")  # it can still be read
    if not await connection.fetch_value(_QUERIES["due"]):
        return 0
    known = {"tables": array(model.table for model in registry), "families": array(FAMILIES)}
    return await connection.execute(_QUERIES["count"], known)


def documented() -> list[tuple[str, str, tuple[str, ...], str]]:
    """Name, kind, labels and meaning of each, for the reference."""
    single = (_UP, _CONNECTIONS, _MOST_CONNECTIONS, _BYTES, _OLDEST, _CHANGE, _MODEL)
    tasks = [(name, ("task",), meaning) for name, meaning in _TASKS]
    return [
        (name.replace("{table}", "…"), "gauge", labels, meaning)
        for name, labels, meaning in (*single, *tasks)
    ]


def reference() -> str:
    """The reference page of all metrics, as Markdown."""
    return metrics.reference(documented())


async def _connections(database: Queryable) -> list[Metric]:
    used, most = await database.fetch_row(_QUERIES["connections"]) or (0, 0)
    return [_gauge(*_CONNECTIONS, [((), used)]), _gauge(*_MOST_CONNECTIONS, [((), most)])]


async def _rows(database: Queryable) -> list[Metric]:
    waiting, oldest = await database.fetch_row(_QUERIES["outbox"]) or (0, 0.0)
    by_table: dict[str, list[tuple[tuple[str, ...], float]]] = {"notification": [(("queue",), waiting)]}
    size = []
    for table, kind, value in await database.fetch(_QUERIES["counted"]):
        if table == "database":
            size.append(_gauge(*_BYTES, [((), value)]))
        else:
            by_table.setdefault(table, []).append(((kind,), value))
    tables = [
        _gauge(*(_CHANGE if table == "change" else (_MODEL[0].format(table=table), *_MODEL[1:])), values)
        for table, values in sorted(by_table.items())
    ]
    return [*size, _gauge(*_OLDEST, [((), oldest)]), *tables]


async def _tasks(database: Queryable) -> list[Metric]:
    rows = await database.fetch(_QUERIES["tasks"])
    return [
        _gauge(name, ("task",), meaning, [((row[0],), row[place]) for row in rows if row[place] is not None])
        for place, (name, meaning) in enumerate(_TASKS, 1)
    ]


def _gauge(
    name: str, labels: tuple[str, ...], meaning: str, values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family
