"""A history: writers and followers at the same time, and servers to which things happen meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from homechart_common.models import registry
from tests.callers import Caller
from tests.sync.followers import (
    LISTS,
    ClockFollower,
    CursorFollower,
    EventCursorFollower,
    EventFollower,
    EventListFollower,
    Follower,
    ListFollower,
)
from tests.sync.people import People, settle, signed_in
from tests.sync.servers import Servers, persistently
from tests.sync.writers import ApiWriter, Landlord, SqlWriter, Writer

#: How long followers of each kind pause.
_PAUSES = ((ListFollower, 0.5), (CursorFollower, 0.2), (EventFollower, 0.1))
#: Whose followers wait for events before they ask, and how they ask then.
_PROMPTED = {
    "ann": EventCursorFollower,
    "vic": EventListFollower,
    "pam": EventCursorFollower,
    "lee": EventListFollower,
}
#: What becomes visible after something newer.
LATE = "Late"


class History:
    """Eight writers, twelve followers, and one who is misled."""

    def __init__(self, servers: Servers, seed: int) -> None:
        self._servers = servers
        self._database = servers.database
        self._seed = seed
        self._over = asyncio.Event()
        self.people: People
        self.writers: list[Writer] = []
        self.followers: list[Follower] = []
        self.misled: ClockFollower

    async def begin(self) -> None:
        """Everybody moves in."""
        self.people = people = await settle(self._database)
        self.writers = [SqlWriter(people, self.chance(f"sql {n}"), self._database) for n in range(4)]
        self.writers.append(Landlord(people, self.chance("landlord"), self._database))
        for account in (people.ann, people.bob, people.lee):
            caller = await self._caller(account)
            self.writers.append(ApiWriter(people, self.chance(account), caller))
        for name, account in people.followers.items():
            for kind in (ListFollower, CursorFollower, _PROMPTED[name]):
                caller = await self._caller(account)
                self.followers.append(kind(f"{kind.__name__} of {name}", caller))
        self.misled = ClockFollower("ClockFollower of ann", await self._caller(people.ann))

    def chance(self, name: str) -> random.Random:
        """A source of chance of somebody's own."""
        return random.Random(f"{self._seed} {name}")

    def __str__(self) -> str:
        lines = [f"{kind}: {count}" for kind, count in self.done.most_common()]
        lines.append(f"undone: {sum(writer.undone for writer in self.writers)}")
        lines += [f"{follower.name}: {dict(follower.answers)}" for follower in (*self.followers, self.misled)]
        return "\n".join(lines)

    async def _caller(self, account: str) -> Caller:
        return await signed_in(self._database, self._servers, account)

    @property
    def done(self) -> Counter[str]:
        """The objects that were written to, by what was done to them."""
        return sum((writer.done for writer in self.writers), Counter())

    async def run(self, operations: int, troubles: list[Callable[[], Awaitable[None]]]) -> None:
        """Let so many operations be done, while the troubles happen one after the other."""
        async with asyncio.TaskGroup() as following:
            tasks = [(f, following.create_task(f.follow(_pause(f)))) for f in (*self.followers, self.misled)]
            async with asyncio.TaskGroup() as writing:
                for writer in self.writers:
                    writing.create_task(writer.write_on(self._over))
                for number, trouble in enumerate(troubles, 1):
                    await self._reach(operations * number // (len(troubles) + 1))
                    await persistently(trouble)
                await self._reach(operations)
                self._over.set()
            await self._mislead()
            await self._say_something()
            for follower, task in tasks:
                if not isinstance(follower, EventFollower):
                    task.cancel()
                    await asyncio.wait([task])
                await follower.catch_up()
                task.cancel()

    async def _reach(self, operations: int) -> None:
        while self.done.total() < operations:  # noqa: ASYNC110  # it is counted in many places
            await asyncio.sleep(0.02)

    async def _mislead(self) -> None:
        """Something becomes visible only after something newer has been seen."""
        bookmark = (
            "INSERT INTO bookmark (auth_account_id, auth_household_id, short_id, name, link)"
            " VALUES (%(account)s, %(household)s, 'short', %(name)s, 'https://house.test')"
        )
        late = {"account": None, "household": self.people.cottage, "name": LATE}
        newer = {"account": self.people.ann, "household": None, "name": "Newer"}
        async with self._database.transaction() as held_open:
            await held_open.execute(bookmark, late)
            await self._database.execute(bookmark, newer)
            while "Newer" not in self.misled.names("Bookmark"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def _say_something(self) -> None:
        """Everybody is told something; who has been told that has been told all there is.

        Nobody's activity is noted any more, which would be a change if the day ended now.
        """
        await self._database.execute("UPDATE auth_account SET last_activity = now() + interval '1 day'")

    async def truth(self, caller: Caller) -> dict[str, bytes]:
        """All that somebody sees, rendered anew."""
        kept = await self._everything(caller)
        await self._servers.lose_cache()
        assert await self._everything(caller) == kept, "something out of date was kept"
        return kept

    async def _everything(self, caller: Caller) -> dict[str, bytes]:
        found = (await caller.call("GET", "/sync")).value["changed"]
        for model in LISTS:
            listed = await caller.list(model)
            values = listed.values if listed.status == 200 else []
            assert values == found.get(model.__name__, []), f"/sync and {model.path} differ"
        return {kind: orjson.dumps(rows) for kind, rows in found.items()}

    async def difference(self, follower: Follower) -> dict[str, int]:
        """By kind, in how many objects the copy of a follower differs from what it should be."""
        truth = await self.truth(follower.caller)
        if isinstance(follower, ListFollower):
            truth = {model.__name__: truth.get(model.__name__, b"[]") for model in LISTS}
        copies = {kind: _rendered(kind, rows) for kind, rows in follower.copy.items()}
        return {
            kind: _distance(truth.get(kind, b"[]"), copies.get(kind, b"[]"))
            for kind in truth.keys() | copies.keys()
            if truth.get(kind, b"[]") != copies.get(kind, b"[]")
        }


def _pause(follower: Follower) -> float:
    return next(seconds for kind, seconds in reversed(_PAUSES) if isinstance(follower, kind))


def _rendered(kind: str, rows: dict[str, dict[str, Any]]) -> bytes:
    """A copy in the order of lists."""
    order = registry[kind].order
    return orjson.dumps(sorted(rows.values(), key=lambda row: (row[order], row["id"])))


def _distance(one: bytes, other: bytes) -> int:
    rows = [{row["id"]: row for row in orjson.loads(text)} for text in (one, other)]
    differing = sum(rows[0].get(object_id) != rows[1].get(object_id) for object_id in rows[0] | rows[1])
    return differing or 1
