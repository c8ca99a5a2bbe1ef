"""Rendered lists."""

from __future__ import annotations

from datetime import timedelta

from homechart_worker.clean_up import TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=timedelta(minutes=5), timeout=TIMEOUT)
async def clean_up_cache(context: Context) -> int:
    """Remove rendered lists that are older than `app.cacheTTLMinutes`."""
    return await delete(context, "cache", minutes=context.config.app.cache_ttl_minutes)
