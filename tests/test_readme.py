"""The tour in the README works, command by command, as it is printed there."""

from __future__ import annotations

import re
from pathlib import Path

from homechart_common.postgresql.database import Database
from tests.commands import tour, typed
from tests.processes import api_process


async def test_the_tour_does_what_it_says(fresh_database: Database, tmp_path: Path) -> None:
    async with api_process(fresh_database.settings) as api:
        text = await typed(tour(), api.url, tmp_path)
    assert '"dataType":"AuthSession"' in text
    assert '"dataType":"ShopCategories"' in text
    assert '"name":"Water the plants"' in text
    assert '"done":true' in text
    assert re.search(r'data: \{"id":"[^"]+","operation":0,"table":"plan_task"', text)
    assert text.rstrip().endswith("204")
