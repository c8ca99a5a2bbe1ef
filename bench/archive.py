"""A household of five years as a file: making it up, saving it, and bringing it back through one API process.

20,000 transactions, 10,000 tasks, 5,000 events, 2,000 recipes and all else that a sample family has. However much
there is, a process must neither grow by it nor keep others waiting.
"""

from __future__ import annotations

import asyncio
import time
from datetime import date
from io import BytesIO

import aiohttp

from bench import household, servers
from bench.figures import Figure, at_most
from bench.stage import Stage
from homechart_api.sampling import seed
from homechart_common import sample
from homechart_common.postgresql.database import Database

_PLAN = sample.Plan(date(2026, 11, 24), years=5, activity=7)
_MIB = 1 << 20
#: How often somebody else asks meanwhile, in seconds.
_PAUSE = 0.02


async def measure(stage: Stage) -> list[Figure]:
    """All of them, once: each takes many seconds."""
    database = stage.database
    started = time.monotonic()
    await seed(database, _PLAN)
    seeded = time.monotonic() - started
    await household.tidy(database)
    home = await database.fetch_value(
        "SELECT id FROM auth_household WHERE name = %(name)s", {"name": sample.names()[0]}
    )
    rows = await _rows(database, home)
    async with servers.api(database.settings, stage.log) as server, aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{server.port}/api/v1"
        jane = await _signed_in(client, url, sample.addresses()[0])
        before = server.resident_bytes()
        started = time.monotonic()
        async with client.get(f"{url}/auth/households/{home}/export", headers=jane) as answer:
            archive = await answer.read()
        exported, grown = time.monotonic() - started, server.resident_bytes() - before
        await _forget(database)
        mine = {"x-homechart-id": stage.household.session_id, "x-homechart-key": stage.household.session_key}
        waits = asyncio.create_task(_longest_wait(client, url, mine))
        path = f"{url}/auth/households/{stage.household.id}/import"
        before, started = server.resident_bytes(), time.monotonic()
        async with client.post(path, headers=mine, data=BytesIO(archive)) as answer:
            if answer.status != 200:
                raise RuntimeError(await answer.text())
        imported = time.monotonic() - started
        grown_by_import = server.resident_bytes() - before
        waits.cancel()
        longest = await waits
    await _forget(database)
    return [
        at_most(
            "a household of five years, made up", seeded, 120, "s", f"{rows:,} rows of the kinds with most"
        ),
        at_most("the same, exported", exported, 30, "s", f"{len(archive) / _MIB:.1f} MiB"),
        at_most("what the process grew by", grown / _MIB, 40, "MiB"),
        at_most("the same, imported", imported, 120, "s"),
        at_most("what the process grew by then", grown_by_import / _MIB, 40, "MiB"),
        at_most("the longest that another request waited", 1000 * longest, 500, "ms"),
    ]


async def _rows(database: Database, home: str) -> int:
    count = await database.fetch_value(
        """SELECT (SELECT count(*) FROM budget_transaction WHERE auth_household_id = %(home)s)
            + (SELECT count(*) FROM plan_task WHERE auth_household_id = %(home)s)
            + (SELECT count(*) FROM calendar_event WHERE auth_household_id = %(home)s)
            + (SELECT count(*) FROM cook_recipe WHERE auth_household_id = %(home)s)""",
        {"home": home},
    )
    return int(count)


async def _signed_in(client: aiohttp.ClientSession, url: str, address: str) -> dict[str, str]:
    """The credentials of somebody of the sample."""
    async with client.post(
        f"{url}/auth/signin", json={"emailAddress": address, "password": address}
    ) as answer:
        [session] = (await answer.json())["dataValue"]
    return {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}


async def _forget(database: Database) -> None:
    """Take the sample families away."""
    await database.execute(
        "DELETE FROM auth_household WHERE name = ANY (%(names)s)", {"names": list(sample.names())}
    )
    await database.execute(
        "DELETE FROM auth_account WHERE email_address LIKE '%%@example.com' AND name = ANY (%(names)s)",
        {"names": ["Jane", "John", "Emma", "Noah", "Grandma", "Grandpa"]},
    )


async def _longest_wait(client: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> float:
    """The longest time that one small request after the other takes, until cancelled."""
    longest = 0.0
    try:
        while True:
            started = time.monotonic()
            async with client.get(f"{url}/bookmarks", headers=headers) as answer:
                await answer.read()
            longest = max(longest, time.monotonic() - started)
            await asyncio.sleep(_PAUSE)
    except asyncio.CancelledError:
        return longest
