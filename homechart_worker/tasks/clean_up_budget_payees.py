"""Payees that nobody pays."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_budget_payees(context: Context) -> int:
    """Remove payees without transactions, unless they are shops or something names them."""
    return await delete(context, "budget_payees")
