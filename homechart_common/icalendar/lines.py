"""Lines of iCalendar text: what has a meaning in them is escaped, and what is long is folded (RFC 5545 §3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: How many octets a line has at most, without its end.
_LONGEST = 75

_SPECIAL = re.compile(r"[\\;,\x00-\x08\n-\x1f\x7f\x85\u2028\u2029]")
_LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def escaped(text: str) -> str:
    """A text as the value of a property. Control characters, which none may have, are left out."""
    if not _SPECIAL.search(text):
        return text
    plain = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def joined(lines: Iterable[str]) -> str:
    """Lines with their ends."""
    short = [line if len(line) <= _LONGEST and line.isascii() else folded(line) for line in lines]
    return "\r\n".join([*short, ""])


def folded(line: str) -> str:
    """A line in parts of at most 75 octets, each but the first after a blank; characters stay whole."""
    octets, parts, begin, room = line.encode(), [], 0, _LONGEST
    while len(octets) - begin > room:
        end = begin + room
        while octets[end] & 0b1100_0000 == 0b1000_0000:
            end -= 1
        parts.append(octets[begin:end])
        begin, room = end, _LONGEST - 1
    parts.append(octets[begin:])
    return b"\r\n ".join(parts).decode()
