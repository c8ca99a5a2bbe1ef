"""Hands every change that the database announces to the event streams that may tell of it.

One LISTEN connection serves all streams of a process. A stream joins without a gap: it is subscribed first,
then finds out where its session stands; what it heard meanwhile and is included there is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import orjson
from aiohttp import web

from homechart_api.sse import Heard, Stream
from homechart_common import logger
from homechart_common.errors import ItemNotFound, Unavailable
from homechart_common.logger import context, trace
from homechart_common.metrics import sse_clients
from homechart_common.models.actors import StaleActor, actor_of_session
from homechart_common.models.lists import Token
from homechart_common.models.sync import Sight, read_standing
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.listener import CHANGES, Listener

#: How long a new stream waits for the listener, in seconds.
_PATIENCE_SECONDS = 5


class Hub:
    """Owners, and the streams that tell of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listener = Listener(database, {CHANGES: self._hear}, self._start_over)
        self._streams: set[Stream] = set()
        self._by_owner: dict[str, set[Stream]] = {}
        #: Streams that must find out anew what they see.
        self._unsettled: asyncio.Queue[Stream] = asyncio.Queue()
        self._closed = False

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listener.run())
            tasks.create_task(self._beat())
            tasks.create_task(self._settle_again())

    async def join(self, session_id: str, cursor: str) -> Stream:
        """A stream for a session; its reader has seen what ``cursor`` says, if it says anything.

        Raises :class:`ItemNotFound` when there is no such session, :class:`Unavailable` when changes cannot
        be heard at the moment.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._listener.ready.wait()
        except TimeoutError:
            raise Unavailable from None
        stream = Stream(session_id)
        self._streams.add(stream)
        try:
            await self._settle(stream, cursor)
        except BaseException:
            self.leave(stream)
            raise
        sse_clients.set(len(self._streams))
        if self._closed:
            stream.end()
        return stream

    def leave(self, stream: Stream) -> None:
        """The reader is gone."""
        self._subscribe(stream, ())
        self._streams.discard(stream)
        sse_clients.set(len(self._streams))

    def close(self) -> None:
        """End all streams, present and future; their readers come back, perhaps to another process."""
        self._closed = True
        self._end_all(resync=False)

    def _hear(self, payload: str) -> None:
        said = orjson.loads(payload)
        streams = self._by_owner.get(said["owner"])
        if not streams:
            return
        if "trace" not in said:
            self._tell(Heard.of(said), streams)
            return
        # the end of what the request began, perhaps in another process
        with context(table=said["table"]), trace("ChangeTell", {"traceparent": said["trace"]}) as unit:
            self._tell(Heard.of(said), streams)
            unit.debug = f"{len(streams)} streams"

    def _tell(self, heard: Heard, streams: Iterable[Stream]) -> None:
        for stream in streams:
            if stream.hear(heard):
                self._unsettled.put_nowait(stream)

    def _start_over(self) -> None:
        """Nobody listened for a while, so nobody knows what was missed."""
        self._end_all(resync=True)

    def _end_all(self, *, resync: bool) -> None:
        for stream in self._streams:
            stream.end(resync=resync, others=len(self._streams))

    async def _settle(self, stream: Stream, cursor: str) -> None:
        """Find out what the session sees and where it stands, and let the stream tell of it from there on."""
        since = Token.parse(cursor)
        while True:
            actor = await actor_of_session(self._database, stream.session_id)
            if actor is None:
                raise ItemNotFound
            if stream not in self._streams:
                return  # the reader has left meanwhile
            sight = Sight.of(actor)
            self._subscribe(stream, sight.owners)
            with suppress(StaleActor):
                standing = await read_standing(self._database, sight, since)
                break
        if stream.settle(sight, standing, returning=bool(cursor)):
            self._unsettled.put_nowait(stream)

    async def _settle_again(self) -> None:
        while True:
            stream = await self._unsettled.get()
            if stream.ended:
                continue
            try:
                await self._settle(stream, stream.position)
            except ItemNotFound:
                stream.end()
            except Exception as error:
                if not isinstance(error, Unavailable):
                    logger.error(error)
                stream.end(resync=True)

    def _subscribe(self, stream: Stream, owners: tuple[str, ...]) -> None:
        """Let the stream hear of these owners and of no others."""
        for owner in stream.owners:
            self._by_owner[owner].discard(stream)
            if not self._by_owner[owner]:
                del self._by_owner[owner]
        for owner in owners:
            self._by_owner.setdefault(owner, set()).add(stream)
        stream.owners = owners

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(1)
            now = asyncio.get_running_loop().time()
            for stream in self._streams:
                stream.beat(now)


HUB = web.AppKey("hub", Hub)
