"""The guide to sync says what is true: its commands work, and its numbers are those of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homechart_api import sse
from homechart_common.config import load
from homechart_common.models.sync import MOST_MISSED
from homechart_common.postgresql.database import Database
from tests.commands import ROOT, printed_in, tour, typed
from tests.processes import api_process

GUIDE = "docs/sync.md"


async def test_the_commands_do_what_the_guide_says(fresh_database: Database, tmp_path: Path) -> None:
    script = f"{tour()}\necho; echo THE GUIDE\n{printed_in(GUIDE)}"
    async with api_process(fresh_database.settings) as api:
        text = (await typed(script, api.url, tmp_path)).partition("THE GUIDE\n")[2]
    [everything] = json.loads((tmp_path / "sync.json").read_text())["dataValue"]
    assert everything["full"] is True
    assert {"AuthAccount", "AuthHousehold", "PlanTask", "ShopCategory"} <= everything["changed"].keys()

    status, bodies = text.split("\n", 1)
    assert status == "204"
    bodies, _, events = bodies.partition("retry: ")
    news, listed = _documents(bodies)
    [difference] = news["dataValue"]
    assert (difference["full"], difference["deleted"]) == (False, {})
    assert [task["name"] for task in difference["changed"]["PlanTask"]] == ["Buy soil"]
    assert [task["name"] for task in listed["dataValue"]] == ["Water the plants"]
    assert len(listed["dataIDs"]) == len(everything["changed"]["PlanTask"]) + 1
    for task in (*difference["changed"]["PlanTask"], *listed["dataValue"]):
        change = f'"id":"{task["id"]}","operation":2,"table":"plan_task","updated":"{task["updated"]}"'
        assert f"data: {{{change}}}\n\n" in events
    assert re.search(r"^id: [0-9a-f]+-[0-9a-f]+-[0-9.]+$", events, re.MULTILINE)


def _documents(text: str) -> Iterator[Any]:
    """The JSON texts in a text, one after the other."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].lstrip()


def test_the_numbers_are_those_of_the_code() -> None:
    guide = (ROOT / GUIDE).read_text(encoding="utf-8")
    assert MOST_MISSED == 1000
    assert "more than a thousand objects" in guide
    assert f"every {sse.BEAT_SECONDS} seconds" in guide
    assert f"more than {sse.MOST_UNREAD_BYTES // 1024} KiB unread" in guide
    assert f"`app.keepSyncDays` ({load(environment={}).app.keep_sync_days}) days" in guide
