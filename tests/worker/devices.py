"""What goes to devices, and what became of it, for the tests of web push."""

from __future__ import annotations

from typing import Any

from homechart_common.notify import messages, outbox
from homechart_common.notify.outbox import Envelope, Push
from homechart_common.notify.webpush import ON_TASKS, Actions
from homechart_worker.task import Context
from tests.people import add_account
from tests.push_service import Browser, PushService

SAID = messages.render("plan_task_reminder", "en", task="Iron", due="today", link=messages.Link(""))
ACTIONS = Actions("/plan/tasks?filter=upcoming", "the id", "plan_task", ON_TASKS)


async def say(context: Context, account: str, *, mail: bool = False, **push: Any) -> None:
    """Put a message into the outbox."""
    envelope = Envelope(SAID, account, mail=mail, push=Push(ACTIONS, **push))
    await outbox.enqueue_all(context.database, [envelope])


async def rows(context: Context) -> list[tuple[Any, ...]]:
    """How each message goes, its state, failed attempts and error; the oldest first."""
    return await context.database.fetch(
        """SELECT way, CASE WHEN sent IS NOT NULL THEN 'ended' WHEN send_start IS NOT NULL THEN 'claimed'
                WHEN send_after > now() THEN 'later' ELSE 'waiting' END, attempt, error
        FROM notification ORDER BY created, way"""
    )


async def subscriptions(context: Context) -> int:
    return int(
        await context.database.fetch_value("SELECT count(*) FROM auth_session WHERE web_push IS NOT NULL")
    )


async def make_due(context: Context) -> None:
    """Let the time until the next attempt pass."""
    await context.database.execute("UPDATE notification SET send_after = now() WHERE sent IS NULL")


async def wait_of(context: Context) -> float:
    """The seconds until the next attempt."""
    (seconds,) = await waits(context)
    return seconds


async def waits(context: Context) -> list[float]:
    """The seconds until the next attempt of each, in tens."""
    found = await context.database.fetch(
        "SELECT extract(epoch FROM send_after - now())::float FROM notification"
    )
    return [round(seconds, -1) for (seconds,) in found]


async def subscribed(context: Context, pushes: PushService) -> tuple[str, Browser]:
    """An account, signed in in a browser."""
    account, browser = await add_account(context.database), pushes.browser()
    await browser.subscribe(context.database, account)
    return account, browser
