"""Which server may be written to where several take each other's place.

A standby that is promoted begins a new timeline. The primary that it replaced may come back, or was never really
gone, and knows nothing of that: it goes on accepting writes, which would be lost. So a process that has seen a
primary on a later timeline has nothing to do any more with the one before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from weakref import WeakSet

from homechart_common.postgresql.failures import ConnectionLost


class Replaced(ConnectionLost):
    """The server accepts writes, but another one has taken its place."""


class _Connection(Protocol):
    def discard(self) -> None:
        """Close it at once, whatever it is doing."""


@dataclass(slots=True)
class _Primary:
    """A server that accepts writes, from one promotion to the next, and the connections to it."""

    timeline: int
    connections: WeakSet[_Connection] = field(default_factory=WeakSet)


#: The latest that this process has seen, by what all copies of a database have in common since initdb.
_latest: dict[str, _Primary] = {}


def admit(connection: _Connection, system: str, timeline: int) -> None:
    """Note which primary a new connection leads to; raises :class:`Replaced` if a later one has been seen.

    If it is a later one itself, all connections to the one before are closed: nothing that is sent there from
    now on, or waits there for an answer, would be of use.
    """
    latest = _latest.get(system)
    if latest is None or timeline > latest.timeline:
        _latest[system] = _Primary(timeline)
        for outdated in latest.connections if latest else ():
            outdated.discard()
    elif timeline < latest.timeline:
        raise Replaced(f"another server took its place (timeline {latest.timeline}, its own is {timeline})")
    _latest[system].connections.add(connection)
