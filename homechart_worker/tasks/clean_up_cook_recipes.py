"""Recipes in the bin."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_cook_recipes(context: Context) -> int:
    """Remove recipes that were thrown away more than `app.keepDeletedDays` ago."""
    return await delete(context, "cook_recipes", days=context.config.app.keep_deleted_days)
