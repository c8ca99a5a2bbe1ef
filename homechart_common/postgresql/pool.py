"""The connections that requests share."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from homechart_common.errors import Unavailable
from homechart_common.postgresql.connection import Connection


class Pool:
    """At most ``limit`` connections, made when somebody waits for one, the last used first.

    Connections are made in the background and whoever waits longest gets the first one that is free,
    whether new or given back, so a slow connect delays nobody who could have had another.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], limit: int, patience_seconds: float
    ) -> None:
        self._connect = connect
        self._limit = limit
        self._patience = patience_seconds
        self._idle: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connecting = 0
        self._size = 0
        self._closed = False
        #: Whether the last attempt to connect worked.
        self.available = False

    def take(self) -> Connection | None:
        """A free connection that is fit for use, if there is one."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.idle:
                return connection
            self._drop(connection)
        return None

    async def wait(self) -> Connection:
        """The next free connection; raises :class:`Unavailable` if there is none in time."""
        if self._closed:
            raise Unavailable
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._grow()
        try:
            async with asyncio.timeout(self._patience):
                return await waiter
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                raise Unavailable from error
            raise

    def give_back(self, connection: Connection) -> None:
        """Take a connection back that :meth:`take` or :meth:`wait` gave out."""
        expired = connection.expires < asyncio.get_running_loop().time()
        if self._closed or expired or not connection.idle:
            self._drop(connection)
            self._grow()
        else:
            self._offer(connection)

    async def close(self) -> None:
        """Close what is free now and the rest when it comes back; whoever waits gets :class:`Unavailable`."""
        self._closed = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(Unavailable())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._idle:
            self._drop(self._idle.pop())

    def add(self, connection: Connection) -> None:
        """Put a connection that was made elsewhere into the pool."""
        self.available = True
        self._size += 1
        self._offer(connection)

    def _offer(self, connection: Connection) -> None:
        waiter = self._next_waiter()
        if waiter:
            waiter.set_result(connection)
        else:
            self._idle.append(connection)

    def _next_waiter(self) -> asyncio.Future[Connection] | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _leave(self, waiter: asyncio.Future[Connection]) -> None:
        """Stop waiting; a connection that was handed over too late goes to the next one."""
        with suppress(ValueError):
            self._waiters.remove(waiter)
        if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            self.give_back(waiter.result())

    async def _add(self) -> None:
        """Make one more connection, or tell whoever waits longest why that failed."""
        try:
            connection = await self._connect()
        except Exception as error:
            self._connecting -= 1
            self._size -= 1
            self.available = False
            if waiter := self._next_waiter():
                waiter.set_exception(error)
            self._grow()
        else:
            self._connecting -= 1
            self.available = True
            self._offer(connection)

    def _drop(self, connection: Connection) -> None:
        self._size -= 1
        connection.discard()

    def _grow(self) -> None:
        """Make as many connections as there are waiting and the limit allows."""
        while not self._closed and self._size < self._limit and self._connecting < len(self._waiters):
            self._size += 1
            self._connecting += 1
            task = asyncio.create_task(self._add())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
