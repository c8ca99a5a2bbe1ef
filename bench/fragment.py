"""A list from the cache against the same list rendered anew, as a client sees it on one connection.

A write makes the rendered list worthless, so the list that is read next is rendered; once that has been kept, the
list that is read then comes from the cache. Each pair of readings follows a write of its own, and only the two
readings are timed. Writing the rendering into the cache happens after the answer and is in neither.
"""

from __future__ import annotations

import asyncio
import time
from statistics import median

from bench import servers
from bench.figures import Figure
from bench.load import Connection, Seen
from bench.stage import TASKS_PATH, Stage

_WARM_UP = 20
_PAIRS_PER_ROUND = 20
_LEAST = 3.0


async def measure(stage: Stage) -> list[Figure]:
    """How many times as fast."""
    listing = stage.request("GET", TASKS_PATH).encode()
    pairs: list[tuple[float, float]] = []
    async with servers.api(stage.database.settings, stage.log) as ours:
        connection = Connection("127.0.0.1", ours.port)
        for number in range(_WARM_UP + _PAIRS_PER_ROUND * stage.rounds):
            name = {"name": f"Renamed for the {number}th time"}
            path = f"{TASKS_PATH}/{stage.household.tasks[number % len(stage.household.tasks)]}"
            _ask(connection, stage.request("PUT", path, name).encode())
            anew = _ask(connection, listing)
            await _kept(stage)
            pairs.append((anew, _ask(connection, listing)))
        connection.socket.close()
    measured = pairs[_WARM_UP:]
    ratio = median(anew / cached for anew, cached in measured)
    anew, cached = (median(side) * 1e3 for side in zip(*measured, strict=True))
    return [
        Figure(
            "list of 200 from its fragment",
            f"{cached:.2f} ms",
            f"{anew:.2f} ms anew",
            f"{ratio:.1f} times",
            f"≥ {_LEAST:g} times",
            ratio >= _LEAST,
        )
    ]


def _ask(connection: Connection, request: bytes) -> float:
    """Send a request and receive its whole answer; the seconds that took."""
    seen = Seen()
    started = time.perf_counter()
    connection.send(request)
    while not connection.receive(seen):
        pass
    seconds = time.perf_counter() - started
    if list(seen.statuses) != [200]:
        raise RuntimeError(f"answered {seen.statuses}")
    return seconds


async def _kept(stage: Stage) -> None:
    """Wait until the rendering is in the cache."""
    async with asyncio.timeout(5):
        while not await stage.database.fetch_value(
            "SELECT EXISTS (SELECT FROM cache WHERE owner_id = %(owner)s AND table_name = 'plan_task')",
            {"owner": stage.household.id},
        ):
            await asyncio.sleep(0.001)
