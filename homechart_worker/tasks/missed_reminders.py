"""What nobody was reminded of in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from homechart_common.notify import messages, outbox
from homechart_common.notify.webpush import Actions
from homechart_common.postgresql.connection import Connection
from homechart_worker.agenda import listed
from homechart_worker.missed import QUERIES
from homechart_worker.task import Context, task

_BATCH = 100
#: How much of a kind is named.
_MOST = 10


@dataclass
class _Person:
    """Somebody, and of each kind (a table) how many things they were not reminded of, and the last few."""

    account_id: str
    language: str
    found: dict[str, tuple[int, list[str]]] = field(
        default_factory=lambda: dict.fromkeys(("calendar_event", "cook_meal_plan", "plan_task"), (0, []))
    )
    mail: bool = False
    push: bool = False

    def envelope(self, base_url: str) -> outbox.Envelope:
        """All of it in one message."""
        page = messages.link("", "/calendar")
        link = messages.Link(base_url + page)
        message = messages.render("missed_reminders", self.language, link=link, **listed(self.found))
        push = outbox.Push(Actions(page)) if self.push else None
        return outbox.Envelope(message, self.account_id, mail=self.mail, push=push)


@task(every=timedelta(minutes=1), timeout=timedelta(seconds=60), shared=True)
async def missed_reminders(context: Context) -> int:
    """Tell each person in one message what they were not reminded of, if no worker ran for more than a day."""
    base_url = context.config.app.base_url

    async def work(connection: Connection) -> int:
        people: dict[str, _Person] = {}
        rows = await connection.fetch(QUERIES["claim"], {"limit": _BATCH, "most": _MOST})
        for account_id, language, kind, count, names, mail, push in rows:
            person = people.setdefault(account_id, _Person(account_id, language))
            person.found[kind] = (count, names)
            person.mail |= mail
            person.push |= push
        await outbox.enqueue_all(connection, [person.envelope(base_url) for person in people.values()])
        return len(people)

    return await context.database.retrying(work)
