"""Months of the budget in which nothing happened."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_budget_months(context: Context) -> int:
    """Remove what is kept of months that are over and in which a category got nothing and did nothing."""
    return await delete(context, "budget_months")
