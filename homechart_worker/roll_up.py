"""Making old transactions of the budget fewer, for the tasks named ``roll_up_...``."""

from __future__ import annotations

from datetime import date

from homechart_common import clock
from homechart_common.postgresql import queries

QUERIES = queries.load("rollup")


def months_ago(months: int) -> date:
    """The first day of the month so many months ago."""
    today = clock.today("UTC")
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, 1)
