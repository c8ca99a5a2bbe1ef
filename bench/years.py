"""A busy family after one year and after five: what people wait for, and how that grows.

The sample of the command ``seed``, made twice. What somebody looks at has to be there at once however long they have
lived here; what did not change has to cost the same; and what is read as a whole may grow as its bytes do.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from bench import household, servers
from bench.figures import Figure, at_most, grown
from bench.stage import Stage
from homechart_api.sampling import seed
from homechart_common import clock, sample
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_common.security import hash_token

SHORT, LONG = 1, 5
#: How much a busy family does, in times of what the sample's does: 20,000 transactions in five years.
BUSY = 7
_WHO = "jane@example.com"

#: What somebody may have to wait, in milliseconds.
_MOST_MS = 300
#: How many times as much it may be after five years: what did not change, and each byte of what is read as a whole,
#: of which the processor's caches hold one year and not five.
_FLAT, _EACH_BYTE = 1.5, 2
_ANSWERS_PER_ROUND = 5
_SUCCESSES = (http.client.OK, http.client.NO_CONTENT, http.client.NOT_MODIFIED)
#: What is read as a whole.
_WHOLE = ("everything", "all tasks", "all events", "all recipes")

_SESSION = """
INSERT INTO auth_session (auth_account_id, key_hash, name, user_agent, expires)
SELECT id, %(key_hash)s, 'Bench', 'api', now() + interval '1 day' FROM auth_account WHERE email_address = %(who)s
"""
_COUNTS = """
SELECT (SELECT count(*) FROM budget_transaction) || ' transactions, ' || (SELECT count(*) FROM plan_task) || ' tasks, '
    || (SELECT count(*) FROM calendar_event) || ' events, ' || (SELECT count(*) FROM cook_recipe) || ' recipes, '
    || (SELECT count(*) FROM sync_change) || ' changes'
"""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody waited for an answer, in milliseconds (the median), and its size in bytes."""

    milliseconds: float
    size: int


class Member:
    """Somebody of the family, on one connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}
        #: That of the last answer, if it said one.
        self.version = ""

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> bytes:
        """The body of an answer, which must be a success."""
        given = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1{path}", content, given)
        with self._connection.getresponse() as response:
            answer = response.read()
            if response.status not in _SUCCESSES:
                raise RuntimeError(f"{method} {path} answers {response.status}: {answer[:200]!r}")
            self.version = response.headers.get("ETag", "")
        return answer

    def value(self, method: str, path: str) -> Any:
        """The whole of a JSON answer."""
        return json.loads(self.ask(method, path))


async def measure(stage: Stage) -> list[Figure]:
    """Each of them after five years, and beside it after one."""
    short, long = [await _lived(stage, years) for years in (SHORT, LONG)]
    return [figure for name in long for figure in _figures(name, short[name], long[name])]


def _figures(name: str, short: Wait, long: Wait) -> Iterator[Figure]:
    title = f"five years, {name}"
    if name.endswith("unchanged"):
        yield grown(title, long.milliseconds, short.milliseconds, "ms", _FLAT)
        return
    note = (
        f"{long.size / 1000:,.0f} kB; after one year {short.milliseconds:.1f} ms, {short.size / 1000:,.0f} kB"
    )
    yield at_most(title, long.milliseconds, _MOST_MS, "ms", note)
    if name in _WHOLE:
        each = [1e6 * wait.milliseconds / wait.size for wait in (long, short)]
        yield grown(f"{title}, each MB", *each, "ms", _EACH_BYTE)


async def _lived(stage: Stage, years: int) -> dict[str, Wait]:
    """What a family waits for that has lived here for so long."""
    name, key = f"years_{years}", str(uuid.uuid4())
    await stage.database.execute(f"CREATE DATABASE {name}")
    database = Database(replace(stage.database.settings, database=name))
    await database.open()
    try:
        await migrate(database)
        await seed(database, sample.Plan(clock.today("UTC"), years, BUSY))
        await household.tidy(database)
        print(f"{years} years: {await database.fetch_value(_COUNTS)}", file=sys.stderr, flush=True)
        await database.execute(_SESSION, {"key_hash": hash_token(key), "who": _WHO})
        async with servers.api(database.settings, stage.log) as server:
            return dict(_waits(Member(server.port, key), stage.rounds))
    finally:
        await database.close()


def _waits(member: Member, rounds: int) -> Iterator[tuple[str, Wait]]:
    """Everything that is measured, by its name."""

    def wait(ask: Callable[[], bytes], before: Callable[[], object] | None = None) -> Wait:
        took, size = [], 0
        for _ in range(rounds * _ANSWERS_PER_ROUND):
            if before:
                before()
            started = time.perf_counter()
            size = len(ask())
            took.append(1000 * (time.perf_counter() - started))
        return Wait(median(took), size)

    def get(path: str, **headers: str) -> Callable[[], bytes]:
        return lambda: member.ask("GET", path, **headers)

    for name, path in (
        ("tasks", "/plan/tasks"),
        ("events", "/calendar/events"),
        ("recipes", "/cook/recipes"),
    ):
        token = member.value("GET", path)["dataHash"]
        yield f"all {name}", wait(get(path))
        yield f"all {name}, unchanged", wait(get(path, x_homechart_hash=token))
    [known] = member.value("GET", "/sync")["dataValue"]
    yield "everything", wait(get("/sync"))
    yield "everything, unchanged", wait(get(f"/sync?cursor={known['cursor']}"))

    task = _Task(member)
    yield "ticking a task off", wait(task.turn)
    yield "all tasks when one changed", wait(get("/plan/tasks"), before=task.turn)
    yield "what changed in tasks since", wait(task.news, before=task.turn)
    yield "what changed in everything since", wait(get(f"/sync?cursor={known['cursor']}"))

    [home] = member.value("GET", "/auth/households")["dataValue"]
    account = member.value("GET", "/budget/accounts")["dataValue"][0]
    feed = member.value("PUT", "/icalendar")["dataValue"][0]["icalendarID"]
    yield "a month of the budget", wait(get(f"/budget/months/{home['id']}/0"))
    yield "a page of transactions", wait(get(f"/budget/accounts/{account['id']}/transactions"))
    yield "a chart of all years", wait(get(f"/charts/datasets/{home['id']}/3?from=100001&to=999912"))
    yield "the calendar feed", wait(get(f"/icalendar/{feed}.ics"))
    yield "the calendar feed, unchanged", wait(get(f"/icalendar/{feed}.ics", If_None_Match=member.version))


class _Task:
    """The newest task, and what the family's list of tasks was before it was turned last."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._list = member.value("GET", "/plan/tasks")
        self._path = f"/plan/tasks/{self._list['dataValue'][-1]['id']}"
        self._newest = max(task["updated"] for task in self._list["dataValue"])
        self._done = itertools.cycle((True, False))

    def turn(self) -> bytes:
        """Tick it off, or take that back."""
        return self._member.ask("PUT", self._path, {"done": next(self._done)})

    def news(self) -> bytes:
        """What a client that had the list before is told."""
        return self._member.ask(
            "GET",
            "/plan/tasks",
            x_homechart_hash=self._list["dataHash"],
            x_homechart_updated=self._newest,
        )
