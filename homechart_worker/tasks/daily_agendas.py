"""What is on today."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from functools import lru_cache

from homechart_common import clock
from homechart_common.notify import outbox
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection, Row
from homechart_common.recurrence import Recurrence
from homechart_worker.agenda import MOST_NAMES, Agenda, Event
from homechart_worker.task import Context, task

_BATCH = 100
_QUERIES = queries.load("agenda")


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def daily_agendas(context: Context) -> int:
    """Tell people what is on today, at the time that they chose, where they are."""
    base_url = context.config.app.base_url
    now = clock.now()

    async def work(connection: Connection) -> int:
        # The next agenda is tomorrow's exactly if this one is in the outbox: both are one transaction.
        rows = await connection.fetch(_QUERIES["claim"], {"limit": _BATCH, "now": now})
        agendas = list(_wanted(rows))
        if agendas:
            await _fill(connection, agendas)
        await outbox.enqueue_all(connection, [agenda.envelope(base_url) for agenda in agendas])
        return len(rows)

    return await context.database.retrying(work)


def _wanted(rows: list[Row]) -> Iterator[Agenda]:
    for account_id, day, zone, language, preferences, is_news, mail, push in rows:
        if is_news and (mail or push):
            yield Agenda(account_id, day, zone, language, json.loads(preferences), mail, push)


async def _fill(connection: Connection, agendas: list[Agenda]) -> None:
    """Find what is on, for all of them at once."""
    known = {agenda.account_id: agenda for agenda in agendas}
    readers = json.dumps(
        [{"id": agenda.account_id, "day": str(agenda.day), "zone": agenda.zone} for agenda in agendas]
    )
    for account_id, kind, count, names in await connection.fetch(
        _QUERIES["items"], {"readers": readers, "most": MOST_NAMES}
    ):
        known[account_id].add(kind, count, names)
    for account_id, *event in await connection.fetch(_QUERIES["events"], {"readers": readers}):
        known[account_id].add_event(_event(*event))


def _event(
    name: str,
    start: date,
    at: time,
    zone: str,
    minutes: int,
    end: date | None,
    recurrence: str | None,
    skipped: Iterable[date],
) -> Event:
    rule = _rule(recurrence) if recurrence else None
    return Event(name, start, at, zone, minutes, end, rule, frozenset(skipped))


@lru_cache(maxsize=1000)
def _rule(text: str) -> Recurrence:
    """A rule; everybody in a household reads the same ones."""
    return Recurrence.read(json.loads(text))
