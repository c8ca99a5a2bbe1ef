"""The server keeps to its own document: schemathesis makes requests of it, good and bad, and checks the answers.

``HOMECHART_TEST_SEED`` makes other requests than the usual ones; a failure says with which seed it was found.
``HOMECHART_TEST_EXAMPLES`` makes another number of them (``make fuzz`` makes ten times as many). What is checked,
and what is not, is in ``schemathesis.toml``.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from homechart_api.route import Route
from homechart_api.routes import API, routes
from homechart_common.logger import STATUS_CLIENT_ERROR
from homechart_common.postgresql.database import Database
from tests.factories import new_account, new_household, new_session
from tests.processes import Running

SEED = os.environ.get("HOMECHART_TEST_SEED", "20231124")
#: Requests made up for each operation that has a handler of its own.
EXAMPLES = int(os.environ.get("HOMECHART_TEST_EXAMPLES", "100"))
#: All objects share their five handlers, so what is not seen at one of them is seen at another.
SHARED_EXAMPLES = max(1, EXAMPLES * 3 // 10)
PROGRAM = Path(sys.executable).parent / "schemathesis"
CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
#: After these the session is over, so nothing else would be tested with it.
ENDING = ("AuthAccountDelete", "AuthAccountSessionsDelete", "AuthSessionsDelete")


def group_of(route: Route) -> str:
    """What is tested together, as one request leads to another."""
    if route.model is not None:
        return route.model.__name__
    if route.operation in ENDING:
        return "ending"
    found = re.match(f"{API}/auth/(accounts|households|sessions)", route.path)
    return found[1] if found else "others"


GROUPS = sorted({group_of(route) for route in routes()})


@pytest.mark.parametrize("group", GROUPS)
async def test_the_server_keeps_to_its_document(
    database: Database, running: Running, tmp_path: Path, group: str
) -> None:
    account = await new_account(database)
    await new_household(database, account)
    session = await new_session(database, account)
    examples = EXAMPLES if group[0].islower() else SHARED_EXAMPLES
    arguments = [
        *(
            "--config-file",
            str(CONFIGURATION),
            "run",
            f"{running.url}/api/openapi.json",
            "--url",
            running.url,
        ),
        *("--seed", SEED, "--max-examples", str(examples), "--no-color"),
        *(part for name, value in session.headers.items() for part in ("--header", f"{name}: {value}")),
        *(
            part
            for route in routes()
            if group_of(route) == group
            for part in ("--include-operation-id", route.operation)
        ),
    ]
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *arguments, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, f"with the seed {SEED}\n{said.decode()}"
    assert running.process.returncode is None
    errors = [line for line in running.log.splitlines() if line.startswith("[ERROR]")]
    assert [line for line in errors if f"status={STATUS_CLIENT_ERROR}" not in line] == []
