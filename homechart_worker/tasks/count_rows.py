"""How much there is on the server."""

from __future__ import annotations

from datetime import timedelta

from homechart_common import server_figures
from homechart_worker.clean_up import TIMEOUT
from homechart_worker.task import Context, task


@task(every=timedelta(hours=1), timeout=TIMEOUT)
async def count_rows(context: Context) -> int:
    """Count what there is, for the metrics of every process."""
    return await context.database.retrying(server_figures.count)
