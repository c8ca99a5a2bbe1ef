"""Sessions that are over."""

from __future__ import annotations

from datetime import timedelta

from homechart_worker.clean_up import TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=timedelta(hours=1), timeout=TIMEOUT)
async def clean_up_sessions(context: Context) -> int:
    """Remove sessions that expired."""
    return await delete(context, "sessions")
