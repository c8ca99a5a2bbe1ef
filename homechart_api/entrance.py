"""Where connections come in: opening it, and closing it without turning away who already stands in it."""

from __future__ import annotations

import array
import asyncio
import errno
import os
import select
import socket
import ssl
import struct
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web

from homechart_common.config import Config
from homechart_common.config.sections import OPTIONS
from homechart_common.errors import StartupError

#: How many connections may wait to be accepted.
_BACKLOG = 1024
#: How long a connection that has begun may take until it waits to be accepted: a way there and back in a network.
_HANDSHAKE_SECONDS = 0.01
#: So often at most is it looked who waits; where descriptors have run out, nobody can be let in.
_LOOKS = 100

#: socket(7); the standard library has no name for it.
_SO_ATTACH_FILTER = 26
#: Drops what opens a connection (SYN, in byte 13 of a TCP header) and lets everything else pass.
_NO_OPENINGS = (
    struct.pack("HBBI", 0x30, 0, 0, 13)  # load the byte
    + struct.pack("HBBI", 0x45, 0, 1, 0x02)  # is the bit in it? otherwise skip one
    + struct.pack("HBBI", 0x06, 0, 0, 0)  # drop
    + struct.pack("HBBI", 0x06, 0, 0, 0xFFFFFFFF)  # keep
)


async def opened(server: web.Server, config: Config) -> asyncio.Server:
    """Listen where the configuration says; what comes in is the server's.

    Raises :class:`StartupError` when that port cannot be listened on.
    """
    tls = _tls(config)
    try:
        return await asyncio.get_running_loop().create_server(
            server,
            config.app.host or None,
            config.app.port,
            ssl=tls,
            backlog=_BACKLOG,
            reuse_port=config.app.reuse_port or None,
        )
    except OSError as error:
        raise cannot_listen(config, error) from error


async def close(entrance: asyncio.Server) -> None:
    """Let nobody new in, and everybody who has begun to come in.

    The kernel connects clients before we accept them. Those who wait for that when the port is closed have their
    connection reset, and as they may have sent a request by then, nobody can send it again elsewhere. So the
    kernel first stops connecting, and the port is closed when nobody waits any more. Who asks in between is not
    answered, asks again after a second, and is refused then.
    """
    for listening in entrance.sockets:
        _connect_nobody(listening)
    await asyncio.sleep(_HANDSHAKE_SECONDS)
    for _ in range(_LOOKS):
        if not _somebody_waits(entrance.sockets):
            break
        await asyncio.sleep(0)  # the loop accepts them
    await asyncio.sleep(0)  # whoever was accepted last becomes the server's, for which it must be open
    entrance.close()


def _connect_nobody(listening: socket.socket) -> None:
    """Have the kernel ignore who opens a connection. Where it cannot, some are turned away."""
    program = array.array("B", _NO_OPENINGS)
    address, size = program.buffer_info()
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", size // 8, address))


def _somebody_waits(listening: Sequence[socket.socket]) -> bool:
    waiting = select.poll()
    for one in listening:
        waiting.register(one, select.POLLIN)
    return bool(waiting.poll(0))


def cannot_listen(config: Config, error: OSError) -> StartupError:
    """The failure for a port that cannot be listened on, in words without the system's details."""
    reason = os.strerror(error.errno) if error.errno and error.errno in errno.errorcode else str(error)
    hint = (
        f"; app.port ({OPTIONS['APP_PORT'].variable}) chooses another"
        if error.errno == errno.EADDRINUSE
        else ""
    )
    return StartupError(f"Cannot listen on port {config.app.port}: {reason}{hint}")


def _tls(config: Config) -> ssl.SSLContext | None:
    if not (config.app.tls_certificate and config.app.tls_key):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.app.tls_certificate, config.app.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise StartupError(
            f"app.tlsCertificate, app.tlsKey: cannot be used: {error.strerror or error}"
        ) from error
    return context
