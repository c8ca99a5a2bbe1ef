"""Tasks that are done."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_plan_tasks(context: Context) -> int:
    """Remove tasks that were done more than `app.keepPlanTaskDays` ago."""
    return await delete(context, "plan_tasks", days=context.config.app.keep_plan_task_days)
