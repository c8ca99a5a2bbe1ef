"""What nobody was reminded of in time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby

from homechart_common.notify import messages, outbox
from homechart_common.notify.webpush import Actions
from homechart_common.postgresql.connection import Connection, Row
from homechart_worker.agenda import listed
from homechart_worker.missed import QUERIES
from homechart_worker.task import Context, task

_BATCH = 100
#: How much of a kind is named.
_MOST = 10
_KINDS = ("calendar_event", "cook_meal_plan", "plan_task")


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def missed_reminders(context: Context) -> int:
    """Tell each person in one message what they were not reminded of, if no worker ran for more than a day."""
    base_url = context.config.app.base_url

    async def work(connection: Connection) -> int:
        rows = await connection.fetch(QUERIES["claim"], {"limit": _BATCH, "most": _MOST})
        people = [(*person, list(kinds)) for person, kinds in groupby(rows, key=lambda row: (row[0], row[1]))]
        await outbox.enqueue_all(connection, [_envelope(*person, base_url) for person in people])
        return len(people)

    return await context.database.retrying(work)


def _envelope(account_id: str, language: str, kinds: Iterable[Row], base_url: str) -> outbox.Envelope:
    """What is mailed names only what would have been; a device is told that there was something."""
    found: dict[str, tuple[int, Iterable[str]]] = dict.fromkeys(_KINDS, (0, ()))
    mail = push = False
    for _, _, kind, count, names, mailed, pushed in kinds:
        found[kind] = (count, names)
        mail, push = mail or mailed, push or pushed
    page = messages.link("", "/calendar")
    link = messages.Link(base_url + page)
    message = messages.render("missed_reminders", language, link=link, **listed(found))
    return outbox.Envelope(message, account_id, mail=mail, push=outbox.Push(Actions(page)) if push else None)
