"""The outbox: messages that wait in PostgreSQL until a worker has delivered them.

Whoever has something to say calls :func:`enqueue` inside the transaction that it is about, so the message
exists exactly if what it tells of was committed. Workers :func:`claim` one message at a time; a claim lasts
for a lease, so that the message of a worker that died is taken up by another one. No transaction is open
while a mail server is talked to. A mail goes out twice only if its sender dies between the server's answer
and :func:`finish`; its row tells, as it has more claims than attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from homechart_common import tracing
from homechart_common.notify.messages import Kind, Message
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Queryable

#: The kind of what administrators write themselves.
ANNOUNCEMENT = "announcement"

#: How long to wait after each failed attempt, in seconds; after one more failure the message is given up. Some two
#: hours in all: with the baseline's five minutes each, a mail server that is restarted would cost every mail.
BACK_OFF_SECONDS = (60.0, 600.0, 7200.0)

_LONGEST_ERROR = 1000
_QUERIES = queries.load("notifications")


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is this worker's to deliver, or to hand on if it is ``for_everybody``.

    ``address`` is empty if it must not go out.
    """

    id: str
    claims: int
    attempt: int
    kind: Kind | Literal["announcement"]
    language: str
    subject: str
    body_markdown: str
    address: str
    for_everybody: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and whom it is for: an account, at its address when the message is sent, or ``to_smtp``.

    Children are never written to. An account whose address is not verified is, if the message is of the
    ``system``: about signing in and the account itself (contract §8.3).
    """

    message: Message
    account_id: str | None = None
    to_smtp: str = ""
    system: bool = False


async def enqueue(
    connection: Queryable,
    message: Message,
    *,
    to_smtp: str = "",
    account_id: str | None = None,
    system: bool = False,
) -> None:
    """Put a message into the outbox, in the caller's transaction; :class:`Envelope` says whom it is for."""
    await enqueue_all(connection, [Envelope(message, account_id, to_smtp, system)])


async def enqueue_all(connection: Queryable, envelopes: Iterable[Envelope]) -> None:
    """Put several messages into the outbox, in the caller's transaction."""
    rows = [
        {
            "kind": envelope.message.kind,
            "language": envelope.message.language,
            "subject": envelope.message.subject,
            "body": envelope.message.body_markdown,
            "to_smtp": envelope.to_smtp,
            "account_id": envelope.account_id,
            "system": envelope.system,
        }
        for envelope in envelopes
    ]
    if rows:
        await connection.execute(_QUERIES["enqueue"], {"messages": orjson.dumps(rows).decode()})


async def claim(connection: Queryable, lease_seconds: float) -> Claim | None:
    """A message that is due, for the caller alone while the lease lasts; ``None`` if there is none."""
    row = await connection.fetch_row(_QUERIES["claim"], {"lease": lease_seconds})
    return None if row is None else Claim(*row)


async def origin(connection: Queryable, claim: Claim) -> Mapping[str, str] | None:
    """What makes the delivery of a message a part of the trace of whoever wrote it, if that is traced."""
    if tracing.tracer is None:
        return None
    span = await connection.fetch_value(_QUERIES["origin"], {"id": claim.id})
    return {"traceparent": span} if span else None


async def hand_on(connection: Queryable, claim: Claim) -> None:
    """Make of a message for everybody one for each account that wants newsletters; those are delivered as usual."""
    await connection.execute(_QUERIES["hand_on"], {"id": claim.id})


async def finish(connection: Queryable, claim: Claim, error: str = "") -> None:
    """The message was delivered or, with an ``error``, never will be; holds even if the lease was over."""
    await connection.execute(_QUERIES["finish"], {"id": claim.id, "error": error[:_LONGEST_ERROR]})


async def fail(connection: Queryable, claim: Claim, error: str) -> None:
    """An attempt failed: it is repeated later, three times at most, then the message is given up."""
    if claim.attempt >= len(BACK_OFF_SECONDS):
        await finish(connection, claim, error)
        return
    delay = BACK_OFF_SECONDS[claim.attempt]
    mine = {"id": claim.id, "claims": claim.claims}
    await connection.execute(_QUERIES["retry"], {**mine, "error": error[:_LONGEST_ERROR], "delay": delay})


async def release(connection: Queryable, claim: Claim) -> None:
    """Give a claim back without an attempt, as a worker that stops does."""
    await connection.execute(_QUERIES["release"], {"id": claim.id, "claims": claim.claims})
