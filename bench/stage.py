"""What every part of the bench stands on: a PostgreSQL with a filled household, our server, the limit, and load."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import household
from bench.household import Household
from homechart_common.models.permissions import Actor
from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate

TASKS_PATH = "/api/v1/plan/tasks"


@dataclass(frozen=True, slots=True)
class Stage:
    """A database as it is in real use (nothing is switched off that makes it safe), and a household in it."""

    database: Database
    household: Household
    actor: Actor
    #: Where the servers write what they have to say.
    log: Path
    #: How often each measurement is repeated, and how long one may take.
    rounds: int
    seconds: float
    quick: bool = False

    def request(self, method: str, path: str, body: object = None, **headers: str) -> str:
        """A request of the household's session, as it goes over the wire."""
        content = "" if body is None else json.dumps(body)
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: localhost",
            "Accept: application/json",
            f"x-homechart-id: {self.household.session_id}",
            f"x-homechart-key: {self.household.session_key}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        if content:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content.encode())}"]
        return "\r\n".join([*lines, "", content])


@asynccontextmanager
async def prepared(*, quick: bool) -> AsyncIterator[Stage]:
    """A stage in a temporary folder, all of which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="homechart-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run as another account and has to reach its folder
        settings = await embedded.start(folder / "postgresql")
        database = Database(settings)
        try:
            await database.open()
            await migrate(database)
            await database.execute("CALL sync_epoch_renew()")
            made = await household.fill(database)
            actor = await household.actor_of(database, made)
            rounds, seconds = (3, 0.5) if quick else (11, 1.0)
            yield Stage(database, made, actor, folder / "log", rounds, seconds, quick)
        finally:
            await database.close()
            await embedded.stop(folder / "postgresql")


async def load(
    ports: list[int],
    connections: int,
    requests: list[str],
    *,
    seconds: float,
    count: int = 1_000_000,
    warm_up: int = 0,
) -> dict[str, Any]:
    """Run the load generator and return what it saw; see :mod:`bench.load`."""
    job = {
        "ports": ports,
        "connections": connections,
        "requests": requests,
        "seconds": seconds,
        "count": count,
        "warm_up": warm_up,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("load.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", "")},
    )
    output, _ = await process.communicate(json.dumps(job).encode())
    if process.returncode:
        raise RuntimeError("the load generator failed")
    seen: dict[str, Any] = json.loads(output)
    return seen
