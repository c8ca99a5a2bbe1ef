"""Which browser a request comes from, as sessions and metrics call it (contract: the ``user_agent`` enum)."""

from __future__ import annotations

#: Marks of browsers in ``User-Agent``, in the order to look for them: each also bears the marks that follow.
_MARKS = (
    ("Edg", "edge"),
    ("Firefox/", "firefox"),
    ("FxiOS/", "firefox"),
    ("Chrome/", "chrome"),
    ("CriOS/", "chrome"),
    ("Safari/", "safari"),
)
#: Everything that :func:`family` says. Clients may call themselves something else.
FAMILIES = frozenset({"api", "unknown", *(name for _, name in _MARKS)})


def family(user_agent: str) -> str:
    """``edge``, ``firefox``, ``chrome`` or ``safari``, ``api`` for programs, ``unknown`` for the rest."""
    if not user_agent:
        return "unknown"
    if not user_agent.startswith("Mozilla/"):
        return "api"
    return next((name for mark, name in _MARKS if mark in user_agent), "unknown")
