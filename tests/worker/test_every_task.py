"""What is promised of every task: it does its work once, whoever runs it how often, in time, and says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from homechart_common import metrics
from homechart_worker.schedule import TASKS
from homechart_worker.task import Context, Task, attempt, perform
from tests.worker.due import add_something_due, contents


@pytest.fixture
def context(context: Context) -> Context:
    """A worker of a house that keeps nothing for ever."""
    app = replace(
        context.config.app,
        keep_inactive_auth_account_days=180,
        rollup_budget_transactions_balance_months=12,
        rollup_budget_transactions_summary_months=6,
    )
    return replace(context, config=replace(context.config, app=app))


def figure(name: str, task: Task) -> float:
    """A figure of a task, as it is told to whoever asks."""
    start = f'homechart_task_{name}{{task="{task.name}"}} '
    lines = metrics.render().decode().splitlines()
    return next((float(line.removeprefix(start)) for line in lines if line.startswith(start)), 0)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
async def test_the_second_run_changes_nothing_and_figures_tell_of_both(context: Context, task: Task) -> None:
    database = context.database
    await add_something_due(database, task.name)
    before, rows = await contents(database), figure("rows_total", task)
    handled = await perform(task, context)
    once, last = await contents(database), figure("last_run_timestamp_seconds", task)
    assert handled >= 1
    assert once != before
    assert figure("rows_total", task) == rows + handled
    assert last > 1e9
    assert figure("duration_seconds", task) > 0
    assert await perform(task, context) == 0
    assert await contents(database) == once
    assert figure("rows_total", task) == rows + handled
    assert figure("last_run_timestamp_seconds", task) > last


async def test_workers_that_run_a_task_at_the_same_time_do_everything_once(context: Context) -> None:
    """Also one that one worker is to run: it can lose the lock while it works."""
    database = context.database
    for task in TASKS.values():
        for _ in range(3):
            await add_something_due(database, task.name)
        handled = await asyncio.gather(*(perform(task, context) for _ in range(4)))
        assert sum(handled) >= 1, task.name
        before = await contents(database)
        assert await perform(task, context) == 0, task.name
        assert await contents(database) == before, task.name


async def test_a_task_that_hangs_is_given_up_in_time_and_nothing_of_it_is_lost(context: Context) -> None:
    """What it waits for here is the database, in which somebody has locked everything."""
    database = context.database
    tables = ", ".join(f'"{table}"' for table in await contents(database))
    for task in TASKS.values():
        assert timedelta(seconds=1) <= task.timeout <= timedelta(minutes=5)
        await add_something_due(database, task.name)
        failures = figure("failure_total", task)
        async with database.transaction() as others:
            await others.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
            assert not await attempt(replace(task, timeout=timedelta(milliseconds=20)), context), task.name
        assert figure("failure_total", task) == failures + 1
        assert await perform(task, context) >= 1, task.name


async def test_a_run_that_failed_did_not_end_well(context: Context) -> None:
    await context.database.close()
    for task in TASKS.values():
        last, failures = figure("last_run_timestamp_seconds", task), figure("failure_total", task)
        assert not await attempt(task, context)
        assert figure("failure_total", task) == failures + 1, task.name
        assert figure("last_run_timestamp_seconds", task) == last, task.name
