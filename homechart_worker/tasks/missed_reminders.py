"""What nobody was reminded of in time."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from homechart_common.notify import messages, outbox
from homechart_common.postgresql.connection import Connection
from homechart_worker.agenda import listed
from homechart_worker.missed import QUERIES
from homechart_worker.task import Context, task

_BATCH = 100
#: How much of a kind is named.
_MOST = 10


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def missed_reminders(context: Context) -> int:
    """Tell each person in one message what they were not reminded of, if no worker ran for more than a day."""
    link = messages.link(context.config.app.base_url, "/calendar")

    async def work(connection: Connection) -> int:
        people: dict[tuple[str, str], dict[str, tuple[int, list[str]]]] = defaultdict(
            lambda: {kind: (0, []) for kind in ("calendar_event", "cook_meal_plan", "plan_task")}
        )
        rows = await connection.fetch(QUERIES["claim"], {"limit": _BATCH, "most": _MOST})
        for account_id, language, kind, count, names in rows:
            people[account_id, language][kind] = (count, names)
        await outbox.enqueue_all(
            connection,
            [
                outbox.Envelope(
                    messages.render("missed_reminders", language, link=link, **listed(found)), account_id
                )
                for (account_id, language), found in people.items()
            ],
        )
        return len(people)

    return await context.database.retrying(work)
