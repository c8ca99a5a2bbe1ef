"""The change log that clients follow."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_sync(context: Context) -> int:
    """Remove changes older than `app.keepSyncDays`, and those of accounts and households that are gone."""
    days = context.config.app.keep_sync_days
    return await delete(context, "sync", days=days) + await delete(context, "sync_of_nobody", days=days)
