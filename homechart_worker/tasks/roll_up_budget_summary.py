"""Old transactions, one for each month and payee."""

from __future__ import annotations

from homechart_common.postgresql.connection import Connection
from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT
from homechart_worker.roll_up import QUERIES, months_ago
from homechart_worker.task import Context, task

#: How many transactions are made at once.
_BATCH = 100


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def roll_up_budget_summary(context: Context) -> int:
    """Make one of a payee's transactions in a month, `app.rollupBudgetTransactionsSummaryMonths` later."""
    months = context.config.app.rollup_budget_transactions_summary_months
    if months == 0:
        return 0

    async def work(connection: Connection) -> int:
        return await connection.execute(QUERIES["summary"], {"before": months_ago(months), "limit": _BATCH})

    return await context.database.retrying(work)
