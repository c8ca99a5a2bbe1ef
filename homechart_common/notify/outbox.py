"""The outbox: messages that wait in PostgreSQL until a worker has delivered them.

Whoever has something to say calls :func:`enqueue_all` inside the transaction that it is about, so the message
exists exactly if what it tells of was committed. Its mail is a row, and for each device there is one, so that an
attempt that fails repeats nothing that worked. Workers claim one row at a time (:func:`claim_mail`,
:func:`claim_push`); a claim lasts for a lease, so that the message of a worker that died is taken up by another
one. No transaction is open while another server is talked to. A message goes out twice only if its sender dies
between the server's answer and :func:`finish`; its row tells, as it has more claims than attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from homechart_common import tracing
from homechart_common.models.permissions import Component
from homechart_common.notify.messages import Kind, Message
from homechart_common.notify.webpush import Actions
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Queryable

#: The kind of what administrators write themselves.
ANNOUNCEMENT = "announcement"

#: How long to wait after each failed attempt, in seconds; after one more failure the message is given up. Some two
#: hours in all: with the baseline's five minutes each, a mail server that is restarted would cost every mail.
BACK_OFF_SECONDS = (60.0, 600.0, 7200.0)

#: How many devices of an account are told. Each is an address that somebody made up, and a request for every message.
MOST_DEVICES = 20
#: What has waited for a device for so long, in seconds, does not go there any more.
LONGEST_WAIT_SECONDS = 24 * 60 * 60.0

_LONGEST_ERROR = 1000
_QUERIES = queries.load("notifications")


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is this worker's to deliver."""

    id: str
    claims: int
    attempt: int
    kind: Kind | Literal["announcement"]


@dataclass(frozen=True, slots=True)
class Mail(Claim):
    """A message to mail, or one of an administrator that is to be handed on to its recipients first.

    ``address`` is empty if it must not go out.
    """

    language: str
    subject: str
    body_markdown: str
    address: str
    for_several: bool


@dataclass(frozen=True, slots=True)
class Pushed(Claim):
    """A message for one device. There is no ``subscription`` if it must not go out."""

    subject: str
    body: str
    actions: Mapping[str, Any]
    is_outdated: bool
    subscription: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Push:
    """That a message goes to the devices on which its account is signed in, and what it leads to there.

    A session that was given less than its account has is told only what it could see itself: what is in a
    ``component`` of the household, or of the account if there is none. With a ``subscription``, no other device
    is told.
    """

    actions: Actions = field(default_factory=Actions)
    component: Component | None = None
    household_id: str | None = None
    subscription: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and whom it is for: an account, at its address when the message is sent, or ``to_smtp``.

    Children are never written to. An account whose address is not verified is, if the message is of the
    ``system``: about signing in and the account itself (contract §8.3). Devices are another matter: whoever is
    signed in there reads it.
    """

    message: Message
    account_id: str | None = None
    to_smtp: str = ""
    system: bool = False
    mail: bool = True
    push: Push | None = None


async def enqueue(
    connection: Queryable,
    message: Message,
    *,
    to_smtp: str = "",
    account_id: str | None = None,
    system: bool = False,
) -> None:
    """Put a mail into the outbox, in the caller's transaction; :class:`Envelope` says whom it is for."""
    await enqueue_all(connection, [Envelope(message, account_id, to_smtp, system)])


async def enqueue_all(connection: Queryable, envelopes: Iterable[Envelope]) -> None:
    """Put several messages into the outbox, in the caller's transaction."""
    rows = [_row(envelope) for envelope in envelopes]
    if rows:
        parameters = {"messages": orjson.dumps(rows).decode(), "devices": MOST_DEVICES}
        await connection.execute(_QUERIES["enqueue"], parameters)


def _row(envelope: Envelope) -> dict[str, Any]:
    message, push = envelope.message, envelope.push
    row = {
        "kind": message.kind,
        "language": message.language,
        "subject": message.subject,
        "body": message.body_markdown,
        "push": message.push,
        "to_smtp": envelope.to_smtp,
        "account_id": envelope.account_id,
        "system": envelope.system,
        "mail": envelope.mail,
    }
    if push is None:
        return row
    return {
        **row,
        "actions": push.actions.to_json(),
        "component": push.component.value if push.component else "",
        "household_id": push.household_id,
        "subscription": push.subscription,
    }


async def origin(connection: Queryable, claim: Claim) -> Mapping[str, str] | None:
    """What makes the delivery of a message a part of the trace of whoever wrote it, if that is traced."""
    if tracing.tracer is None:
        return None
    span = await connection.fetch_value(_QUERIES["origin"], {"id": claim.id})
    return {"traceparent": span} if span else None


async def claim_mail(connection: Queryable, lease_seconds: float) -> Mail | None:
    """A mail that is due, for the caller alone while the lease lasts; ``None`` if there is none."""
    row = await connection.fetch_row(
        _QUERIES["claim_mail"], {"lease": lease_seconds, "announcement": ANNOUNCEMENT}
    )
    return None if row is None else Mail(*row)


async def claim_push(connection: Queryable, lease_seconds: float) -> Pushed | None:
    """The same for a message that goes to a device."""
    parameters = {"lease": lease_seconds, "longest": LONGEST_WAIT_SECONDS}
    row = await connection.fetch_row(_QUERIES["claim_push"], parameters)
    if row is None:
        return None
    identity, claims, attempt, kind, subject, body, actions, is_outdated, subscription = row
    return Pushed(
        identity,
        claims,
        attempt,
        kind,
        subject,
        body,
        {**Actions().to_json(), **orjson.loads(actions or "{}")},
        is_outdated,
        subscription and orjson.loads(subscription),
    )


async def hand_on(connection: Queryable, claim: Mail) -> None:
    """Make of what an administrator wrote a message for each recipient; those are delivered as usual."""
    await connection.execute(_QUERIES["hand_on"], {"id": claim.id})


async def finish(connection: Queryable, claim: Claim, error: str = "") -> None:
    """The message was delivered or, with an ``error``, never will be; holds even if the lease was over."""
    await connection.execute(_QUERIES["finish"], {"id": claim.id, "error": error[:_LONGEST_ERROR]})


async def forget(connection: Queryable, claim: Pushed) -> None:
    """The device takes no messages any more, so the account gets none there, unless it has subscribed anew."""
    subscription = orjson.dumps(claim.subscription).decode()
    await connection.execute(_QUERIES["forget"], {"id": claim.id, "subscription": subscription})


async def fail(
    connection: Queryable, claim: Claim, error: str, patience_seconds: float = 0, *, unanswered: bool = False
) -> None:
    """An attempt failed: it is repeated later, three times at most, then the message is given up.

    Later is no sooner than after ``patience_seconds``, and so is whatever else waits for the same device. If the
    push service is ``unanswered``, all that is for it waits a minute.
    """
    delay = max(BACK_OFF_SECONDS[min(claim.attempt, len(BACK_OFF_SECONDS) - 1)], patience_seconds)
    if isinstance(claim, Pushed):
        await connection.execute(_QUERIES["wait"], {"id": claim.id, "delay": delay})
        if unanswered:
            await connection.execute(
                _QUERIES["wait_for_service"], {"id": claim.id, "delay": BACK_OFF_SECONDS[0]}
            )
    if claim.attempt >= len(BACK_OFF_SECONDS):
        await finish(connection, claim, error)
        return
    mine = {"id": claim.id, "claims": claim.claims}
    await connection.execute(_QUERIES["retry"], {**mine, "error": error[:_LONGEST_ERROR], "delay": delay})


async def release(connection: Queryable, claim: Claim) -> None:
    """Give a claim back without an attempt, as a worker that stops does."""
    await connection.execute(_QUERIES["release"], {"id": claim.id, "claims": claim.claims})
