"""Thousands of event streams in one process, which says when each change arrived on each of them.

Like :mod:`bench.load` it stands on the standard library alone. The job is a line of JSON on standard input; when
all streams are open a line is written, and with the next line that comes in, the writes start. Times are taken by
one clock: from just before a write is sent to when each listener has read the event, so what this process takes
to read a thousand sockets one after the other is part of them.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from typing import Any

_PATIENCE = 30
#: Streams that are being opened at the same time.
_OPENING = 50


def open_streams(port: int, sessions: list[str]) -> list[socket.socket]:
    """A stream for each session; each has received its first bytes."""
    streams: list[socket.socket] = []
    for first in range(0, len(sessions), _OPENING):
        opened = [
            socket.create_connection(("127.0.0.1", port), _PATIENCE)
            for _ in sessions[first : first + _OPENING]
        ]
        for stream, session in zip(opened, sessions[first:], strict=False):
            stream.sendall(f"GET /api/v1/sse/{session} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        for stream in opened:
            received = b""
            while b"id: " not in received:
                chunk = stream.recv(4096)
                received += chunk
                if not chunk or not received.startswith(b"HTTP/1.1 200"):
                    raise ConnectionError(f"a stream was refused: {received!r}")
        streams += opened
    return streams


def arrivals(writer: socket.socket, request: bytes, streams: list[socket.socket], mark: bytes) -> list[float]:
    """Send a write; the seconds until each stream had received what bears the ``mark``."""
    seconds: list[float] = []
    with selectors.DefaultSelector() as selector:
        selector.register(writer, selectors.EVENT_READ)
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        started = time.perf_counter()
        writer.sendall(request)
        waiting, answer = set(streams), b""
        while waiting or not answer:
            ready = selector.select(_PATIENCE)
            if not ready:
                raise TimeoutError(f"{len(waiting)} streams were not told")
            for key, _ in ready:
                received = key.fileobj.recv(65536)
                if key.fileobj is writer:
                    answer = received
                elif mark in received and key.fileobj in waiting:
                    seconds.append(time.perf_counter() - started)
                    waiting.discard(key.fileobj)
                elif not received:
                    raise ConnectionError("a stream was ended")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(f"the write was refused: {answer!r}")
    return seconds


def run(job: dict[str, Any]) -> None:
    """Open streams, and time the writes of the household that the first ``listening`` of them belong to."""
    streams = open_streams(job["port"], job["sessions"])
    print(json.dumps({"open": len(streams)}), flush=True)
    sys.stdin.readline()
    with socket.create_connection(("127.0.0.1", job["port"]), _PATIENCE) as writer:
        told = [
            arrivals(writer, request.encode(), streams[: job["listening"]], job["mark"].encode())
            for request in job["requests"]
        ]
    print(json.dumps({"seconds": told}), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    run(json.loads(sys.stdin.readline()))
