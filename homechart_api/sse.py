"""One event stream: what is written to it, and up to where its reader has been told (contract §4).

``id:`` carries the reader's position, in the form of a ``/sync`` cursor. It moves only when all rows of a
version have been told, so who comes back with ``Last-Event-ID`` may hear something twice, but misses nothing.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import orjson

from homechart_common.ids import NIL_UUID
from homechart_common.models.sync import Sight, Standing
from homechart_common.models.sync_statements import SESSION

#: An empty event is written at least this often, in seconds: it shows that both ends are still there.
BEAT_SECONDS = 20
#: A reader that leaves more bytes than this unread is dropped; it comes back and is told what it missed.
MOST_UNREAD_BYTES = 256 * 1024
#: After a process ended or lost its database, so many readers a second come back to it.
_RETURNING_PER_SECOND = 200

_DELETE, _UPDATE = 1, 2
#: Of these objects no ids are told, as not everybody in their household may see them (contract §4).
_NAMELESS = frozenset({"reward_card"})
#: Memberships are told to the account and the household, and are in no list: the household shows them.
_MEMBERSHIP = "auth_account_auth_household"


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


class Outlet:
    """The connection of a response whose head was sent, written to directly.

    Going through the response and its task for each event costs three times as much, for each of a thousand
    readers.
    """

    __slots__ = ("_chunked", "_transport")

    def __init__(self, transport: asyncio.Transport, *, chunked: bool) -> None:
        self._transport = transport
        self._chunked = chunked

    def write(self, text: bytes) -> bool:
        """Send ``text``; ``False`` if the reader is gone or reads too slowly, and is then cut off."""
        transport = self._transport
        if transport.is_closing():
            return False
        if text:
            transport.write(b"%x\r\n%b\r\n" % (len(text), text) if self._chunked else text)
            if transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
                transport.abort()
                return False
        return True


class Stream:
    """The events of one session, from whoever hears of changes to the response that sends them.

    Until it is settled for the first time, and while it is settled anew, what is heard is held back.
    """

    __slots__ = (
        "_early",
        "_finished",
        "_heard",
        "_held",
        "_outlet",
        "_places",
        "_prefix",
        "_tables",
        "_versions",
        "ended",
        "expires",
        "next_beat",
        "owners",
        "session_id",
    )

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.ended = False
        #: Whose changes it hears of.
        self.owners: tuple[str, ...] = ()
        #: When the session ends and when to write an empty event, in the time of the event loop, once settled.
        self.expires = self.next_beat = math.inf
        self._tables: Mapping[str, frozenset[str]] = {}
        self._places: Mapping[str, int] = {}
        self._prefix = ""
        self._versions: list[int] = []
        #: Up to which versions was heard; its reader can be further, as it was told to read.
        self._heard: list[int] = []
        self._held: list[Heard] | None = []
        #: What there was to tell before there was somewhere to write it.
        self._early: list[bytes] = []
        self._outlet: Outlet | None = None
        self._finished: asyncio.Future[None] | None = None

    @property
    def position(self) -> str:
        """Up to where its reader has been told, as a cursor; empty at first."""
        return f"{self._prefix}{'.'.join(map(str, self._versions))}"

    def settle(self, sight: Sight, standing: Standing, *, returning: bool) -> bool:
        """Tell from now on what ``sight`` sees and happens after ``standing``; whether to settle again.

        A reader that is ``returning`` first hears what it missed, or that it must read everything. Not every
        client knows how to do that, so of owners that stay in sight it is told all the same what it heard of.
        """
        now = asyncio.get_running_loop().time()
        self.expires = now + standing.seconds_left
        if not self._prefix:
            self.next_beat = now + BEAT_SECONDS
        self._prefix = f"{standing.position.epoch}-{standing.position.scope}-"
        self._versions = list(standing.position.versions)
        self._tables = _audible(sight)
        missed = (
            event(table, object_id, _DELETE if updated is None else _UPDATE, updated or None)
            for table, object_id, updated in standing.missed or ()
        )
        must_read = returning and standing.missed is None
        heard_before = dict(zip(self._places, self._heard, strict=True)) if must_read else {}
        self._places = {owner: place for place, owner in enumerate(sight.owners)}
        self._heard = [
            heard_before.get(owner, version)
            for owner, version in zip(sight.owners, self._versions, strict=True)
        ]
        self._write(*missed, b"event: resync\ndata: \n" if must_read else b"", self._mark())
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
        if place is None or heard.version <= self._heard[place]:
            return False
        if heard.version > self._heard[place] + 1:
            self.end(resync=True)  # something was not heard
            return False
        news = heard.version > self._versions[place]
        if heard.complete:
            self._heard[place] = heard.version
            self._versions[place] = max(heard.version, self._versions[place])
        if heard.table in self._tables[heard.owner]:
            self._write(heard.events[:-1], self._mark() if heard.complete else b"\n")
        if heard.decides and news:
            self._held = []
        return heard.decides and news

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
            self._write(b"event: resync\ndata: \n" if resync else b"", b"%b\n" % retry(others))
            self._finish()

    async def flow(self, outlet: Outlet) -> None:
        """Write to ``outlet`` what was gathered and then whatever comes, until the stream has ended."""
        self._outlet = outlet
        early, self._early = b"".join(self._early), []
        if outlet.write(early) and not self.ended:
            self._finished = asyncio.get_running_loop().create_future()
            await self._finished

    def _mark(self) -> bytes:
        """The end of an event that tells the reader where it is."""
        return f"id: {self.position}\n\n".encode()

    def _write(self, *texts: bytes) -> None:
        if self.ended:
            return
        if self._outlet is None:
            self._early += texts
        elif not self._outlet.write(b"".join(texts)):
            self._finish()

    def _finish(self) -> None:
        self.ended = True
        if self._finished is not None and not self._finished.done():
            self._finished.set_result(None)


def retry(others: int = 0) -> bytes:
    """The line that says when to come back, a time that grows with the number of ``others`` that do."""
    return b"retry: %d\n" % round(1000 * random.uniform(0.5, 2 + others / _RETURNING_PER_SECOND))  # noqa: S311 - it spreads load and keeps no secret


def _audible(sight: Sight) -> dict[str, frozenset[str]]:
    """What is told of each owner: what is seen, who is in a household, and the account's sessions.

    Their ids let one listen, so they are told only to sessions that may make others.
    """
    actor = sight.actor
    told: dict[str, tuple[str, ...]] = dict.fromkeys(actor.households, (_MEMBERSHIP,))
    told[actor.account_id] = (_MEMBERSHIP, SESSION) if actor.controls_account else (_MEMBERSHIP,)
    return {owner: _shared(tables + told.get(owner, ())) for owner, tables in sight.tables.items()}


@lru_cache
def _shared(tables: tuple[str, ...]) -> frozenset[str]:
    """Thousands of streams tell of the same tables."""
    return frozenset(tables)
