"""Handing a message to the push service of a browser (RFC 8030, contract §8.3)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from yarl import URL

from homechart_common import clock
from homechart_common.config import Config
from homechart_common.errors import HomechartError
from homechart_common.fetch import Fetcher, Reply, patience_asked
from homechart_common.notify.base64url import decoded, encoded
from homechart_common.notify.encryption import MOST_BYTES, encrypted
from homechart_common.notify.vapid import KeyPair

#: What can be done from the message itself: 0 is to mark as done, 1 to be told again later. The official client has
#: them the other way round, so that what is no task has what that client takes for the latter (contract README, 14).
ON_TASKS, ON_OTHERS = (0, 1), (0,)

#: How long a service keeps a message for a device that is off: over a night and a flight, so that what is due does
#: not vanish because of it. The baseline's 0 reaches only devices that are on at that moment.
_TTL = timedelta(days=1)
#: A service that asks for patience is given no more than that.
_MOST_PATIENCE_SECONDS = 6 * 60 * 60.0
#: The subscription is over or was made for other keys than ours. Services differ in how they say the latter.
_GONE = frozenset({401, 403, 404, 410})
#: It may go better another time.
_PASSING = frozenset({408, 425, 429})


class Gone(HomechartError):
    """The subscription will never take a message again."""


class Refused(HomechartError):
    """This message will never be taken, though others may be."""


class Postponed(HomechartError):
    """It may be taken later, after ``seconds`` if the service said so."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Actions:
    """What a message leads to: a page of the client, and what can be done with the object that it is about.

    The page is a path, the object is named by its table and id; ``types`` are :data:`ON_TASKS` or
    :data:`ON_OTHERS`.
    """

    default: str = ""
    target: str = ""
    target_type: str = ""
    types: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As devices and administrators are shown it."""
        return {
            "default": self.default,
            "target": self.target,
            "targetType": self.target_type,
            "types": self.types,
        }


def document(subject: str, body: str, actions: Mapping[str, Any]) -> bytes:
    """What the browser decrypts (contract §8.3), with texts as much shorter as they must be to fit."""
    texts = {"subject": subject, "body": body}
    for name in ("body", "subject"):
        if len(_packed(texts, actions)) > MOST_BYTES:
            texts[name] = _fitting(texts, name, actions)
    return _packed(texts, actions)


async def send(
    fetcher: Fetcher,
    keys: KeyPair,
    contact: str,
    subscription: Mapping[str, str],
    message: bytes,
    identity: str,
) -> None:
    """Hand a message for one subscription over; once this returns, its push service is responsible for it.

    A message that is sent twice with the same ``identity`` replaces itself while it waits for the device. Raises
    :class:`Gone`, :class:`Refused` or :class:`Postponed`, and ``InvalidInput`` when no service was reached.
    """
    if len(message) > MOST_BYTES:
        raise Refused("the message is too long")
    try:
        body = encrypted(message, decoded(subscription["p256"]), decoded(subscription["auth"]))
        service = str(URL(subscription["endpoint"]).origin())
    except ValueError:
        raise Gone("the subscription has no usable keys or address") from None
    headers = {
        "Authorization": keys.authorization(service, contact, clock.now()),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": f"{_TTL.total_seconds():.0f}",
        "Topic": encoded(UUID(identity).bytes),
        # A device that saves power shows what is normal only when it is picked up again.
        "Urgency": "high",
        # Microsoft's service wants to know, and others ignore it.
        "X-WNS-Type": "wns/raw",
    }
    _judge(await fetcher.post(subscription["endpoint"], body, headers))


def contact(config: Config) -> str:
    """Where push services reach who runs this server; some of them insist on https or a mail address."""
    if config.app.base_url.startswith("https://") or not config.smtp.from_address:
        return config.app.base_url
    return f"mailto:{config.smtp.from_address}"


def _judge(reply: Reply) -> None:
    if 200 <= reply.status < 300:
        return
    said = f"the push service answered {reply.status} {reply.words}".rstrip()
    if reply.status in _GONE:
        raise Gone(said)
    if reply.status in _PASSING or reply.status >= 500:
        raise Postponed(said, min(patience_asked(reply.retry_after), _MOST_PATIENCE_SECONDS))
    raise Refused(said)


def _packed(texts: Mapping[str, str], actions: Mapping[str, Any]) -> bytes:
    return orjson.dumps({**texts, "actions": actions})


def _fitting(texts: Mapping[str, str], name: str, actions: Mapping[str, Any]) -> str:
    """The beginning of one of the texts, so much that all of them fit; empty if that is not enough."""

    def length(kept: int) -> int:
        return len(_packed({**texts, name: f"{texts[name][:kept]}…"}, actions))

    most = bisect_right(range(len(texts[name])), MOST_BYTES, key=length) - 1
    return f"{texts[name][:most]}…" if most > 0 else ""
