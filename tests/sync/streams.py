"""Event streams as a browser reads them: what they tell, where they leave their reader, and how they end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from homechart_common.ids import NIL_UUID
from homechart_common.models.model import Model
from tests.callers import API

CREATED, DELETED, UPDATED = 0, 1, 2
#: Of these no ids are told.
NAMELESS = {"reward_card"}

_PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Event:
    """What is told; its kind is ``message`` unless it has a name. Without data it only shows a sign of life."""

    kind: str
    data: str


class EventStream:
    """One open stream."""

    def __init__(self, response: aiohttp.ClientResponse, position: str = "") -> None:
        self.response = response
        #: What to send as ``Last-Event-ID`` when coming back.
        self.position = position
        #: How long to wait before coming back.
        self.retry_milliseconds = 0

    async def next(self) -> Event | None:
        """The next event; ``None`` when the stream has ended."""
        while (block := await self.response.content.readuntil(b"\n\n")).endswith(b"\n\n"):
            kind, data = "message", []
            for line in block.decode().splitlines():
                name, _, value = line.partition(": ")
                match name:
                    case "event":
                        kind = value
                    case "data":
                        data.append(value)
                    case "id":
                        self.position = value
                    case "retry":
                        self.retry_milliseconds = int(value)
            if data:
                return Event(kind, "\n".join(data))
        return None

    async def told(self) -> dict[str, Any]:
        """The next change; nothing else comes before it, except signs of life."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (event := await self.next()) == Event("message", ""):
                pass
        assert event is not None, "the stream has ended"
        assert event.kind == "message", event
        change = json.loads(event.data)
        assert isinstance(change, dict)
        return change

    async def told_of(self, *tables: str) -> dict[str, Any]:
        """The next change to one of these tables."""
        while (change := await self.told())["table"] not in tables:
            pass
        return change

    async def asked_to_read_again(self) -> None:
        """The next event says that everything must be read."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            assert await self.next() == Event("resync", "")

    async def rest(self) -> list[Event]:
        """What comes until it ends."""
        events = []
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while event := await self.next():
                events.append(event)
        return events

    def close(self) -> None:
        """Go away."""
        self.response.close()


async def open_stream(
    client: Any, session_id: str, position: str = "", headers: dict[str, str] | None = None
) -> EventStream:
    """Open the stream of a session; ``client`` is aiohttp's, or the one of its tests."""
    returning = {"Last-Event-ID": position} if position else {}
    response = await client.get(f"{API}/sse/{session_id}", headers={**returning, **(headers or {})})
    response.raise_for_status()
    return EventStream(response, position)


def told(model: type[Model] | str, value: dict[str, Any] | str, operation: int) -> dict[str, Any]:
    """The change that tells of an object; of what has no time the id is enough."""
    named = isinstance(value, str)
    table = model if isinstance(model, str) else model.table
    return {
        "id": NIL_UUID if table in NAMELESS else value if named else value["id"],
        "operation": operation,
        "table": table,
        "updated": None if named or operation == DELETED else value["updated"],
    }
