"""One attempt to deliver a message, whichever way it goes, and recording how that went."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from homechart_common import logger, metrics
from homechart_common.errors import Unavailable
from homechart_common.fetch import NotAnswering
from homechart_common.log_lines import summary
from homechart_common.logger import trace
from homechart_common.notify import outbox
from homechart_common.notify.outbox import Claim, Mail, Pushed
from homechart_common.notify.webpush import Gone, Postponed, Refused
from homechart_common.postgresql.connection import Connection
from homechart_worker.task import Context


async def cancel(context: Context, claim: Claim, reason: str) -> None:
    """It is not to be delivered at all (contract §8.3)."""
    metrics.count_notification(_type(claim), "cancelled")
    await outbox.finish(context.database, claim, reason)


async def attempt(context: Context, claim: Mail | Pushed, send: Callable[[], Awaitable[None]]) -> None:
    """Send a message by ``send``, and record the outcome: delivered, to be repeated later, or given up.

    It ends what somebody's request began, so it belongs to that trace if there is one.
    """
    with trace("MessageDeliver", await outbox.origin(context.database, claim)):
        await _attempt(context, claim, send)


async def _attempt(context: Context, claim: Mail | Pushed, send: Callable[[], Awaitable[None]]) -> None:
    database = context.database
    try:
        await send()
    except asyncio.CancelledError:
        with suppress(Unavailable):
            await outbox.release(database, claim)
        raise
    except Gone as error:
        metrics.count_notification(_type(claim), "cancelled")
        reason = summary(error)
        await _write_down(lambda: database.retrying(lambda connection: _forget(connection, claim, reason)))
    except Refused as error:
        reason = _failed(claim, error)
        await _write_down(lambda: outbox.finish(database, claim, reason))
    except Postponed as error:
        reason, seconds = _failed(claim, error), error.seconds
        await _write_down(lambda: outbox.fail(database, claim, reason, seconds))
    except NotAnswering as error:
        reason = _failed(claim, error)
        await _write_down(lambda: outbox.fail(database, claim, reason, unanswered=True))
    # Whatever it was, also a defect of ours: it must not come back again and again.
    except Exception as error:
        reason = _failed(claim, error)
        await _write_down(lambda: outbox.fail(database, claim, reason))
    else:
        metrics.count_notification(_type(claim), "success")
        await _write_down(lambda: outbox.finish(database, claim))


async def _forget(connection: Connection, claim: Mail | Pushed, reason: str) -> None:
    await outbox.finish(connection, claim, reason)
    if isinstance(claim, Pushed):
        await outbox.forget(connection, claim)


def _failed(claim: Claim, error: Exception) -> str:
    reason = summary(error)
    metrics.count_notification(_type(claim), "failure")
    logger.notice(
        "A message could not be sent",
        type=_type(claim),
        error=reason,
        notification=claim.id,
        attempt=claim.attempt + 1,
    )
    return reason


def _type(claim: Claim) -> str:
    return "webpush" if isinstance(claim, Pushed) else "smtp"


async def _write_down(record: Callable[[], Awaitable[None]]) -> None:
    """Record what the other server said, even if PostgreSQL is away for a while: nobody else knows."""
    while True:
        try:
            return await record()
        except Unavailable:
            await asyncio.sleep(0.2)
