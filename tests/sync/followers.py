"""Clients that keep a copy of all that their session sees, each in the way of one protocol."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import suppress
from typing import Any

from homechart_common.models import registry
from homechart_common.models.model import Model
from tests.callers import Answer, Caller
from tests.sync.servers import INTERRUPTIONS, Trouble
from tests.sync.streams import DELETED, NAMELESS, Event, EventStream, open_stream

LISTS = tuple(model for model in registry if "list" in model.routes)
_RESYNC = Event("resync", "")
#: So many single objects are fetched; of more, the whole list is read again (contract §12.3).
_FEW = 10

Row = dict[str, Any]


class Follower(ABC):
    """A client with a copy, objects by id by kind."""

    def __init__(self, name: str, caller: Caller) -> None:
        self.name = name
        self.caller = caller
        self.copy: dict[str, dict[str, Row]] = {}
        #: How often it was answered what, to tell whether it followed or just read everything each time.
        self.answers: Counter[str] = Counter()

    def names(self, kind: str) -> set[str]:
        """What the objects of a kind are called in the copy."""
        return {row["name"] for row in self.copy.get(kind, {}).values()}

    async def follow(self, seconds: float) -> None:
        """Follow until cancelled, with a pause of so many seconds after each turn."""
        while True:
            with suppress(Trouble):
                await self.turn()
            await asyncio.sleep(seconds)

    async def catch_up(self) -> None:
        """Follow up to now, when nothing changes any more."""
        while True:
            with suppress(Trouble):
                return await self.turn()
            await asyncio.sleep(0.1)

    @abstractmethod
    async def turn(self) -> None:
        """Ask what is new. Raises :class:`Trouble` when that was not answered; it can be tried again."""

    async def ask(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Read something from one of the processes."""
        try:
            answer = await self.caller.call("GET", path, None, headers or {})
        except INTERRUPTIONS as interruption:
            raise Trouble from interruption
        if answer.status == 503:
            raise Trouble
        assert answer.status in (200, 204, 400, 403), answer
        return answer


class ListFollower(Follower):
    """Reads each list with the token and the newest time that it has, as the web client does (contract §12.3)."""

    def __init__(self, name: str, caller: Caller) -> None:
        super().__init__(name, caller)
        self._tokens: dict[str, str] = {}

    async def turn(self) -> None:
        for model in LISTS:
            await self.read(model)

    async def read(self, model: type[Model], *, afresh: bool = False) -> None:
        """Bring the copy of one list up to date."""
        known = {} if afresh else self.copy.get(model.__name__, {})
        headers = {
            "x-homechart-hash": "" if afresh else self._tokens.get(model.__name__, ""),
            "x-homechart-updated": max((row["updated"] for row in known.values()), default=""),
        }
        answer = await self.ask(model.path, {name: value for name, value in headers.items() if value})
        if answer.status == 204:
            self.answers["nothing"] += 1
            return
        if answer.status == 403:
            self.copy[model.__name__], self._tokens[model.__name__] = {}, ""
            return
        rows = {row["id"]: row for row in answer.values}
        self.answers["difference" if answer.index else "everything"] += 1
        if answer.index:
            merged = await self.merged(model, known, rows, answer.index)
            if merged is None:
                await self.read(model, afresh=True)
                return
            rows = merged
        self.copy[model.__name__], self._tokens[model.__name__] = rows, answer.token

    async def merged(
        self, model: type[Model], known: dict[str, Row], news: dict[str, Row], index: list[dict[str, str]]
    ) -> dict[str, Row] | None:
        """What is in the index: new, known or fetched one by one; ``None`` if that would be too much."""
        merged, missing = {}, []
        for entry in index:
            for rows in (news, known):
                row = rows.get(entry["id"])
                if row is not None and row["updated"] == entry["updated"]:
                    merged[entry["id"]] = row
                    break
            else:
                missing.append(entry["id"])
        if len(missing) >= _FEW:
            return None
        for object_id in missing:
            if row := await self.fetch(model, object_id):
                merged[object_id] = row
        return merged

    async def fetch(self, model: type[Model], object_id: str) -> Row | None:
        """One object, if it can be seen."""
        answer = await self.ask(f"{model.path}/{object_id}")
        self.answers["single"] += 1
        return answer.value if answer.status == 200 else None


class ClockFollower(ListFollower):
    """Believes that what changed is what bears a newer time, and what is gone is what is in no list any more."""

    async def merged(
        self, model: type[Model], known: dict[str, Row], news: dict[str, Row], index: list[dict[str, str]]
    ) -> dict[str, Row] | None:
        there = {entry["id"] for entry in index}
        return {object_id: row for object_id, row in {**known, **news}.items() if object_id in there}

    async def ask(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """With the time alone."""
        given = {name: value for name, value in (headers or {}).items() if name != "x-homechart-hash"}
        return await super().ask(path, given)


class CursorFollower(Follower):
    """Asks for everything that changed since its cursor."""

    def __init__(self, name: str, caller: Caller) -> None:
        super().__init__(name, caller)
        self.cursor = ""

    async def turn(self) -> None:
        answer = await self.ask(f"/sync?cursor={self.cursor}")
        if answer.status == 204:
            self.answers["nothing"] += 1
            return
        news = answer.value
        self.answers["everything" if news["full"] else "difference"] += 1
        if news["full"]:
            self.copy = {}
        for kind, rows in news["changed"].items():
            self.copy.setdefault(kind, {}).update((row["id"], row) for row in rows)
        for kind, ids in news["deleted"].items():
            for object_id in ids:
                self.copy.get(kind, {}).pop(object_id, None)
        self.cursor = news["cursor"]


class Ear:
    """Hears events for a session, over one stream after the other."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._stream: EventStream | None = None
        self._waiting = asyncio.Event()
        self._heard: list[Event] = []

    @property
    def position(self) -> str:
        """Up to where everything was heard."""
        return self._stream.position if self._stream else ""

    async def listen(self) -> None:
        """Listen until cancelled, coming back as often as it takes."""
        while True:
            with suppress(*INTERRUPTIONS):
                self._stream = await open_stream(
                    self._caller.client, self._caller.headers["x-homechart-id"], self.position
                )
                if not self.position:
                    self.hear(_RESYNC)
                while event := await self._stream.next():
                    self.hear(event)
            await asyncio.sleep(0.1)

    def hear(self, event: Event) -> None:
        """Remember what was heard, unless it is only a sign of life."""
        if event != Event("message", ""):
            self._heard.append(event)
            self._waiting.set()

    def put_back(self, events: list[Event]) -> None:
        """Remember what was fetched from here, before what was heard since."""
        self._heard[:0] = events
        self._waiting.set()

    async def heard(self) -> list[Event]:
        """What was heard since it was asked last, once there is something."""
        await self._waiting.wait()
        self._waiting.clear()
        heard, self._heard = self._heard, []
        return heard

    @property
    def silent(self) -> bool:
        """Whether everything that was heard has been fetched from here."""
        return not self._heard


class EventFollower(Follower):
    """Asks only when it is told that something changed."""

    def __init__(self, name: str, caller: Caller) -> None:
        super().__init__(name, caller)
        self._ear = Ear(caller)
        self._idle = True

    async def follow(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ear.listen())
            tasks.create_task(super().follow(seconds))

    async def turn(self) -> None:
        events = await self._ear.heard()
        self._idle = False
        try:
            await self.act(events)
        except Trouble:
            self._ear.put_back(events)
            raise
        self._idle = True

    @abstractmethod
    async def act(self, events: list[Event]) -> None:
        """Follow up what was told."""

    async def catch_up(self) -> None:
        """Wait until it was told of everything up to now, by the task that follows, and has acted on it."""
        async with asyncio.timeout(60):
            while True:
                with suppress(Trouble):
                    if await self.is_told_all():
                        return
                await asyncio.sleep(0.1)

    async def is_told_all(self) -> bool:
        """Whether the stream has told of everything up to now and nothing is left to be done."""
        now = (await self.ask("/sync")).value["cursor"]
        return self._ear.position == now and self._idle and self._ear.silent


class EventCursorFollower(EventFollower, CursorFollower):
    """Asks for what changed since its cursor, whatever it was told."""

    async def act(self, events: list[Event]) -> None:
        await CursorFollower.turn(self)


class EventListFollower(EventFollower, ListFollower):
    """Fetches the objects that it was told of, as the web client does."""

    async def act(self, events: list[Event]) -> None:
        if _RESYNC in events:
            await ListFollower.turn(self)
            return
        changes = [json.loads(event.data) for event in events]
        for model in LISTS:
            latest = {
                change["id"]: change["operation"] for change in changes if change["table"] == model.table
            }
            if len(latest) >= _FEW or (latest and model.table in NAMELESS):
                await self.read(model)
                continue
            for object_id, operation in latest.items():
                row = None if operation == DELETED else await self.fetch(model, object_id)
                rows = self.copy.setdefault(model.__name__, {})
                if row is None:
                    rows.pop(object_id, None)
                else:
                    rows[object_id] = row
