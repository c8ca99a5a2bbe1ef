"""How often one address may call the routes that invite guessing, or make the server send mail (contract §2.6).

Each process counts for itself.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address, ip_address, ip_network

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import CLIENT_ADDRESS
from homechart_common import clock, logger
from homechart_common.errors import TooManyRequests

_SECONDS = {"S": 1, "M": 60, "H": 3600, "D": 86400}
#: The part of an IPv6 address that one household or host gets from its provider, in bits.
_IPV6_PREFIX = 64


class Limit(Enum):
    """Which calls of a route count."""

    NONE = ""
    EVERY = "every call"
    REFUSED = "calls that are refused"

    def __bool__(self) -> bool:
        return self is not Limit.NONE


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in so many seconds."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """The rate that a text such as ``10-M`` means; the form is the configuration's to check."""
        calls, _, period = text.partition("-")
        return cls(int(calls), _SECONDS[period])


@dataclass(slots=True)
class Window:
    """The calls of one address to one route since its first, until ``ends`` (seconds since 1970)."""

    ends: float
    most: int
    calls: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether there may be no further call."""
        return self.calls >= self.most

    def headers(self) -> dict[str, str]:
        """What a client is told."""
        return {
            "x-rate-limit-limit": str(self.most),
            "x-rate-limit-remaining": str(max(self.most - self.calls, 0)),
            "x-rate-limit-reset": str(round(self.ends)),
        }


class Limiter:
    """The windows that are open. All last equally long, so the first opened is the first to end."""

    def __init__(self, rate: Rate, bypass_key: str = "", *, most_windows: int = 50_000) -> None:
        self._rate = rate
        self._bypass_key = bypass_key
        self._most_windows = most_windows
        self._windows: OrderedDict[tuple[str, str], Window] = OrderedDict()

    def window(self, bucket: str, address: str) -> Window:
        """The window of an address for the routes that count together as ``bucket``."""
        now = clock.now().timestamp()
        while self._windows:
            oldest = next(iter(self._windows.values()))
            if oldest.ends > now and len(self._windows) < self._most_windows:
                break
            self._windows.popitem(last=False)
        key = (bucket, _subscriber(address))
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window(now + self._rate.seconds, self._rate.calls)
        return window

    def lets_pass(self, key: str) -> bool:
        """Whether this is the key that opens every door; without one configured there is none."""
        given = key.encode("utf-8", "surrogateescape")
        return bool(self._bypass_key) and hmac.compare_digest(self._bypass_key.encode(), given)

    def __len__(self) -> int:
        return len(self._windows)


def _subscriber(address: str) -> str:
    """Whom an address belongs to: with IPv6, one subscriber has many."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, _IPV6_PREFIX), strict=False))
    return address


LIMITER = web.AppKey("limiter", Limiter)
_WINDOW = web.RequestKey("window", Window)
_COUNTS_REFUSALS = web.RequestKey("counts_refusals", bool)


def limited(handler: Handler, limit: Limit, bucket: str) -> Handler:
    """``handler``, not more often than the limit of ``bucket`` allows. Raises :class:`TooManyRequests`."""
    if not limit:
        return handler

    async def within_limit(request: web.Request) -> web.StreamResponse:
        take(request, bucket, limit)
        return await handler(request)

    return within_limit


def take(request: web.Request, bucket: str, limit: Limit = Limit.EVERY, *, of: str = "") -> None:
    """Count a request in ``bucket``; raises :class:`TooManyRequests` when there have been enough of them.

    Those from one address count together or, if ``of`` says what they are about, those about that from anywhere.
    A client is told of the first bucket that a request counts in.
    """
    limiter = request.app[LIMITER]
    if limiter.lets_pass(request.headers.get("x-homechart-ratelimiterkey", "")):
        return
    whose = of or request[CLIENT_ADDRESS]
    window = limiter.window(bucket, whose)
    if _WINDOW not in request:
        request[_WINDOW] = window
    if window.exhausted:
        logger.notice("Too many requests", key=f"{whose} {bucket}")
        raise TooManyRequests
    if limit is Limit.EVERY:
        window.calls += 1
    else:
        request[_COUNTS_REFUSALS] = True


async def settle(request: web.Request, response: web.StreamResponse) -> None:
    """Count what was refused and tell the client where it stands, when the answer is sent."""
    window = request.get(_WINDOW)
    if window is None:
        return
    if request.get(_COUNTS_REFUSALS) and 300 <= response.status < 500:
        window.calls += 1
    response.headers.update(window.headers())
