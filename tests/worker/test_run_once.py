"""Tasks that somebody runs by hand, while workers run or none does."""

from __future__ import annotations

import pytest

from homechart_common.postgresql.database import Database
from homechart_worker import schedule
from tests.people import add_account, add_tasks
from tests.processes import Running, database_environment, start


async def run(database: Database, *arguments: str) -> Running:
    """The command ``homechart-worker arguments``, once it has ended."""
    process = await start("homechart_worker", *arguments, environment=database_environment(database.settings))
    await process.ended()
    return process


async def test_a_task_is_run_once_and_says_how_much_it_did(fresh_database: Database) -> None:
    await add_tasks(fresh_database, "Iron", "Wash", account=await add_account(fresh_database))
    for rows in (2, 0):
        ended = await run(fresh_database, "run-once", "plan_task_reminders")
        assert (ended.process.returncode, ended.log) == (0, f"plan_task_reminders: {rows} rows\n")
    assert await fresh_database.fetch_value("SELECT count(*) FROM notification") == 2


@pytest.mark.parametrize("command", schedule.SETS)
async def test_a_set_is_run_once(fresh_database: Database, command: str) -> None:
    ended = await run(fresh_database, command)
    assert ended.process.returncode == 0
    expected = [task.name for task in schedule.every(schedule.SETS[command])]
    said = dict(line.split(": ") for line in ended.log.splitlines())
    assert list(said) == expected
    # nothing is due in an empty house, but how little there is can always be counted
    assert {name for name, rows in said.items() if rows != "0 rows"} <= {"count_rows"}


async def test_a_task_that_does_not_exist_is_wrong_usage(fresh_database: Database) -> None:
    ended = await run(fresh_database, "run-once", "dance")
    assert ended.process.returncode == 1
    assert "invalid choice: 'dance'" in ended.log
