from __future__ import annotations

import pkgutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homechart_worker import schedule, tasks
from homechart_worker.__main__ import commands
from homechart_worker.schedule import TASKS
from homechart_worker.task import Context, Task

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


async def idle(_: Context) -> int:
    return 0


def every(interval: timedelta, after: timedelta = timedelta()) -> Task:
    return Task("idle", "", idle, interval, timedelta(seconds=1), after=after)


@pytest.mark.parametrize(
    ("task", "slot"),
    [
        (every(timedelta(minutes=1)), datetime(2026, 11, 23, 2, 17, tzinfo=UTC)),
        (every(timedelta(minutes=5)), datetime(2026, 11, 23, 2, 15, tzinfo=UTC)),
        (every(timedelta(hours=1)), datetime(2026, 11, 23, 2, tzinfo=UTC)),
        (every(timedelta(days=1)), datetime(2026, 11, 23, tzinfo=UTC)),
        (every(timedelta(days=1), timedelta(hours=3)), datetime(2026, 11, 22, 3, tzinfo=UTC)),
        (every(timedelta(days=1), timedelta(hours=2)), datetime(2026, 11, 23, 2, tzinfo=UTC)),
    ],
)
def test_tasks_are_due_at_times_of_the_clock_on_the_wall(task: Task, slot: datetime) -> None:
    assert task.slot(datetime(2026, 11, 23, 2, 17, 46, 123456, tzinfo=UTC)) == slot
    assert task.slot(slot) == slot
    assert task.slot(slot + task.every) == slot + task.every


def test_every_file_of_a_task_is_in_the_table() -> None:
    assert {module.name for module in pkgutil.iter_modules(tasks.__path__)} == set(TASKS)


def test_the_commands_of_the_baseline_run_everything_once() -> None:
    run = [task for interval in schedule.SETS.values() for task in schedule.every(interval)]
    assert sorted(task.name for task in run) == sorted(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_says_what_it_does_in_a_sentence(name: str) -> None:
    assert TASKS[name].meaning.endswith(".")


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if not task.shared])
def test_only_tasks_that_claim_their_rows_are_run_side_by_side(name: str) -> None:
    assert TASKS[name].parallel == 1
    assert not TASKS[name].woken_by


def test_the_reference_pages_are_those_of_today() -> None:
    assert (REFERENCE / "tasks.md").read_text(encoding="utf-8") == schedule.reference()
    assert (REFERENCE / "homechart-worker.md").read_text(encoding="utf-8") == commands().reference()
