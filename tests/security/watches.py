"""All the ways there are to look at what is there and what changed, and somebody who looks."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.callers import API, Answer
from tests.security.everybody import Person

EARLIER, LATER = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


class Watch:
    """One person who looks at one kind of object."""

    def __init__(self, person: Person, model: type[Model]) -> None:
        self.person = person
        self.model = model
        self._streamed = b""
        self._cursor = self._token = ""

    async def begin(self) -> None:
        """Find out where things stand."""
        sync = await self.person.caller.call("GET", "/sync")
        self._cursor = sync.value["cursor"]
        self._token = (await self.person.caller.list(self.model)).token

    async def look(self) -> dict[str, str]:
        """What each way to look shows, as text."""
        caller = self.person.caller
        answers: dict[str, Answer] = {
            "list": await caller.list(self.model),
            "list since": await caller.list(self.model, updated=EARLIER),
            "list since token": await caller.list(self.model, token=self._token, updated=EARLIER),
            "index": await caller.list(self.model, updated=LATER),
            "sync": await caller.call("GET", "/sync"),
            "sync since": await caller.call("GET", f"/sync?cursor={self._cursor}"),
            "changes": await caller.call("GET", "/changes"),
        }
        return {way: json.dumps(answer.body) for way, answer in answers.items()}

    @asynccontextmanager
    async def listening(self, database: Database) -> AsyncIterator[None]:
        """Follow a stream, until it has told of a change to the person's account that is made at the end."""
        path = f"{API}/sse/{self.person.caller.headers['x-homechart-id']}"
        async with self.person.caller.client.get(path) as response:
            assert response.status == 200
            yield
            changed = await database.fetch_value(
                "UPDATE auth_account SET name = %(name)s WHERE id = %(id)s RETURNING wire_timestamp(updated)",
                {"name": uuid.uuid4().hex, "id": self.person.caller.account},
            )
            async with asyncio.timeout(10):
                while changed.encode() not in self._streamed:
                    piece = await response.content.readany()
                    assert piece, f"the stream of {self.person.name} ended"
                    self._streamed += piece

    def events_of(self, object_id: str) -> list[tuple[int, str | None]]:
        """What the stream told of an object: operations and times."""
        lines = (line.removeprefix(b"data: ") for line in self._streamed.splitlines())
        events = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [(event["operation"], event["updated"]) for event in events if event["id"] == object_id]
