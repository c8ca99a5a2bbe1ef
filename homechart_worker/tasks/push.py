"""Delivering what waits in the outbox for people's devices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from homechart_common.notify import outbox, webpush
from homechart_common.notify.outbox import Pushed
from homechart_common.notify.server_keys import ServerKeys
from homechart_worker.delivery import attempt, cancel
from homechart_worker.task import Context, task

#: Seconds after which a message whose sender died is sent by another one; no attempt takes as long.
LEASE_SECONDS = 60.0


@task(
    every=timedelta(minutes=1),
    timeout=timedelta(minutes=5),
    shared=True,
    parallel=4,
    woken_by="notification",
)
async def push(context: Context) -> int:
    """Send what devices are to show, and again what could not be sent before."""
    claim = await outbox.claim_push(context.database, LEASE_SECONDS)
    if claim is None:
        return 0
    subscription = claim.subscription
    if subscription is None:
        await cancel(context, claim, "the account is told nothing on this device")
    elif claim.is_outdated:
        await cancel(context, claim, "it could not be sent for a day")
    else:
        await attempt(context, claim, lambda: _send(context, claim, subscription))
    return 1


async def _send(context: Context, claim: Pushed, subscription: Mapping[str, str]) -> None:
    keys = await ServerKeys(context.database, context.config.web_push).pair()
    message = webpush.document(claim.subject, claim.body, claim.actions)
    contact = webpush.contact(context.config)
    await webpush.send(context.fetcher, keys, contact, subscription, message, claim.id)
