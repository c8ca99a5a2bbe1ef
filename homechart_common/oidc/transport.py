"""Asking a provider over HTTP. What it answers is JSON, and bounded in time and size.

Who runs the server names its providers, so they may be anywhere, on the home network, too. That is why pages are
read by :mod:`homechart_common.fetch` and providers are not.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from homechart_common.fetch import Resolver
from homechart_common.version import VERSION

#: The most that is read of an answer.
MOST_BYTES = 512 * 1024
#: How much of what a provider says about a failure goes into the log.
_MOST_WORDS = 200

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"Homechart/{VERSION}"}


class ProviderError(Exception):
    """A provider did not answer, or said something that cannot be believed; the text is for whoever runs this."""


@dataclass(frozen=True)
class Transport:
    """Asks one provider, whose certificate ``tls`` knows how to check."""

    tls: ssl.SSLContext
    #: The longest that an answer may take in all.
    seconds: float = 10
    _resolver: Resolver = field(default_factory=Resolver)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The object at an address. Raises :class:`ProviderError`."""
        return await self._ask("GET", url, headers or {})

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The object that is answered to a form. Raises :class:`ProviderError`."""
        return await self._ask("POST", url, headers or {}, form)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            async with (
                asyncio.timeout(self.seconds),
                self._session() as session,
                session.request(method, url, data=form, headers=headers, allow_redirects=False) as response,
            ):
                return _object(url, response.status, await _body(response))
        except TimeoutError:
            raise ProviderError(f"{url} took longer than {self.seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ProviderError(f"{url} cannot be asked: {error}") from None

    def _session(self) -> aiohttp.ClientSession:
        """Connections that are used once, without cookies or proxies from the environment."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver, use_dns_cache=False, force_close=True, ssl=self.tls
        )
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
        )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ProviderError(f"{response.url} answered more than {MOST_BYTES // 1024} kB")
    return bytes(body)


def _object(url: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    if status != 200:
        why = (
            {name: str(said.get(name))[:_MOST_WORDS] for name in ("error", "error_description")}
            if isinstance(said, dict)
            else {}
        )
        raise ProviderError(f"{url} answered {status} {why or ''}".rstrip())
    if not isinstance(said, dict):
        raise ProviderError(f"{url} answered no JSON object")
    return said
