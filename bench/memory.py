"""What one API process occupies: as it stands idle after its start, and after everything it does for a household."""

from __future__ import annotations

import asyncio
from statistics import median

from bench import household, servers
from bench.figures import Figure, at_most
from bench.stage import TASKS_PATH, Stage, load

_MOST_IDLE_MIB = 90
_MOST_AFTER_LOAD_MIB = 130
_MIB = 1 << 20
_CONNECTIONS = 32
#: Long enough for what a process does only once after its start.
_SETTLED_SECONDS = 3


async def measure(stage: Stage) -> list[Figure]:
    """Resident memory."""
    idle, loaded = [], []
    for _ in range(min(stage.rounds, 3)):
        async with servers.api(stage.database.settings, stage.log) as ours:
            await asyncio.sleep(_SETTLED_SECONDS)
            idle.append(ours.resident_bytes())
            await _use(stage, ours.port)
            loaded.append(ours.resident_bytes())
    return [
        at_most("memory of one idle API process", median(idle) / _MIB, _MOST_IDLE_MIB, "MiB"),
        at_most("the same after load", median(loaded) / _MIB, _MOST_AFTER_LOAD_MIB, "MiB"),
    ]


async def _use(stage: Stage, port: int) -> None:
    """All kinds of requests on every connection that the pool may open."""
    task = f"{TASKS_PATH}/{stage.household.tasks[0]}"
    for requests in (
        [stage.request("GET", TASKS_PATH), stage.request("GET", TASKS_PATH, Accept_Encoding="gzip")],
        [stage.request("GET", "/api/v1/sync")],
        [stage.request("POST", TASKS_PATH, {"name": "New", "authHouseholdID": stage.household.id})],
        [stage.request("PUT", task, {"name": f"Renamed for the {number}th time"}) for number in range(100)],
        [stage.request("GET", "/api/openapi.json"), stage.request("GET", "/")],
    ):
        await load([port], _CONNECTIONS, requests, seconds=2 * stage.seconds)
    await household.forget_created(stage.database, stage.household)
