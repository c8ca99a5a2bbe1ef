"""Delivering what waits in the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from homechart_common import logger, metrics
from homechart_common.config import Smtp
from homechart_common.errors import Unavailable
from homechart_common.log_lines import summary
from homechart_common.logger import trace
from homechart_common.notify import outbox, smtp
from homechart_common.notify.mail import compose
from homechart_common.notify.outbox import Claim
from homechart_worker.task import Context, task


@task(
    every=timedelta(minutes=1),
    timeout=timedelta(minutes=5),
    shared=True,
    parallel=4,
    woken_by="notification",
)
async def deliver(context: Context) -> int:
    """Send the mail that waits in the outbox, and again what could not be sent before."""
    claim = await outbox.claim(context.database, context.config.smtp.lease_seconds)
    if claim is None:
        return 0
    if reason := _obstacle(context.config.smtp, claim):
        metrics.count_notification("smtp", "cancelled")
        await outbox.finish(context.database, claim, reason)
    elif claim.for_everybody:
        await outbox.hand_on(context.database, claim)
    else:
        with trace("MessageDeliver", await outbox.origin(context.database, claim)):
            await _send(context, claim)
    return 1


def _obstacle(smtp: Smtp, claim: Claim) -> str:
    """Why a message is not to be sent at all; empty if it is (contract §8.3)."""
    if not smtp.is_enabled:
        return "mail is not configured"
    if not (claim.subject or claim.body_markdown):
        return "there is nothing to mail"
    if claim.for_everybody:
        return ""
    if not claim.address:
        return "the account gets no such mail"
    if not smtp.delivers_to(claim.address):
        return "the domain gets no mail"
    return ""


async def _send(context: Context, claim: Claim) -> None:
    config, database = context.config, context.database
    try:
        mail = compose(
            config, claim.address, claim.language, claim.subject, claim.body_markdown, identity=claim.id
        )
        await smtp.send(config.smtp, claim.address, mail)
    except asyncio.CancelledError:
        with suppress(Unavailable):
            await outbox.release(database, claim)
        raise
    # Whatever it was, also a defect of ours: it must not come back again and again.
    except Exception as error:
        reason = summary(error)
        metrics.count_notification("smtp", "failure")
        logger.notice(
            "A mail could not be sent", error=reason, notification=claim.id, attempt=claim.attempt + 1
        )
        await _write_down(lambda: outbox.fail(database, claim, reason))
    else:
        metrics.count_notification("smtp", "success")
        await _write_down(lambda: outbox.finish(database, claim))


async def _write_down(record: Callable[[], Awaitable[None]]) -> None:
    """Record what the mail server said, even if PostgreSQL is away for a while: nobody else knows."""
    while True:
        try:
            return await record()
        except Unavailable:
            await asyncio.sleep(0.2)
