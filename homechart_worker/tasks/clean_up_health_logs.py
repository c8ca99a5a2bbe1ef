"""Old entries about somebody's health."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_health_logs(context: Context) -> int:
    """Remove health logs whose day is more than `app.keepHealthLogDays` ago."""
    return await delete(context, "health_logs", days=context.config.app.keep_health_log_days)
