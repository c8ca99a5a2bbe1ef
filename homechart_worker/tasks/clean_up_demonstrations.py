"""What visitors who looked around left behind."""

from __future__ import annotations

from datetime import timedelta

from homechart_worker.clean_up import TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=timedelta(hours=1), timeout=TIMEOUT)
async def clean_up_demonstrations(context: Context) -> int:
    """Remove households of demonstrations that are a day old, and before them who lives there."""
    return await delete(context, "demonstration_accounts") or await delete(context, "demonstrations")
