"""Delivering the mail that waits in the outbox."""

from __future__ import annotations

from datetime import timedelta

from homechart_common.config import Smtp
from homechart_common.notify import outbox, smtp
from homechart_common.notify.mail import compose
from homechart_common.notify.outbox import Mail
from homechart_worker.delivery import attempt, cancel
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
    claim = await outbox.claim_mail(context.database, context.config.smtp.lease_seconds)
    if claim is None:
        return 0
    if claim.for_several:
        await outbox.hand_on(context.database, claim)
    elif reason := _obstacle(context.config.smtp, claim):
        await cancel(context, claim, reason)
    else:
        await attempt(context, claim, lambda: _send(context, claim))
    return 1


def _obstacle(smtp: Smtp, claim: Mail) -> str:
    """Why a message is not to be sent at all; empty if it is (contract §8.3)."""
    if not smtp.is_enabled:
        return "mail is not configured"
    if not claim.address:
        return "the account gets no such mail"
    if not smtp.delivers_to(claim.address):
        return "the domain gets no mail"
    return ""


async def _send(context: Context, claim: Mail) -> None:
    config = context.config
    mail = compose(
        config, claim.address, claim.language, claim.subject, claim.body_markdown, identity=claim.id
    )
    await smtp.send(config.smtp, claim.address, mail)
