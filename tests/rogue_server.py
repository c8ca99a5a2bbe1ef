"""A server on the internet that does as it pleases, as far as one that runs on the loopback can."""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from homechart_common.addresses import is_public
from homechart_common.errors import InvalidInput
from homechart_common.fetch import Fetcher

#: The name at which fetchers of :func:`outside` find the loopback.
SITE = "site.test"

#: The kinds of pages that tests want.
HTML = ("text/html", "application/xhtml+xml")
#: What is said about places that only this server can reach.
INSIDE = "url: must be an address on the public internet"

#: Answers one request, of which it gets what was sent; it need not stick to the rules of HTTP.
Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Names(AbstractResolver):
    """Knows the addresses of some names, as they were given."""

    def __init__(self, **names: str) -> None:
        self.known = {name.replace("_", "."): address for name, address in names.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address = self.known[host]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def outside(**options: float) -> Fetcher:
    """A fetcher to which 127.0.0.1, as the address of :data:`SITE`, is a place on the internet.

    127.0.0.2 and everything else stays out of reach.
    """

    def permits(address: str) -> bool:
        return ip_address(address) == ip_address("127.0.0.1") or is_public(address)

    return Fetcher(permits=permits, resolver=Names(site_test="127.0.0.1"), **options)


async def refusal(url: str, fetcher: Fetcher | None = None) -> str:
    """What is said about an address that is not read."""
    with pytest.raises(InvalidInput) as refused:
        await (fetcher or outside()).fetch(url, HTML)
    return refused.value.message


class RogueServer:
    """Behaves differently at every path."""

    def __init__(self) -> None:
        self.port = 0
        #: What was asked, in order.
        self.requests: list[bytes] = []
        self._behaviours: dict[str, Behaviour] = {}

    def url(self, path: str = "/", host: str = SITE) -> str:
        """The address of a path."""
        return f"http://{host}:{self.port}{path}"

    def at(self, path: str, behaviour: Behaviour) -> str:
        """Behave so at a path; its address."""
        self._behaviours[path] = behaviour
        return self.url(path)

    def page(self, path: str, body: bytes | str, *headers: str, status: int = 200) -> str:
        """Answer something ordinary at a path; its address."""
        return self.at(path, answer(body, *headers, status=status))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                request = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(request)
                path = request.split()[1].decode().partition("?")[0]
                await self._behaviours.get(path, answer("nothing here", status=404))(request, writer)
                writer.close()
                await writer.wait_closed()
            finally:
                writer.transport.abort()


def answer(body: bytes | str, *headers: str, status: int = 200) -> Behaviour:
    """Answers as servers do; a page unless ``headers`` say otherwise."""
    content = body.encode() if isinstance(body, str) else body
    kind = (
        ()
        if any(line.lower().startswith("content-type:") for line in headers)
        else ("Content-Type: text/html",)
    )
    head = "\r\n".join((f"HTTP/1.1 {status} Said", *kind, f"Content-Length: {len(content)}", *headers))

    async def behave(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + b"\r\n\r\n" + content)
        await writer.drain()

    return behave


def redirect(target: str, status: int = 302) -> Behaviour:
    """Sends callers elsewhere."""
    return answer("", f"Location: {target}", status=status)


def endless(head: bytes, part: bytes, pause: float = 0) -> Behaviour:
    """Says ``head`` and then ``part`` again and again, with a pause in seconds before each."""

    async def behave(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            await asyncio.sleep(pause)
            writer.write(part)
            await writer.drain()

    return behave


def bomb(megabytes: int) -> bytes:
    """Very little that is very much when unpacked."""
    packer, megabyte = zlib.compressobj(wbits=zlib.MAX_WBITS | 16), bytes(1024**2)
    return b"".join(packer.compress(megabyte) for _ in range(megabytes)) + packer.flush()


@asynccontextmanager
async def rogue_server() -> AsyncIterator[RogueServer]:
    """A rogue server, on the loopback as long as the block lasts."""
    rogue = RogueServer()
    callers: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(rogue.serve(reader, writer))
        callers.add(task)
        task.add_done_callback(callers.discard)

    reachable = await asyncio.start_server(accept, "127.0.0.1", 0)
    rogue.port = reachable.sockets[0].getsockname()[1]
    hidden = await asyncio.start_server(accept, "127.0.0.2", rogue.port)
    try:
        yield rogue
    finally:
        for server in (reachable, hidden):
            server.close()
        for task in callers:
            task.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
