"""The history of pages."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_notes_page_versions(context: Context) -> int:
    """Remove the oldest versions of pages that have more than `app.keepNotesPageVersions`."""
    return await delete(context, "notes_page_versions", keep=context.config.app.keep_notes_page_versions)
