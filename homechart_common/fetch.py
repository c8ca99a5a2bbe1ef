"""Requests to addresses that people give us, without reaching anything that only this server can reach.

Whether an address is public is asked when a socket is made for it, so it is asked of the very address that is
connected to: names that resolve to something else the second time, numbers in disguise and redirects gain
nothing. What comes back is bounded in time and, when unpacked, in size.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from homechart_common import clock
from homechart_common.addresses import is_public
from homechart_common.errors import InvalidInput
from homechart_common.version import VERSION

#: The most that is read, unpacked.
MOST_BYTES = 5 * 1024 * 1024
#: How many pages one process reads at once.
AT_ONCE = 8

_MOST_REDIRECTS = 5
_LONGEST_ADDRESS = 2000
_MOST_WORDS = 300
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
#: What servers answer that have too much to do, or nobody behind them.
_BUSY = frozenset({429, 502, 503, 504})
#: However long a server asks to be left alone.
_MOST_PATIENCE = 7 * 24 * 60 * 60.0
#: How texts on the web are encoded. Python knows more, some of which take for ever to decode (``punycode``) or
#: leave halves of characters behind (``unicode_escape``).
_CHARSET = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|latin-?1|iso-?8859-?\d{1,2}|windows-\d{3,4}|cp125\d|macintosh|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|euc-(jp|kr)|shift[_-]jis|iso-2022-jp"
)
#: How many names one process looks up at once.
_MOST_LOOK_UPS = 32

#: Some sites answer nothing to programs that do not call themselves a browser's likeness.
_USER_AGENT = f"Mozilla/5.0 (compatible; Homechart/{VERSION})"


@dataclass(frozen=True, slots=True)
class Page:
    """What was found at an address."""

    #: Where it really was, after redirects.
    url: str
    content_type: str
    #: How it says that its text is encoded, in lower case, if it says so and texts are encoded like that.
    charset: str | None
    body: bytes
    #: By which the server recognises this version of it; empty when it has no such thing.
    etag: str
    last_modified: str
    #: Whether the caller has it already; then the body is empty.
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said to something that was posted."""

    status: int
    #: When it wants to be asked again, as it said it; empty when it did not.
    retry_after: str
    #: The beginning of what it said in words, in one line.
    words: str


class Resolver(AbstractResolver):
    """Looks names up in threads of its own that nobody waits for.

    A name server that somebody controls can take minutes not to answer. In the event loop's threads that
    would stop whatever else needs them, such as hashing passwords, and the process from ending.
    """

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_MOST_LOOK_UPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises :class:`OSError` when there are none."""
        if not self._free.acquire(blocking=False):
            raise OSError("too many names are being looked up")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def look_up() -> None:
            outcome: list[ResolveResult] | Exception
            try:
                outcome = _addresses(host, port, family)
            except (OSError, ValueError) as error:
                outcome = error
            self._free.release()
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_settle, found, outcome)

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Nothing is kept."""


@dataclass(frozen=True)
class Fetcher:
    """Reads pages, and posts. Only tests have reasons for other ``permits``, which says where sockets may go."""

    permits: Callable[[str], bool] = is_public
    resolver: AbstractResolver = field(default_factory=Resolver)
    #: The longest that a request may take in all.
    seconds: float = 10
    #: Whose certificates are believed, if others than the system's.
    trust: ssl.SSLContext | None = None
    _free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    async def fetch(
        self, url: str, kinds: Collection[str], *, etag: str = "", last_modified: str = ""
    ) -> Page:
        """What is at an address, if it is of one of these media types.

        With what the caller has of the page it had before, the page may be answered as ``unchanged``. Raises
        :class:`InvalidInput` that names ``url`` and says why there is nothing.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        known = {name: value for name, value in conditions.items() if value}
        asked: list[URL] = []
        try:
            with _failures_explained(self.seconds):
                async with asyncio.timeout(self.seconds), self._free, self._session() as session:
                    return await _follow(session, _parsed(url), kinds, known, asked)
        except NotAnswering as error:
            if len({where.origin() for where in asked}) > 1:
                # The server at the address did answer: it is not to blame for where that leads.
                raise InvalidInput(error.message) from None
            raise

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post to an https address, and what its server says to that, wherever it would lead.

        Raises :class:`InvalidInput` that names ``url`` and says why nobody said anything.
        """
        address = _parsed(url)
        if address.scheme != "https":
            raise _refused("must be an https:// address")
        with _failures_explained(self.seconds):
            async with (
                asyncio.timeout(self.seconds),
                self._free,
                self._session() as session,
                session.post(address, data=body, headers=headers, allow_redirects=False) as response,
            ):
                words = await response.content.read(_MOST_WORDS)
                return Reply(response.status, response.headers.get("Retry-After", ""), _in_words(words))

    def _session(self) -> aiohttp.ClientSession:
        """Connections that are used once, without cookies, credentials, or proxies from the environment."""
        connector = aiohttp.TCPConnector(
            resolver=self.resolver,
            use_dns_cache=False,
            force_close=True,
            socket_factory=self._socket,
            ssl=self.trust or True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip"},
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
        )

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket that will be connected to the address in ``info``, if that is allowed."""
        family, kind, protocol, _, address = info
        if not self.permits(address[0]):
            raise _NotPublic
        return socket.socket(family, kind, protocol)


class NotAnswering(InvalidInput):
    """The server at an address answers nobody just now; asking for something else there would do no better.

    ``patience_seconds`` is for how long it asked to be left alone.
    """

    patience_seconds = 0.0

    @classmethod
    def because(cls, problem: str, patience_seconds: float = 0) -> NotAnswering:
        """What is said about the address."""
        error = cls(f"url: {problem}")
        error.patience_seconds = patience_seconds
        return error


class _NotPublic(OSError):
    """An address is not on the public internet. An ``OSError``, so that the next one of a name is tried."""

    def __str__(self) -> str:
        return "not public"


def _refused(problem: str) -> InvalidInput:
    return InvalidInput.field("url", problem)


@contextmanager
def _failures_explained(seconds: float) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise NotAnswering.because(f"took longer than {seconds:g} seconds to read") from None
    except aiohttp.ClientConnectorCertificateError:
        raise NotAnswering.because("leads to a server without a valid certificate") from None
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, _NotPublic):
            raise _refused("must be an address on the public internet") from None
        raise NotAnswering.because("leads to nothing that answers") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise _refused("leads to nothing that can be read") from None


async def _follow(
    session: aiohttp.ClientSession,
    url: URL,
    kinds: Collection[str],
    known: Mapping[str, str],
    asked: list[URL],
) -> Page:
    """What is at an address, or where that leads; ``asked`` becomes the addresses on the way."""
    headers = {"Accept": ", ".join(kinds), **known}
    for _ in range(_MOST_REDIRECTS + 1):
        asked.append(url)
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or target is None:
                return await _read(response, kinds, conditional=bool(known))
        url = _parsed(target, url)
    raise _refused(f"leads on to more than {_MOST_REDIRECTS} other addresses")


def _parsed(text: str, base: URL | None = None) -> URL:
    """The address that a text spells, perhaps from the page at ``base``; what cannot be fetched is refused."""
    if len(text) > _LONGEST_ADDRESS:
        raise _refused(f"must be an address of at most {_LONGEST_ADDRESS} characters")
    url = URL(text.strip())
    if base is not None:
        url = base.join(url)
    if url.scheme not in ("http", "https") or not url.host:
        raise _refused("must be an http:// or https:// address")
    if url.raw_user is not None or url.raw_password is not None:
        raise _refused("must not contain a name or a password")
    return url


async def _read(response: aiohttp.ClientResponse, kinds: Collection[str], *, conditional: bool) -> Page:
    unchanged = conditional and response.status == _NOT_MODIFIED
    if not unchanged:
        if response.status in _BUSY:
            patience = patience_asked(response.headers.get("Retry-After", ""))
            raise NotAnswering.because(f"leads to a server that answers {response.status}", patience)
        if response.status != 200:
            raise _refused(f"leads to a server that answers {response.status}")
        if "Content-Type" in response.headers and response.content_type not in kinds:
            raise _refused(f"leads to {response.content_type}, not to {' or '.join(kinds)}")
    return Page(
        url=str(response.url),
        content_type=response.content_type,
        charset=_charset(response),
        body=b"" if unchanged else await _unpacked(response),
        etag=_token(response, "ETag"),
        last_modified=_token(response, "Last-Modified"),
        unchanged=unchanged,
    )


def patience_asked(retry_after: str) -> float:
    """For how many seconds a server asks to be left alone, by its `Retry-After`: a week at most; 0 if it does not."""
    try:
        seconds = float(retry_after) if retry_after.strip().isdecimal() else _seconds_until(retry_after)
    except (ValueError, OverflowError):
        return 0
    return min(max(seconds, 0), _MOST_PATIENCE)


def _seconds_until(written: str) -> float:
    moment = parsedate_to_datetime(written)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - clock.now()).total_seconds()


def _charset(response: aiohttp.ClientResponse) -> str | None:
    said = (response.charset or "").lower()
    return said if _CHARSET.fullmatch(said) else None


def _in_words(said: bytes) -> str:
    words = " ".join(said.decode("utf-8", "replace").split())
    return "".join(character for character in words if character.isprintable())


def _token(response: aiohttp.ClientResponse, header: str) -> str:
    """What a server recognises a version by, if it can be kept and sent back."""
    said = response.headers.get(header, "")
    return said if said.isascii() and said.isprintable() else ""


async def _unpacked(response: aiohttp.ClientResponse) -> bytes:
    """The body. Never more is unpacked than is still allowed, however much the rest would come to."""
    unpack = _unpacker(response.headers.get("Content-Encoding", "identity"))
    body, received = bytearray(), 0
    try:
        async for chunk in response.content.iter_any():
            received += len(chunk)
            body += unpack(chunk, MOST_BYTES - len(body) + 1)
            # What comes after the end of something packed is kept by the unpacker.
            if max(received, len(body)) > MOST_BYTES:
                raise _refused(f"leads to more than {MOST_BYTES // 1024**2} MB")
    except zlib.error:
        raise _refused("leads to something that cannot be unpacked") from None
    return bytes(body)


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """What unpacks the next part of a body, but at most so many bytes of it."""
    match encoding.strip().lower():
        case "" | "identity":
            return lambda chunk, most: chunk
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress
    raise _refused("leads to something that is packed in an unknown way")


def _addresses(host: str, port: int, family: int) -> list[ResolveResult]:
    return [
        ResolveResult(
            hostname=host,
            host=address[0],
            port=port,
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, address in socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM
        )
        if isinstance(address[0], str)
    ]


def _settle(found: asyncio.Future[list[ResolveResult]], outcome: list[ResolveResult] | Exception) -> None:
    if found.done():
        return  # nobody waits any more
    if isinstance(outcome, Exception):
        found.set_exception(outcome)
    else:
        found.set_result(outcome)
