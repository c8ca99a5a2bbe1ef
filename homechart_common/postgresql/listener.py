"""Hearing of what other processes did: LISTEN on one connection that proves to be alive.

A notification that is sent while nobody listens is gone. Whoever uses a :class:`Listener` must therefore read
everything again after each reconnect, which is what ``on_reconnect`` is for.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress

from homechart_common import logger
from homechart_common.errors import Unavailable
from homechart_common.postgresql.connection import Connection
from homechart_common.postgresql.database import Database

#: What changed for whom (contract §5.5); the payload carries ids and versions, never content.
CHANGES = "changes"
#: There is something to do for the workers; the payload is a word that says why.
TASKS = "tasks"

_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0


class Listener:
    """Calls back for every notification on some channels, over a connection of its own.

    The connection is asked for a sign of life every ``heartbeat_seconds`` and given up if there is none
    within ``patience_seconds``: a server that is frozen or a network that is gone closes nothing. Servers in
    recovery are refused when connecting, as notifications do not reach them. Of several hosts the others are
    asked as often, as the one in use may have been replaced without noticing.
    """

    def __init__(
        self,
        database: Database,
        callbacks: Mapping[str, Callable[[str], None]],
        on_reconnect: Callable[[], None],
        *,
        heartbeat_seconds: float = 10,
        patience_seconds: float = 5,
    ) -> None:
        """``callbacks`` get the payload, by channel; like ``on_reconnect`` they must be quick."""
        self._database = database
        self._callbacks = callbacks
        self._on_reconnect = on_reconnect
        self._heartbeat = heartbeat_seconds
        self._patience = patience_seconds
        #: Set while it listens.
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled, connecting again as often as it takes."""
        delay = _FIRST_DELAY_SECONDS
        connected_before = False
        while True:
            with suppress(Unavailable):
                connection = await self._connect()
                try:
                    delay = _FIRST_DELAY_SECONDS
                    if connected_before:
                        self._call(self._on_reconnect)
                    connected_before = True
                    await self._listen(connection)
                finally:
                    self.ready.clear()
                    await connection.close()
            if delay == _FIRST_DELAY_SECONDS:
                logger.notice("Changes are not heard of any more; connecting to PostgreSQL again")
            await asyncio.sleep(delay * random.uniform(0.5, 1))  # noqa: S311 - it spreads load and keeps no secret
            delay = min(2 * delay, _LONGEST_DELAY_SECONDS)

    async def _connect(self) -> Connection:
        connection = await self._database.direct()
        try:
            for channel in self._callbacks:
                await connection.execute(f'LISTEN "{channel}"')
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _listen(self, connection: Connection) -> None:
        """Receive until the connection breaks; raises :class:`Unavailable` then."""
        self.ready.set()
        try:
            # Two tasks, as a notification can be lost if waiting for it is given up (aiopg).
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(connection))
                tasks.create_task(self._prove_alive(connection))
        except* Unavailable as broken:
            raise Unavailable from broken

    async def _receive(self, connection: Connection) -> None:
        while True:
            channel, payload = await connection.notification()
            self._call(self._callbacks[channel], payload)

    async def _prove_alive(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            await self._database.look_around()
            try:
                async with asyncio.timeout(self._patience):
                    await connection.execute("SELECT 1")
            except TimeoutError as error:
                raise Unavailable from error

    def _call(self, callback: Callable[..., None], *arguments: str) -> None:
        try:
            callback(*arguments)
        except Exception as error:
            logger.error(error)
