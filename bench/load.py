"""A load generator: each connection sends a request, waits for its whole answer, and sends the next one.

It runs as a process of its own, so that what it costs is not the server's, and imports nothing but the standard
library, so that it starts at once. A job comes in as JSON on standard input, what was seen goes out as JSON.
Connections are kept alive and requests never pipelined; a job ends after ``count`` answers or ``seconds``.
"""

from __future__ import annotations

import itertools
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_CHUNK = 1 << 18
#: An answer that takes this long, in seconds, ends the job: the server hangs.
_PATIENCE = 30


@dataclass(slots=True)
class Seen:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    bodies: int = 0
    seconds: float = 0.0


class Connection:
    """One connection, and how much of the answer on it is still to come."""

    __slots__ = ("_head", "_left", "_status", "socket")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = b""
        self._left = -1
        self._status = 0

    def send(self, request: bytes) -> None:
        """Ask; the answer before must have been received."""
        self.socket.sendall(request)

    def receive(self, seen: Seen) -> bool:
        """Read what is there; whether that was the last of the answer, which is then among what was ``seen``."""
        chunk = self.socket.recv(_CHUNK)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        if self._left < 0:
            self._head += chunk
            head, separator, body = self._head.partition(b"\r\n\r\n")
            if not separator:
                return False
            self._head = b""
            self._status = int(head[9:12])
            self._left = _body_length(head)
            seen.bodies += self._left
            chunk = body
        self._left -= len(chunk)
        if self._left:
            return False
        self._left = -1
        seen.statuses[self._status] += 1
        return True


def _body_length(head: bytes) -> int:
    """The length that the head announces; there is none where there can be no body."""
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


def drive(connections: list[Connection], requests: Iterator[bytes], count: int, seconds: float) -> Seen:
    """Keep every connection busy until there were ``count`` answers or ``seconds`` are over, and drain them."""
    seen = Seen()
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        started = time.perf_counter()
        deadline = started + seconds
        asked = answered = 0
        for connection in connections[:count]:
            connection.send(next(requests))
            asked += 1
        while answered < asked:
            ready = selector.select(_PATIENCE)
            if not ready:
                raise TimeoutError("the server does not answer")
            for key, _ in ready:
                if key.data.receive(seen):
                    answered += 1
                    if asked < count and time.perf_counter() < deadline:
                        key.data.send(next(requests))
                        asked += 1
        seen.seconds = time.perf_counter() - started
    return seen


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job: ``ports`` to spread ``connections`` over, ``requests`` to send in turn, ``warm_up`` answers not timed."""
    ports = itertools.cycle(job["ports"])
    connections = [Connection("127.0.0.1", next(ports)) for _ in range(job["connections"])]
    requests = itertools.cycle([request.encode() for request in job["requests"]])
    drive(connections, requests, job["warm_up"], job["seconds"])
    seen = drive(connections, requests, job["count"], job["seconds"])
    for connection in connections:
        connection.socket.close()
    return {
        "answers": seen.statuses.total(),
        "statuses": dict(seen.statuses),
        "bodies": seen.bodies,
        "seconds": seen.seconds,
    }


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
