"""Events that are over."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_calendar_events(context: Context) -> int:
    """Remove events that ended more than `app.keepCalendarEventDays` ago and never come again."""
    return await delete(context, "calendar_events", days=context.config.app.keep_calendar_event_days)
