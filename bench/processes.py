"""What two API processes behind one port give together, as ``app.reusePort`` lets them share it.

Nothing is claimed: on a machine of two cores, PostgreSQL and the load generator take their share of both. The
kernel gives each new connection to one of the processes, so there are many of them.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from statistics import median

from bench import household, servers
from bench.figures import Figure
from bench.stage import TASKS_PATH, Stage, load
from homechart_common.models import PlanTask
from homechart_common.models.lists import keep, read_list

_CONNECTIONS = 64
_MOST_ROUNDS = 5


async def measure(stage: Stage) -> list[Figure]:
    """Requests a second of two, beside those of one."""
    answer = await read_list(stage.database, PlanTask, stage.actor, "", None)
    assert answer is not None
    await keep(stage.database, answer.fresh)
    kinds = {
        "list of 200": stage.request("GET", TASKS_PATH),
        "the same, unchanged": stage.request("GET", TASKS_PATH, x_homechart_hash=answer.token),
        "create": stage.request("POST", TASKS_PATH, {"name": "New", "authHouseholdID": stage.household.id}),
    }
    return [await _compare(stage, name, request) for name, request in kinds.items()]


async def _compare(stage: Stage, name: str, request: str) -> Figure:
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(min(stage.rounds, _MOST_ROUNDS)):
        for number, measured in rates.items():
            measured.append(await _rate(stage, number, request))
            await household.forget_created(stage.database, stage.household)
    one, two = (median(rates[number]) for number in (1, 2))
    return Figure(
        f"two processes, {name}, {_CONNECTIONS} connections",
        f"{two:,.0f}/s",
        f"{one:,.0f}/s by one",
        f"{two / one:.2f} times",
    )


async def _rate(stage: Stage, number: int, request: str) -> float:
    port = servers.free_port()
    async with AsyncExitStack() as running:
        for _ in range(number):
            await running.enter_async_context(
                servers.api(stage.database.settings, stage.log, port=port, app_reuseport="true")
            )
        seen = await load([port], _CONNECTIONS, [request], seconds=stage.seconds, warm_up=4 * _CONNECTIONS)
    return float(seen["answers"] / seen["seconds"])
