"""Challenges for passkeys that are over."""

from __future__ import annotations

from datetime import timedelta

from homechart_worker.clean_up import TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=timedelta(minutes=5), timeout=TIMEOUT)
async def clean_up_challenges(context: Context) -> int:
    """Remove what was to be signed by passkeys and was not."""
    return await delete(context, "challenges")
