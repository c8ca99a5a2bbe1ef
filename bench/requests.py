"""Requests a second: a list of 200 tasks, the same unchanged, creating and updating; one connection and 32.

Ours and the limit take turns, in changing order, and the median of the ratios of all rounds counts: what else the
machine does meanwhile hits both. Each round does the same amount of work on the same rows for both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import household, recorded, servers
from bench.figures import Figure, share
from bench.servers import Server
from bench.stage import TASKS_PATH, Stage, load
from homechart_common.models import PlanTask
from homechart_common.models.bodies import created_row, updated_row
from homechart_common.models.lists import keep, read_list

CONNECTIONS = (1, 32)
#: A household of two hundred tasks that others are added to is soon another household.
_WRITES = 400


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request, the answer it must get, and the share of the limit that is asked for.

    ``requests`` makes those of one round, for ours or for the limit, whose bodies are rows.
    """

    name: str
    least: float
    status: int
    requests: Callable[[int, bool], list[str]]
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What one round of load on one server gave."""

    rate: float
    cpu_microseconds: float


async def measure(stage: Stage) -> list[Figure]:
    """All of them."""
    parameters = await recorded.parameters(stage.database, stage.actor, stage.household.tasks[0])
    kinds = await _kinds(stage)
    settings = stage.database.settings
    async with (
        servers.api(settings, stage.log) as ours,
        servers.bare(settings, stage.log, json.dumps(parameters)) as limit,
    ):
        return [
            await _compare(stage, kind, connections, ours, limit)
            for kind in kinds
            for connections in CONNECTIONS
        ]


async def _kinds(stage: Stage) -> list[Kind]:
    """Reading comes first, from a list that is in the cache: it is there for both."""
    answer = await read_list(stage.database, PlanTask, stage.actor, "", None)
    assert answer is not None
    await keep(stage.database, answer.fresh)
    tasks: list[dict[str, Any]] = json.loads(f"[{answer.rows}]")
    # what a client says of a new task; an update sends the whole object back, as the official client does
    new = {name: tasks[0][name] for name in ("authHouseholdID", "name", "details", "dueDate", "tags")}

    def listing(_: int, __: bool) -> list[str]:
        return [stage.request("GET", TASKS_PATH)]

    def unchanged(_: int, __: bool) -> list[str]:
        return [stage.request("GET", TASKS_PATH, x_homechart_hash=answer.token)]

    def create(_: int, rows: bool) -> list[str]:
        return [stage.request("POST", TASKS_PATH, created_row(PlanTask, new, stage.actor) if rows else new)]

    def update(number: int, rows: bool) -> list[str]:
        """Two passes over all tasks, each of which gives each a name it did not have."""
        bodies = [
            {**task, "name": f"{task['name']}, {number}.{turn}.{rows:d}"}
            for turn in range(3)
            for task in tasks
        ]
        return [
            stage.request(
                "PUT",
                f"{TASKS_PATH}/{body['id']}",
                updated_row(PlanTask, body, stage.actor) if rows else body,
            )
            for body in bodies
        ]

    return [
        Kind("list of 200", 0.60, 200, listing),
        Kind("the same, unchanged", 0.45, 204, unchanged),
        Kind("create", 0.45, 200, create, writes=True),
        Kind("update", 0.45, 200, update, writes=True),
    ]


async def _compare(stage: Stage, kind: Kind, connections: int, ours: Server, limit: Server) -> Figure:
    pairs: list[tuple[Result, Result]] = []
    for number in range(stage.rounds):
        order = [(ours, False), (limit, True)]
        results = {}
        for server, rows in order if number % 2 else reversed(order):
            results[server] = await _round(stage, kind, connections, server, kind.requests(number, rows))
        pairs.append((results[ours], results[limit]))
    rates = [median(result.rate for result in side) for side in zip(*pairs, strict=True)]
    cpu = [median(result.cpu_microseconds for result in side) for side in zip(*pairs, strict=True)]
    return share(
        f"{kind.name}, {connections} connection{'s' * (connections > 1)}",
        *rates,
        ratio=median(ours.rate / limit.rate for ours, limit in pairs),
        least=kind.least,
        note=f"{cpu[0]:.0f} µs of CPU each, the limit {cpu[1]:.0f}",
    )


async def _round(stage: Stage, kind: Kind, connections: int, server: Server, requests: list[str]) -> Result:
    warm_up = 20 + 4 * connections
    before = server.cpu_seconds()
    seen = await load(
        [server.port],
        connections,
        requests,
        seconds=10 if kind.writes else stage.seconds,
        count=_WRITES if kind.writes else 1_000_000,
        warm_up=warm_up,
    )
    if seen["statuses"] != {str(kind.status): seen["answers"]}:
        raise RuntimeError(f"{kind.name}: {seen['statuses']} instead of {kind.status} only")
    if kind.writes:
        await household.forget_created(stage.database, stage.household)
    cpu = (server.cpu_seconds() - before) / (seen["answers"] + warm_up)
    return Result(seen["answers"] / seen["seconds"], cpu * 1e6)
