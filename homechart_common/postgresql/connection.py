"""One connection to PostgreSQL: statements run on it, failures are translated, nothing is parsed twice."""

from __future__ import annotations

import asyncio
import random
import select
import time
from collections.abc import Mapping
from typing import Any, Protocol

import aiopg
import psycopg2
from psycopg2 import errors as sqlstate
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from homechart_common import metrics, tracing
from homechart_common.postgresql import failures
from homechart_common.postgresql.driver import DriverConnection
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.postgresql.statement import Statement

Row = tuple[Any, ...]
Parameters = Mapping[str, Any] | None

#: A migration changed what the statement returns; the plan is in another session of a connection pooler.
_PLAN_GONE = (
    sqlstate.FeatureNotSupported,
    sqlstate.InvalidSqlStatementName,
    sqlstate.DuplicatePreparedStatement,
)
_NOTHING: Mapping[str, Any] = {}


class Queryable(Protocol):
    """Whatever statements can be run on: the database, or one connection inside a transaction.

    A statement given as text is sent as it is; in a :class:`Statement` and wherever there are parameters a
    percent sign is written ``%%``. All methods raise the failures of :mod:`homechart_common.errors`.
    """

    async def fetch(self, statement: str | Statement, parameters: Parameters = None) -> list[Row]:
        """All rows of the answer."""
        ...

    async def fetch_row(self, statement: str | Statement, parameters: Parameters = None) -> Row | None:
        """The first row of the answer, or ``None`` when there is none."""
        ...

    async def fetch_value(self, statement: str | Statement, parameters: Parameters = None) -> Any:
        """The first column of the first row, or ``None`` when there is none."""
        ...

    async def execute(self, statement: str | Statement, parameters: Parameters = None) -> int:
        """Run a statement for its effect; the number of rows it touched."""
        ...


class Connection(Queryable):
    """A connection that one task uses at a time."""

    def __init__(self, raw: DriverConnection, cursor: aiopg.Cursor, *, expires: float) -> None:
        self._raw = raw
        self._cursor = cursor
        #: Whether statements are prepared, which takes a session of its own.
        self.prepares = False
        #: Whether the session of the server is this connection's alone, not lent for each transaction.
        self.has_own_session = False
        self._prepared: set[str] = set()
        #: Goes out in front of the next statement, which saves a round trip.
        self._prefix = ""
        #: When the pool should replace it, in the time of the event loop.
        self.expires = expires
        self._arrivals = select.poll()
        self._arrivals.register(raw.raw.fileno(), select.POLLIN)

    async def fetch(self, statement: str | Statement, parameters: Parameters = None) -> list[Row]:
        """All rows of the answer."""
        await self._run(statement, parameters)
        rows: list[Row] = self._cursor.raw.fetchall()
        return rows

    async def fetch_row(self, statement: str | Statement, parameters: Parameters = None) -> Row | None:
        """The first row of the answer, or ``None`` when there is none."""
        await self._run(statement, parameters)
        row: Row | None = self._cursor.raw.fetchone()
        return row

    async def fetch_value(self, statement: str | Statement, parameters: Parameters = None) -> Any:
        """The first column of the first row, or ``None`` when there is none."""
        row = await self.fetch_row(statement, parameters)
        return None if row is None else row[0]

    async def execute(self, statement: str | Statement, parameters: Parameters = None) -> int:
        """Run a statement for its effect; the number of rows it touched."""
        await self._run(statement, parameters)
        count: int = self._cursor.raw.rowcount
        return count

    async def notification(self) -> tuple[str, str]:
        """Wait for the next NOTIFY on a channel this connection listens to: its channel and payload."""
        try:
            notify = await self._raw.notifies.get()
        except psycopg2.Error as error:
            raise failures.ConnectionLost from error
        return notify.channel, notify.payload

    def begin(self) -> None:
        """Open a transaction; it travels with its first statement."""
        self._prefix = "BEGIN; " + _origin()

    async def commit(self) -> None:
        """Make the transaction last."""
        self._prefix = ""
        if self._raw.raw.get_transaction_status() == TRANSACTION_STATUS_IDLE:
            return
        await self._run("COMMIT", None)
        if self._cursor.raw.statusmessage != "COMMIT":
            raise RuntimeError("a statement of this transaction failed and its error was swallowed")

    async def rollback(self) -> None:
        """Undo the transaction; a connection that broke has done so already."""
        self._prefix = ""
        if not self.closed and self._raw.raw.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            await self._run("ROLLBACK", None)

    @property
    def closed(self) -> bool:
        """Whether it is known to be gone."""
        return bool(self._raw.closed)

    @property
    def idle(self) -> bool:
        """Whether a statement can be sent now: open, outside a transaction and with nothing unread.

        Something unread on an idle connection is nearly always the server's good-bye.
        """
        raw = self._raw.raw
        return (
            not raw.closed
            and not self._prefix
            and raw.get_transaction_status() == TRANSACTION_STATUS_IDLE
            and not self._arrivals.poll(0)
        )

    def discard(self) -> None:
        """Close it at once, whatever it is doing."""
        self._raw.close()

    async def close(self) -> None:
        """Close it."""
        self._raw.close()

    async def _run(self, statement: str | Statement, parameters: Parameters) -> None:
        """Send a statement; it is measured, however it ends, if it is one that tells what it is."""
        if isinstance(statement, str) or not statement.table:
            await self._send(statement, parameters)
            return
        started = time.perf_counter()
        try:
            await self._send(statement, parameters)
        finally:
            metrics.observe_query(statement.table, statement.verb, time.perf_counter() - started)

    async def _send(self, statement: str | Statement, parameters: Parameters, *, again: bool = False) -> None:
        try:
            if isinstance(statement, str):
                text = statement
            else:
                parameters = parameters or _NOTHING
                if not self.prepares:
                    text = statement.sql
                else:
                    if statement.identifier not in self._prepared:
                        await self._prepare(statement)
                    text = statement.execute
            if self._prefix:
                text = self._prefix + text
            elif (
                tracing.tracer is not None
                and self._raw.raw.get_transaction_status() == TRANSACTION_STATUS_IDLE
            ):
                text = _origin() + text  # one message, hence one transaction
            await self._cursor.execute(text, parameters)
            self._prefix = ""
        except BaseException as error:
            if isinstance(error, _PLAN_GONE) and self.prepares and not (again or isinstance(statement, str)):
                await self._forget_plans(error)
                await self._send(statement, parameters, again=True)
                return
            failure = failures.translate(error)
            if isinstance(failure, failures.ConnectionLost):
                self._raw.close()
            if failure is error:
                raise
            raise failure from error

    async def _prepare(self, statement: Statement) -> None:
        await self._cursor.execute(self._prefix + statement.prepare)
        self._prefix = ""
        self._prepared.add(statement.identifier)

    async def _forget_plans(self, reason: BaseException) -> None:
        """Make it possible to run a statement again whose plan the server does not have (any more)."""
        if self._prefix:
            # the first statement of its transaction, so nothing is lost by opening it anew
            await self._run_bare("ROLLBACK")
        elif self._raw.raw.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            self._raw.close()
            raise failures.Contention from reason
        self._prepared.clear()
        if isinstance(reason, sqlstate.FeatureNotSupported):
            await self._run_bare("DEALLOCATE ALL")
        else:
            # a connection pooler gives us one session now and another one then
            self.prepares = False

    async def _run_bare(self, text: str) -> None:
        prefix, self._prefix = self._prefix, ""
        await self._send(text, None)
        self._prefix = prefix


def _origin() -> str:
    """What tells the triggers in a transaction which span it belongs to; nothing unless that is traced."""
    span = tracing.traceparent()
    return f"SET LOCAL homechart.traceparent = '{span}'; " if span else ""


async def attach(raw: DriverConnection, settings: PostgresqlSettings) -> Connection:
    """The connection on top of one that the driver has opened."""
    cursor = await raw.cursor(timeout=settings.statement_timeout_seconds + settings.grace_seconds)
    # not all at the same moment
    lifetime = settings.max_lifetime_seconds * random.uniform(0.9, 1.1)  # noqa: S311 - it spreads load and keeps no secret
    return Connection(raw, cursor, expires=asyncio.get_running_loop().time() + lifetime)
