"""Event streams: what each costs, and how fast a change reaches a thousand listeners.

One process holds the streams of five households with a thousand signed-in devices each, and a task of one of these
households is changed again and again. A time runs from just before the client sends the change until a listener
has read the event: it includes the write itself.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench import household, servers
from bench.figures import Figure, at_most
from bench.stage import TASKS_PATH, Stage, load

_HOUSEHOLDS = 5
_DEVICES = 1_000
_MOST_KIB = 20
_MOST_MILLISECONDS = 50
#: Changes that come first and are not counted, as in the other measurements.
_WARM_UP = 3
#: Descriptors that a process needs beside those of its streams.
_OTHER_DESCRIPTORS = 200


async def measure(stage: Stage) -> list[Figure]:
    """Memory and time."""
    _allow_descriptors(_HOUSEHOLDS * _DEVICES + _OTHER_DESCRIPTORS)
    others = [await household.fill(stage.database) for _ in range(_HOUSEHOLDS - 1)]
    sessions = [
        session
        for home in (stage.household, *others)
        for session in await household.devices(stage.database, home, _DEVICES)
    ]
    await household.tidy(stage.database)
    writes = _WARM_UP + 5 * stage.rounds
    job = {
        "sessions": sessions,
        "listening": _DEVICES,
        "mark": '"table":"plan_task"',
        "requests": [_change(stage, number) for number in range(writes)],
    }
    async with servers.api(stage.database.settings, stage.log) as ours:
        await load([ours.port], 32, [stage.request("GET", TASKS_PATH)], seconds=1)
        before = ours.resident_bytes()
        async with _listeners({**job, "port": ours.port}) as told:
            each = (ours.resident_bytes() - before) / len(sessions)
            seconds = (await told())[_WARM_UP:]
    times = sorted(1000 * second for change in seconds for second in change)
    every = quantiles(times, n=100)
    last = median(1000 * max(change) for change in seconds)
    return [
        at_most(f"memory of one of {len(sessions):,} event streams", each / 1024, _MOST_KIB, "KiB"),
        at_most(
            f"a change reaches {_DEVICES:,} listeners, 99th percentile",
            every[98],
            _MOST_MILLISECONDS,
            "ms",
            f"{len(seconds)} changes; half arrive in {every[49]:.1f} ms, the last in {last:.1f} ms (median)",
        ),
    ]


def _change(stage: Stage, number: int) -> str:
    task = stage.household.tasks[number % len(stage.household.tasks)]
    return stage.request("PUT", f"{TASKS_PATH}/{task}", {"name": f"Told for the {number}th time"})


@asynccontextmanager
async def _listeners(job: dict[str, Any]) -> AsyncIterator[Any]:
    """The listening process with all its streams open; what it yields starts the writes and answers the times."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("listeners.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    async def ask(line: str) -> dict[str, Any]:
        process.stdin.write(f"{line}\n".encode())
        await process.stdin.drain()
        answer: dict[str, Any] = json.loads(await process.stdout.readline())
        return answer

    async def told() -> list[list[float]]:
        seconds: list[list[float]] = (await ask("go"))["seconds"]
        return seconds

    try:
        await ask(json.dumps(job))
        yield told
    finally:
        process.stdin.close()
        await process.wait()


def _allow_descriptors(needed: int) -> None:
    """Let the processes that are started from here open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
