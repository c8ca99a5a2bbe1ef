"""A push service for tests, and browsers that subscribe to it."""

from __future__ import annotations

import base64
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import http_ece
import orjson
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from homechart_common import clock
from homechart_common.addresses import is_public
from homechart_common.fetch import Fetcher
from homechart_common.models import AuthSession, rows
from homechart_common.postgresql.database import Queryable
from tests.factories import new_session
from tests.mail_server import CERTIFICATE
from tests.rogue_server import Names

_HOST = "localhost"


class Arrival(NamedTuple):
    """Something that was pushed: to which browser, with what headers, and what it read there."""

    browser: Browser
    headers: Mapping[str, str]
    said: dict[str, Any]


@dataclass
class Browser:
    """Where web push arrives, and the keys with which it is read."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )
    secret: bytes = field(default_factory=lambda: os.urandom(16), repr=False)

    @property
    def subscription(self) -> dict[str, str]:
        """What it tells the server, as the official client spells it."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": self.endpoint,
            "auth": base64.b64encode(self.secret).decode(),
            "p256": base64.b64encode(point).decode(),
        }

    async def subscribe(self, database: Queryable, account: str, **session: Any) -> str:
        """Sign an account in here, where it takes web push; the session's id."""
        made = await new_session(database, account, **session)
        await rows.overwrite(database, AuthSession, made.id, {"web_push": self.subscription})
        return made.id

    def read(self, body: bytes) -> dict[str, Any]:
        """What is in a message for it."""
        text = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        said = orjson.loads(text)
        assert isinstance(said, dict)
        return said


#: Answers a request to push.
Behaviour = Callable[[web.Request], Awaitable[web.Response]]


async def accept(_: web.Request) -> web.Response:
    """The answer of a service that takes everything."""
    return web.Response(status=201)


def refuse(status: int, text: str = "", **headers: str) -> Behaviour:
    """Answers with a status instead."""

    async def behave(_: web.Request) -> web.Response:
        return web.Response(
            status=status,
            text=text,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return behave


class PushService:
    """Takes what is pushed to its browsers if it is signed and sealed as it must be; answers can be changed."""

    def __init__(self) -> None:
        self.port = 0
        self.arrivals: list[Arrival] = []
        self.answer: Behaviour = accept
        self._browsers: dict[str, Browser] = {}
        self._behaviours: dict[str, Behaviour] = {}

    @property
    def origin(self) -> str:
        """Its address."""
        return f"https://{_HOST}:{self.port}"

    def browser(self) -> Browser:
        """A new browser that takes web push."""
        path = f"/push/{base64.urlsafe_b64encode(os.urandom(24)).decode()}"
        browser = self._browsers[path] = Browser(self.origin + path)
        return browser

    def at(self, path: str, behaviour: Behaviour) -> None:
        """Behave so at a path, whatever is sent there."""
        self._behaviours[path] = behaviour

    def fetcher(self, seconds: float = 2) -> Fetcher:
        """Reaches it as if it were on the internet, and waits so long for an answer."""
        trust = ssl.create_default_context(cafile=CERTIFICATE)
        return Fetcher(
            permits=lambda address: ip_address(address) == ip_address("127.0.0.1") or is_public(address),
            resolver=Names(localhost="127.0.0.1", inside_test="127.0.0.2"),
            trust=trust,
            seconds=seconds,
        )

    def told(self, browser: Browser) -> list[str]:
        """The subjects of what arrived at a browser, in order of the alphabet."""
        return sorted(arrival.said["subject"] for arrival in self.arrivals if arrival.browser is browser)

    def deliveries(self) -> Counter[str]:
        """How often each message arrived, by the id of its row in the outbox, which is its topic."""
        return Counter(str(UUID(bytes=_decoded(arrival.headers["Topic"]))) for arrival in self.arrivals)

    async def take(self, request: web.Request) -> web.Response:
        """Take a message, or refuse what a real service would."""
        if behaviour := self._behaviours.get(request.path):
            return await behaviour(request)
        browser = self._browsers.get(request.path)
        if browser is None:
            return web.Response(status=404)
        if not self._is_signed(request.headers["Authorization"]):
            return web.Response(status=403, text="wrong signature")
        body = await request.read()
        if request.headers["Content-Encoding"] != "aes128gcm" or len(body) > 4096:
            return web.Response(status=400)
        answer = await self.answer(request)
        if answer.status == 201:
            self.arrivals.append(Arrival(browser, request.headers, browser.read(body)))
        return answer

    def _is_signed(self, authorization: str) -> bool:
        parts = dict(part.strip().split("=", 1) for part in authorization.removeprefix("vapid ").split(","))
        *signed, signature = parts["t"].split(".")
        claims = orjson.loads(_decoded(signed[1]))
        lifetime = claims["exp"] - clock.now().timestamp()
        numbers = _decoded(signature)
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(parts["k"]))
        halves = encode_dss_signature(int.from_bytes(numbers[:32]), int.from_bytes(numbers[32:]))
        try:
            key.verify(halves, ".".join(signed).encode(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return (
            orjson.loads(_decoded(signed[0])) == {"typ": "JWT", "alg": "ES256"}
            and claims["aud"] == self.origin
            and 0 < lifetime <= 24 * 3600
            and urlsplit(claims["sub"]).scheme in ("https", "mailto")
        )


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """A running push service, on the loopback."""
    service = PushService()
    app = web.Application()
    app.router.add_post("/{path:.*}", service.take)
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    service.port = runner.addresses[0][1]
    try:
        yield service
    finally:
        await runner.cleanup()
