"""What a household notices of the others: the same requests and tasks, with a few of them and with a thousand.

The sample families are made once and then copied in the database, row for row under other ids, so that each of
a thousand households has the life of a year. Every request is another household's, so that what PostgreSQL has in
memory is not always the same.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import md5
from statistics import median

from bench import household, servers
from bench.figures import Figure, at_most, grown
from bench.stage import TASKS_PATH, Stage, load
from bench.years import Member
from homechart_api.sampling import seed
from homechart_common import clock, sample
from homechart_common.config import Config
from homechart_common.models import AuthSession, Notification, registry
from homechart_common.postgresql.database import Connection, Database, array
from homechart_common.postgresql.migrate import migrate
from homechart_worker import schedule
from homechart_worker.task import Context, perform

#: How many copies there are of the sample, which has two households.
FEW, MANY, QUICK = 10, 500, 50
_EACH = len(sample.names())
#: How many of them ask.
_ASKING = 500
_CONNECTIONS = 8
#: How many times as long an answer may take among many.
_MOST_TIMES = 2
#: What changing something may take, in milliseconds. The first change of a household in a while finds nothing in
#: memory, and PostgreSQL logs whole pages of what was not changed since its last checkpoint.
_MOST_CHANGE_MS = 50
_CHANGE = "ticking a task off"
#: What finding out that nothing is due may take, in milliseconds, once a minute.
_MOST_MINUTE_MS = 1_000
_WHO = "jane@example.com"

#: Tables with rows of households beside those of the objects.
_BESIDE = ("sync_version", "sync_change", "budget_transaction_account", "budget_transaction_category")
_COLUMNS = """
SELECT table_name, column_name, data_type
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
    AND table_name = ANY (%(tables)s::text[])
ORDER BY table_name, ordinal_position
"""
#: Columns with something of which there is only one.
_UNIQUE = {
    ("auth_account", "email_address"): "n || '.' || email_address",
    ("auth_household", "subscription_referral_code"): "left(md5(subscription_referral_code || n), 14)",
}
_SESSIONS = """
INSERT INTO auth_session (auth_account_id, key_hash, name, user_agent, expires)
SELECT a.id, sha256(md5('key' || n)::uuid::text::bytea), 'Bench', 'api', now() + interval '1 day'
FROM generate_series(1, %(number)s) n JOIN auth_account a ON a.email_address = n || '.' || %(who)s
"""
_TASKS = """
SELECT DISTINCT ON (n) t.id::text
FROM generate_series(1, %(number)s) n JOIN auth_account a ON a.email_address = n || '.' || %(who)s
JOIN plan_task t ON t.owner_id = a.primary_auth_household_id AND NOT t.done AND t.recurrence IS NULL
ORDER BY n, t.created DESC
"""


@dataclass(frozen=True, slots=True)
class Lives:
    """What requests take, in milliseconds; how many tasks are ticked off in a second; and the size, in MB each."""

    waits: dict[str, float]
    ticks: float
    size: float
    #: What a worker needs to find that nothing is due, in milliseconds.
    minute: float


async def measure(stage: Stage) -> list[Figure]:
    """Each of them with many households beside it with a few."""
    many = QUICK if stage.quick else MANY
    few, lots = [await _lived(stage, number) for number in (FEW, many)]
    return list(_figures(few, lots, f"{_EACH * many:,} households"))


def _figures(few: Lives, lots: Lives, them: str) -> Iterator[Figure]:
    for name, wait in lots.waits.items():
        if name == _CHANGE:
            note = f"{few.waits[name]:.1f} ms with {_EACH * FEW}; the first in a while, from the disk"
            yield at_most(f"{them}, {name}", wait, _MOST_CHANGE_MS, "ms", note)
        else:
            yield grown(f"{them}, {name}", wait, few.waits[name], "ms", _MOST_TIMES)
    note = f"{few.minute:,.1f} ms with {_EACH * FEW}"
    yield at_most(f"{them}, a worker's minute with nothing due", lots.minute, _MOST_MINUTE_MS, "ms", note)
    yield Figure(
        f"{them}, ticking tasks off, {_CONNECTIONS} connections",
        f"{lots.ticks:,.0f}/s",
        f"{few.ticks:,.0f}/s by {_EACH * FEW}",
        f"{lots.ticks / few.ticks:.0%}",
        note=f"{lots.size:.1f} MB of database for each household",
    )


async def _lived(stage: Stage, number: int) -> Lives:
    """What it is like with so many copies of the sample."""
    name = f"families_{number}"
    await stage.database.execute(f"CREATE DATABASE {name}")
    database = Database(replace(stage.database.settings, database=name))
    await database.open()
    try:
        await migrate(database)
        await seed(database, sample.Plan(clock.today("UTC")))
        await _copy(database, number)
        await household.tidy(database)
        size = await database.fetch_value("SELECT pg_database_size(current_database()) / 1e6")
        print(f"{_EACH * number} households: {size:,.0f} MB", file=sys.stderr, flush=True)
        asking = min(number, _ASKING)
        tasks = [row[0] for row in await database.fetch(_TASKS, {"number": asking, "who": _WHO})]
        async with servers.api(database.settings, stage.log) as server:
            waits = dict(_waits(server.port, tasks))
            seen = await load(
                [server.port], _CONNECTIONS, list(_ticks(stage, tasks)), seconds=5 * stage.seconds
            )
        ticks = seen["statuses"].get("200", 0) / seen["seconds"]
        return Lives(waits, ticks, float(size) / number / _EACH, await _minute(database))
    finally:
        await database.close()


async def _copy(database: Database, number: int) -> None:
    """Put so many copies beside everything. Triggers stand still: what they made is copied, too."""
    objects = {model.table for model in registry if model not in (AuthSession, Notification)}
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in await database.fetch(_COLUMNS, {"tables": array([*objects, *_BESIDE])}):
        columns.setdefault(table, {})[column] = _copied(table, column, kind)

    async def work(connection: Connection) -> None:
        await connection.execute(
            "SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0"
        )
        for table, expressions in columns.items():
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(expressions)}) "
                f"SELECT {', '.join(expressions.values())} FROM {table}, generate_series(1, {number}) n"
            )
        await connection.execute(_SESSIONS, {"number": number, "who": _WHO})

    await database.retrying(work)


def _copied(table: str, column: str, kind: str) -> str:
    """What the ``n``-th copy of a row has in a column: every id becomes another one, the same everywhere."""
    if kind == "uuid":
        return f"md5({column} || '/' || n)::uuid"
    return _UNIQUE.get((table, column), column)


def _key(number: int) -> str:
    """With what somebody of the ``number``-th copy shows who they are."""
    return str(uuid.UUID(md5(f"key{number}".encode(), usedforsecurity=False).hexdigest()))


def _waits(port: int, tasks: list[str]) -> Iterator[tuple[str, float]]:
    """What each of them waits for, one after the other: the median, in milliseconds."""
    members = [Member(port, _key(number)) for number in range(1, len(tasks) + 1)]

    def wait(ask: Callable[[int], object]) -> float:
        took = []
        for number in range(len(members)):
            started = time.perf_counter()
            ask(number)
            took.append(1000 * (time.perf_counter() - started))
        return median(took)

    yield "everything", wait(lambda n: members[n].ask("GET", "/sync"))
    cursors = [member.value("GET", "/sync")["dataValue"][0]["cursor"] for member in members]
    yield "nothing new", wait(lambda n: members[n].ask("GET", f"/sync?cursor={cursors[n]}"))
    yield "all tasks", wait(lambda n: members[n].ask("GET", "/plan/tasks"))
    yield (
        "ticking a task off",
        wait(lambda n: members[n].ask("PUT", f"/plan/tasks/{tasks[n]}", {"done": True})),
    )


async def _minute(database: Database) -> float:
    """What all tasks of every minute take when they have nothing to do, in milliseconds."""
    context = Context(Config(), database)
    tasks = schedule.every(timedelta(minutes=1))
    for task in tasks:  # what has become due meanwhile
        await perform(task, context)
    started = time.perf_counter()
    for task in tasks:
        await perform(task, context)
    return 1000 * (time.perf_counter() - started)


def _ticks(stage: Stage, tasks: list[str]) -> Iterator[str]:
    """Requests that tick tasks off and take that back, each in another household than the one before."""
    for done in (False, True):
        for number, task in enumerate(tasks, 1):
            home = replace(stage.household, session_id="", session_key=_key(number))
            yield replace(stage, household=home).request("PUT", f"{TASKS_PATH}/{task}", {"done": done})
