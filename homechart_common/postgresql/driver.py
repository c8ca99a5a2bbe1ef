"""aiopg's connection with what it lacks under load and in trouble; the only module that knows its inside.

``setup.cfg`` pins aiopg to the version this was written for.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiopg
import psycopg2


class DriverConnection(aiopg.Connection):
    """An asynchronous psycopg2 connection.

    It differs from its base in three ways. A statement that the server cancels raises psycopg2's
    ``QueryCanceled``; the base raises ``CancelledError``, as if the task had been cancelled. There is one
    timer per connection, set again while it is in use; the base makes one per statement, a third of the cost
    of a small one. And it notices that it broke when its descriptor is beyond 1023, as in a process with a
    thousand event streams; the base asks ``select()``, which cannot count that far, and hangs.
    """

    _deadline = 0.0
    _alarm: asyncio.TimerHandle | None = None

    async def _poll(self, waiter: asyncio.Future[None], timeout: float) -> None:  # noqa: ASYNC109 - the driver's signature
        """Wait for the answer to what was sent; raises ``TimeoutError`` after so many seconds."""
        self._deadline = self._loop.time() + timeout
        if self._alarm is None or self._alarm.when() > self._deadline:
            self._set_alarm()
        self._ready(self._weakref)
        try:
            await waiter
        except (asyncio.CancelledError, TimeoutError):
            self._close()
            raise
        finally:
            self._waiter = None

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._deadline, self._check_deadline)

    def _check_deadline(self) -> None:
        self._alarm = None
        if self._waiter is None or self._waiter.done():
            return
        if self._deadline <= self._loop.time():
            self._waiter.set_exception(TimeoutError("PostgreSQL does not answer"))
        else:
            self._set_alarm()

    @staticmethod
    def _ready(weak_self: Any) -> None:
        """Read or write what the socket is ready for."""
        try:
            aiopg.Connection._ready(weak_self)
        except ValueError as error:
            connection = weak_self()
            if connection is not None:
                connection._broke(error.__context__ or error)

    def _broke(self, reason: BaseException) -> None:
        """Tell whoever waits for this connection that it will not answer."""
        if self._fileno is not None:
            self._loop.remove_reader(self._fileno)
            self._fileno = None
        failure = psycopg2.OperationalError(str(reason))
        self._notifies_proxy.close(failure)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(failure)

    def _close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        super()._close()


async def connect(timeout_seconds: float, **parameters: Any) -> DriverConnection:
    """Open a connection with libpq's ``parameters``; psycopg2 parses neither JSON nor UUIDs for us."""
    connection = DriverConnection(
        None,
        timeout_seconds,
        enable_hstore=False,
        enable_uuid=False,
        enable_json=False,
        **parameters,
    )
    await connection
    return connection
