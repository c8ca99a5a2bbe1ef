"""The tour in the README works, command by command, as it is printed there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from homechart_common.postgresql.database import Database
from tests.processes import api_process

README = Path(__file__).parents[1] / "README.md"


async def test_the_tour_does_what_it_says(fresh_database: Database) -> None:
    commands = re.findall(r"```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(commands) > 5
    async with api_process(fresh_database.settings) as api:
        # A person types slower than this: the listener is connected before anything happens, and hears of it.
        script = "\n".join(commands).replace("LISTENER=$!", "LISTENER=$!; sleep 1")
        script = script.replace("kill $LISTENER", "sleep 0.5; kill $LISTENER")
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-eu",
            "-o",
            "pipefail",
            "-c",
            script.replace("http://localhost:3000", api.url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await asyncio.wait_for(shell.communicate(), 30)
    text = output.decode()
    assert shell.returncode == 0, errors.decode() + text
    assert '"dataType":"AuthSession"' in text
    assert '"dataType":"ShopCategories"' in text
    assert '"name":"Water the plants"' in text
    assert '"done":true' in text
    assert re.search(r'data: \{"id":"[^"]+","operation":0,"table":"plan_task"', text)
    assert text.rstrip().endswith("204")
