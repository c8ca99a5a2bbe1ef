"""How log lines read: keys in the contract's order, values that cannot forge another line (contract §7.1)."""

from __future__ import annotations

import traceback
from collections.abc import Mapping

#: What may stand behind a key.
Value = str | int | float | bool


def unit_line(
    function: str,
    failure: str,
    status: int,
    debug: str,
    trace_id: str,
    attributes: Mapping[str, Value],
) -> str:
    """What is said when a unit of work ends; ``function`` is its name and line, empty texts are left out."""
    return pairs(
        {
            "function": function,
            "error": failure,
            "success": status < 400,
            "status": status,
            "debug": debug,
            "traceID": trace_id,
            **dict(sorted(attributes.items())),
        }
    )


def pairs(values: Mapping[str, Value]) -> str:
    """``key=value`` for each value that is not empty text, in the order given."""
    return " ".join(f"{key}={_shown(value)}" for key, value in values.items() if value != "")


def printable(text: str) -> str:
    """``text`` in one line: what is not printable is escaped as Python does."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def summary(error: BaseException) -> str:
    """What went wrong, in one line.

    Only the first line of a message: PostgreSQL's further lines quote the row, which may hold secrets.
    """
    first = str(error).partition("\n")[0]
    return first or type(error).__name__


def story(error: BaseException) -> str:
    """The stack of ``error`` and of those that led to it, the first one first, each ended by its summary."""
    chapters: list[str] = []
    current: BaseException | None = error
    while current is not None and len(chapters) < 10:
        stack = "".join(traceback.format_tb(current.__traceback__))
        chapters.append(f"{stack}{type(current).__name__}: {printable(summary(current))}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(reversed(chapters))


def _shown(value: Value) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{printable(escaped)}'"
    return str(value).lower() if isinstance(value, bool) else str(value)
