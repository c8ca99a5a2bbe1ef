"""Servers that did not answer."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_calendar_hosts(context: Context) -> int:
    """Forget servers that did not answer and that nobody has a calendar at any more."""
    return await delete(context, "calendar_hosts")
