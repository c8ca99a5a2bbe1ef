"""Accounts that nobody uses."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_auth_accounts(context: Context) -> int:
    """Remove accounts in no household that were not used for `app.keepInactiveAuthAccountDays`."""
    days = context.config.app.keep_inactive_auth_account_days
    return await delete(context, "auth_accounts", days=days) if days else 0
