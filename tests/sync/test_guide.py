"""The guide to sync says what is true: its commands work, and its numbers are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

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
    # one body after the other, and the events at the end
    bodies, _, events = bodies.partition("retry: ")
    news, listed = (answer for answer in _documents(bodies) if answer["dataType"] in ("Sync", "PlanTasks"))
    [difference] = news["dataValue"]
    assert (difference["full"], difference["deleted"]) == (False, {})
    assert [task["name"] for task in difference["changed"]["PlanTask"]] == ["Buy soil"]
    assert [task["name"] for task in listed["dataValue"]] == ["Water the plants"]
    assert len(listed["dataIDs"]) == len(everything["changed"]["PlanTask"]) + 1
    assert re.search(r'^data: \{"id":"[^"]+","operation":2,"table":"plan_task","updated":"', events, re.M)


def _documents(text: str) -> list[dict[str, object]]:
    decoder, found, position = json.JSONDecoder(), [], 0
    while position < len(text.rstrip()):
        document, position = decoder.raw_decode(text, position)
        found.append(document)
    return found


def test_the_numbers_are_those_of_the_code() -> None:
    guide = (ROOT / GUIDE).read_text(encoding="utf-8")
    assert MOST_MISSED == 1000
    assert "more than a thousand objects" in guide
    assert f"every {sse.BEAT_SECONDS} seconds" in guide
    assert f"more than {sse.MOST_UNREAD_BYTES // 1024} KiB unread" in guide
    assert f"`app.keepSyncDays` ({load(environment={}).app.keep_sync_days}) days" in guide
