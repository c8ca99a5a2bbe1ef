"""Calendars of others."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from homechart_common import logger
from homechart_common.errors import InvalidInput, Unavailable
from homechart_common.fetch import NotAnswering
from homechart_common.icalendar.subscriptions import refresh
from homechart_common.postgresql import queries
from homechart_worker.task import Context, task

#: When somebody else may read a calendar whose reader has died.
_LEASE_SECONDS = 300.0
_QUERIES = queries.load("refresh")


class _Claim(NamedTuple):
    """A calendar to read. Its address is a secret of those who have it; only the host is for the log."""

    id: str
    url: str
    host: str
    is_open: bool


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True, parallel=4)
async def refresh_calendars(context: Context) -> int:
    """Read the calendars of others again, each every hour, or less often while that fails."""
    row = await context.database.fetch_row(_QUERIES["claim"], {"lease": _LEASE_SECONDS})
    if row is None:
        return 0
    claim = _Claim(*row)
    if claim.is_open:
        await _refresh(context, claim)
    return 1


async def _refresh(context: Context, claim: _Claim) -> None:
    database, calendar = context.database, {"id": claim.id, "url": claim.url}
    try:
        await refresh(database, context.fetcher, claim.id)
    except NotAnswering as error:
        _tell(claim, error.message)
        await database.execute(_QUERIES["server_failed"], {**calendar, "patience": error.patience_seconds})
    except InvalidInput as error:
        _tell(claim, error.message)
        await database.execute(_QUERIES["failed"], calendar)
    except Unavailable:
        raise
    except Exception:
        # a defect of ours, which must not come back with every lease
        await database.execute(_QUERIES["failed"], calendar)
        raise
    else:
        await database.execute(_QUERIES["succeeded"], calendar)


def _tell(claim: _Claim, reason: str) -> None:
    logger.notice("A calendar could not be read again", calendar=claim.id, host=claim.host, error=reason)
