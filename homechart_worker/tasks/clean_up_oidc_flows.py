"""People who were sent to a provider and never came back."""

from __future__ import annotations

from datetime import timedelta

from homechart_worker.clean_up import TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=timedelta(hours=1), timeout=TIMEOUT)
async def clean_up_oidc_flows(context: Context) -> int:
    """Forget who has begun to sign in with a provider and did not come back."""
    return await delete(context, "oidc_flows")
