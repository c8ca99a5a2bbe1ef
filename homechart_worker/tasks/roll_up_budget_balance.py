"""Very old transactions, one for each household."""

from __future__ import annotations

from homechart_common.ids import new_uuid
from homechart_common.postgresql.connection import Connection
from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT
from homechart_worker.roll_up import QUERIES, months_ago
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def roll_up_budget_balance(context: Context) -> int:
    """Make one of a household's transactions and months, `app.rollupBudgetTransactionsBalanceMonths` later."""
    months = context.config.app.rollup_budget_transactions_balance_months
    if months == 0:
        return 0
    before = months_ago(months)
    parameters = {"before": before, "month": before.year * 100 + before.month}

    async def work(connection: Connection) -> int:
        household = await connection.fetch_value(QUERIES["household_to_balance"], parameters)
        if household is None:
            return 0
        about = {**parameters, "household": household, "id": new_uuid(), "date": months_ago(months + 1)}
        for query in ("balance_entries", "balance_months", "balance_transactions"):
            await connection.execute(QUERIES[query], about)
        return 1

    return await context.database.retrying(work)
