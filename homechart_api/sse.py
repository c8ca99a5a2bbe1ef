"""One event stream: what is written to it, and up to where its reader has been told (contract §4).

``id:`` carries the reader's position, in the form of a ``/sync`` cursor. It moves only when all rows of a
version have been told, so who comes back with ``Last-Event-ID`` may hear something twice, but misses nothing.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import orjson

from homechart_common.ids import NIL_UUID
from homechart_common.models.sync import Sight, Standing

#: An empty event is written at least this often, in seconds: it shows that both ends are still there.
BEAT_SECONDS = 20
#: A reader that leaves more bytes than this unread is dropped; it comes back and is told what it missed.
MOST_UNREAD_BYTES = 256 * 1024
#: After a process ended or lost its database, so many readers a second come back to it.
_RETURNING_PER_SECOND = 200

_DELETE, _UPDATE = 1, 2
#: Of these objects no ids are told, as not everybody in their household may see them (contract §4).
_NAMELESS = frozenset({"reward_card"})
#: Memberships and sessions are announced, but in no list.
_MEMBERSHIP, _SESSION = "auth_account_auth_household", "auth_session"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a notification says: rows of one owner's table that changed in one version of the owner."""

    owner: str
    table: str
    version: int
    #: Whether the version has no further rows.
    complete: bool
    events: bytes

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """What the payload of a notification says."""
        events = b"".join(event(said["table"], *row) for row in said["rows"])
        return cls(said["owner"], said["table"], said["version"], not said["more"], events)

    @property
    def decides(self) -> bool:
        """Whether it may change what somebody sees."""
        return self.table.startswith("auth_")


def event(table: str, object_id: str, operation: int, updated: str | None) -> bytes:
    """The event that tells of one row: 0 created, 1 deleted, 2 updated."""
    value = {
        "id": NIL_UUID if table in _NAMELESS else object_id,
        "operation": operation,
        "table": table,
        "updated": updated,
    }
    return b"data: %b\n\n" % orjson.dumps(value)


class Stream:
    """The events of one session, from whoever hears of changes to the response that sends them.

    Until it is settled for the first time, and while it is settled anew, what is heard is held back.
    """

    __slots__ = (
        "_chunks",
        "_held",
        "_latest",
        "_places",
        "_prefix",
        "_tables",
        "_unread",
        "_versions",
        "_waiter",
        "abort",
        "ended",
        "expires",
        "next_beat",
        "owners",
        "session_id",
    )

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        #: Cuts the connection.
        self.abort: Callable[[], None] | None = None
        self.ended = False
        #: Whose changes it hears of.
        self.owners: tuple[str, ...] = ()
        #: When the session ends and when to write an empty event, in the time of the event loop, once settled.
        self.expires = self.next_beat = math.inf
        self._tables: Mapping[str, frozenset[str]] = {}
        self._places: Mapping[str, int] = {}
        self._prefix = ""
        self._versions: list[int] = []
        self._held: list[Heard] | None = []
        self._latest = b""
        self._chunks: list[bytes] = []
        self._unread = 0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def position(self) -> str:
        """Up to where its reader has been told, as a cursor; empty at first."""
        return f"{self._prefix}{'.'.join(map(str, self._versions))}"

    def settle(self, sight: Sight, standing: Standing, *, returning: bool) -> bool:
        """Tell from now on what ``sight`` sees and happens after ``standing``; whether to settle again.

        A reader that is ``returning`` first hears what it missed, or that it must read everything.
        """
        now = asyncio.get_running_loop().time()
        self.expires = now + standing.seconds_left
        if not self._prefix:
            self.next_beat = now + BEAT_SECONDS
            self._write(b"retry: %d\n" % _retry_milliseconds(0))
        self._prefix = f"{standing.position.epoch}-{standing.position.scope}-"
        self._versions = list(standing.position.versions)
        self._places = {owner: place for place, owner in enumerate(sight.owners)}
        self._tables = _audible(sight)
        for table, object_id, updated in standing.missed or ():
            self._write(event(table, object_id, _UPDATE if updated else _DELETE, updated))
        must_read = returning and standing.missed is None
        self._write(b"event: resync\ndata: \n" if must_read else b"", self._mark())
        held, self._held = self._held or [], None
        again = False
        for heard in held:
            again |= self.hear(heard)
        return again

    def hear(self, heard: Heard) -> bool:
        """Tell of what was heard, if it is in sight and news; whether the stream must be settled again."""
        if self._held is not None:
            self._held.append(heard)
            return False
        place = self._places.get(heard.owner)
        if place is None or heard.version <= self._versions[place]:
            return False
        if heard.version > self._versions[place] + 1:
            self.end(resync=True)  # something was not heard
            return False
        if heard.complete:
            self._versions[place] = heard.version
        # a membership is told to the account and to the household; who hears both is told once
        if heard.table in self._tables[heard.owner] and heard.events != self._latest:
            self._latest = heard.events
            self._write(heard.events[:-1], self._mark() if heard.complete else b"\n")
        if heard.decides:
            self._held = []
        return heard.decides

    def beat(self, now: float) -> None:
        """Show that the stream is alive, or end it with its session."""
        if now >= self.expires:
            self.end()
        elif now >= self.next_beat:
            self.next_beat = now + BEAT_SECONDS
            self._write(b"data: \n", self._mark())

    def end(self, *, resync: bool = False, others: int = 0) -> None:
        """End it; the reader comes back after a time that grows with the number of ``others`` that do."""
        if not self.ended:
            self._write(
                b"event: resync\ndata: \n" if resync else b"",
                b"retry: %d\n\n" % _retry_milliseconds(others),
            )
            self.ended = True

    async def next(self) -> bytes:
        """What to send next; nothing when the stream has ended."""
        if not self._chunks and not self.ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        chunk = b"".join(self._chunks)
        self._chunks.clear()
        self._unread = 0
        return chunk

    def _mark(self) -> bytes:
        """The end of an event that tells the reader where it is."""
        return f"id: {self.position}\n\n".encode()

    def _write(self, *texts: bytes) -> None:
        if self.ended:
            return
        self._chunks += texts
        self._unread += sum(map(len, texts))
        if self._unread > MOST_UNREAD_BYTES:
            self.ended = True
            if self.abort is not None:
                self.abort()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _retry_milliseconds(others: int) -> int:
    return round(1000 * random.uniform(0.5, 2 + others / _RETURNING_PER_SECOND))  # noqa: S311


def _audible(sight: Sight) -> dict[str, frozenset[str]]:
    """What is told of each owner: what is seen, who is in a household, and the account's sessions.

    Their ids let one listen, so they are told only to sessions that may make others.
    """
    actor = sight.actor
    told: dict[str, tuple[str, ...]] = dict.fromkeys(actor.households, (_MEMBERSHIP,))
    told[actor.account_id] = (_MEMBERSHIP, _SESSION) if actor.controls_account else (_MEMBERSHIP,)
    return {owner: _shared(tables + told.get(owner, ())) for owner, tables in sight.tables.items()}


@lru_cache
def _shared(tables: tuple[str, ...]) -> frozenset[str]:
    """Thousands of streams tell of the same tables."""
    return frozenset(tables)
