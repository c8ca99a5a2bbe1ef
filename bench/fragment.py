"""A list from the cache against the same list rendered anew: what PostgreSQL takes, and what a client sees of it.

A write makes the rendered list worthless, so the list that is read next is rendered; once that has been kept, the
list that is read then comes from the cache. Each pair of readings follows a write of its own, and only the two
readings are timed. Writing the rendering into the cache happens after the answer and is in neither.

The claim is about the statement. A client's time has, on both sides, what HTTP costs for an answer of 120 kB.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import TypeVar

from bench import servers
from bench.figures import Figure
from bench.load import Connection, Seen
from bench.stage import TASKS_PATH, Stage
from homechart_common.models import PlanTask
from homechart_common.models.lists import ListAnswer, keep, read_list

_WARM_UP = 20
_PAIRS_PER_ROUND = 20
_LEAST = 3.0

T = TypeVar("T")

#: Times of a list that was rendered and of the same list from the cache, in seconds.
Pair = tuple[float, float]


async def measure(stage: Stage) -> list[Figure]:
    """How many times as fast."""
    number = _WARM_UP + _PAIRS_PER_ROUND * stage.rounds
    statement = [await _statements(stage, turn) for turn in range(number)][_WARM_UP:]
    async with servers.api(stage.database.settings, stage.log) as ours:
        connection = Connection("127.0.0.1", ours.port)
        client = [await _requests(stage, connection, turn) for turn in range(number)][_WARM_UP:]
        connection.socket.close()
    return [
        _figure("list of 200 from its fragment, the statement", statement, least=_LEAST),
        _figure("the same, as a client sees it", client),
    ]


def _figure(name: str, pairs: list[Pair], least: float | None = None) -> Figure:
    ratio = median(anew / cached for anew, cached in pairs)
    anew, cached = (median(side) * 1e3 for side in zip(*pairs, strict=True))
    return Figure(
        name,
        f"{cached:.2f} ms",
        f"{anew:.2f} ms anew",
        f"{ratio:.1f} times",
        f"≥ {least:g} times" if least else "",
        ratio >= least if least else None,
    )


async def _statements(stage: Stage, turn: int) -> Pair:
    async def read() -> ListAnswer:
        answer = await read_list(stage.database, PlanTask, stage.actor, "", None)
        assert answer is not None
        return answer

    await stage.database.execute(
        "UPDATE plan_task SET name = %(name)s WHERE id = %(id)s",
        {"name": f"Renamed for the {turn}th time", "id": _task(stage, turn)},
    )
    answer, anew = await _timed(read)
    await keep(stage.database, answer.fresh)
    _, cached = await _timed(read)
    return anew, cached


async def _requests(stage: Stage, connection: Connection, turn: int) -> Pair:
    async def read() -> None:
        _ask(connection, stage.request("GET", TASKS_PATH))

    name = {"name": f"Renamed by a client for the {turn}th time"}
    _ask(connection, stage.request("PUT", f"{TASKS_PATH}/{_task(stage, turn)}", name))
    _, anew = await _timed(read)
    await _kept(stage)
    _, cached = await _timed(read)
    return anew, cached


async def _timed(read: Callable[[], Awaitable[T]]) -> tuple[T, float]:
    started = time.perf_counter()
    answer = await read()
    return answer, time.perf_counter() - started


def _task(stage: Stage, turn: int) -> str:
    return stage.household.tasks[turn % len(stage.household.tasks)]


def _ask(connection: Connection, request: str) -> None:
    """Send a request and receive its whole answer."""
    seen = Seen()
    connection.send(request.encode())
    while not connection.receive(seen):
        pass
    if list(seen.statuses) != [200]:
        raise RuntimeError(f"answered {seen.statuses}")


async def _kept(stage: Stage) -> None:
    """Wait until the rendering is in the cache."""
    async with asyncio.timeout(5):
        while not await stage.database.fetch_value(
            "SELECT EXISTS (SELECT FROM cache WHERE owner_id = %(owner)s AND table_name = 'plan_task')",
            {"owner": stage.household.id},
        ):
            await asyncio.sleep(0.001)
