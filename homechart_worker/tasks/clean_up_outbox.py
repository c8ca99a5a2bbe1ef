"""Messages that were delivered or given up."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task

#: Long enough to find out why somebody got no mail.
KEEP_DAYS = 14


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_outbox(context: Context) -> int:
    """Remove messages that were delivered or given up more than 14 days ago."""
    return await delete(context, "outbox", days=KEEP_DAYS)
