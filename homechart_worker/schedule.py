"""Every task and its time. The tasks themselves are in ``tasks/``, one a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from homechart_worker.task import Task
from homechart_worker.tasks.calendar_event_reminders import calendar_event_reminders
from homechart_worker.tasks.clean_up_auth_accounts import clean_up_auth_accounts
from homechart_worker.tasks.clean_up_budget_months import clean_up_budget_months
from homechart_worker.tasks.clean_up_budget_payees import clean_up_budget_payees
from homechart_worker.tasks.clean_up_cache import clean_up_cache
from homechart_worker.tasks.clean_up_calendar_events import clean_up_calendar_events
from homechart_worker.tasks.clean_up_calendar_hosts import clean_up_calendar_hosts
from homechart_worker.tasks.clean_up_challenges import clean_up_challenges
from homechart_worker.tasks.clean_up_cook_meal_plans import clean_up_cook_meal_plans
from homechart_worker.tasks.clean_up_cook_recipes import clean_up_cook_recipes
from homechart_worker.tasks.clean_up_demonstrations import clean_up_demonstrations
from homechart_worker.tasks.clean_up_health_logs import clean_up_health_logs
from homechart_worker.tasks.clean_up_notes_page_versions import clean_up_notes_page_versions
from homechart_worker.tasks.clean_up_notes_pages import clean_up_notes_pages
from homechart_worker.tasks.clean_up_outbox import clean_up_outbox
from homechart_worker.tasks.clean_up_plan_tasks import clean_up_plan_tasks
from homechart_worker.tasks.clean_up_secrets_values import clean_up_secrets_values
from homechart_worker.tasks.clean_up_sessions import clean_up_sessions
from homechart_worker.tasks.clean_up_sync import clean_up_sync
from homechart_worker.tasks.cook_meal_plan_reminders import cook_meal_plan_reminders
from homechart_worker.tasks.daily_agendas import daily_agendas
from homechart_worker.tasks.deliver import deliver
from homechart_worker.tasks.missed_reminders import missed_reminders
from homechart_worker.tasks.plan_task_reminders import plan_task_reminders
from homechart_worker.tasks.push import push
from homechart_worker.tasks.refresh_calendars import refresh_calendars
from homechart_worker.tasks.roll_up_budget_balance import roll_up_budget_balance
from homechart_worker.tasks.roll_up_budget_summary import roll_up_budget_summary

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        cook_meal_plan_reminders,
        plan_task_reminders,
        calendar_event_reminders,
        missed_reminders,
        daily_agendas,
        deliver,
        push,
        refresh_calendars,
        clean_up_cache,
        clean_up_challenges,
        clean_up_cook_meal_plans,
        clean_up_cook_recipes,
        clean_up_sessions,
        clean_up_demonstrations,
        roll_up_budget_summary,
        roll_up_budget_balance,
        clean_up_auth_accounts,
        clean_up_budget_months,
        clean_up_budget_payees,
        clean_up_calendar_events,
        clean_up_calendar_hosts,
        clean_up_health_logs,
        clean_up_notes_page_versions,
        clean_up_notes_pages,
        clean_up_outbox,
        clean_up_plan_tasks,
        clean_up_secrets_values,
        clean_up_sync,
    )
}

#: The commands of the baseline that run everything of one interval (contract §6.4).
SETS: dict[str, timedelta] = {
    "tasks-minute": timedelta(minutes=1),
    "tasks-minute-five": timedelta(minutes=5),
    "tasks-hour": timedelta(hours=1),
    "tasks-day": timedelta(days=1),
}


def every(interval: timedelta) -> list[Task]:
    """The tasks that are run once in an interval."""
    return [task for task in TASKS.values() if task.every == interval]


def words(interval: timedelta) -> str:
    """How often that is, in words."""
    minutes = round(interval.total_seconds() / 60)
    units = {1: "minute", 60: "hour", 24 * 60: "day"}
    return f"every {units.get(minutes, f'{minutes} minutes')}"


def reference() -> str:
    """The reference page of the tasks, as Markdown."""
    rows = "".join(f"| {' | '.join(_row(task))} |\n" for task in TASKS.values())
    return _INTRODUCTION + rows


def _row(task: Task) -> Iterator[str]:
    yield f"`{task.name}`"
    at_once = "at once, and " if task.woken_by else ""
    at = f" at {datetime.min + task.after:%H:%M}" if task.every >= timedelta(days=1) else ""
    yield f"{at_once}{words(task.every)}{at}"
    yield "all workers" if task.shared else "one worker"
    yield task.meaning


_INTRODUCTION = """\
# Tasks

What `homechart-worker run` does, and when. Any number of workers may run. Some tasks are run by all of them,
which divide the rows among themselves; the others are run by one worker, and if it goes another takes over
within seconds. Times are UTC. A time that passed while no worker ran is made up for once.

`homechart-worker run-once <task>` runs a task at once, whatever the time.

| Task | When | By | What it does |
| --- | --- | --- | --- |
"""
