"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from homechart_common.config import Config
from homechart_common.postgresql.settings import PostgresqlSettings


class State(StrEnum):
    """How things are."""

    OK = "ok"
    #: It runs like this, and somebody may want to know.
    WARNING = "warning"
    #: Something does not work.
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one thing."""

    about: str
    state: State
    words: str


@dataclass(slots=True)
class Circumstances:
    """What checks may look at."""

    config: Config
    #: Whom to send a mail to; nobody if empty.
    mail_to: str = ""
    #: Where the database is, once that is known.
    settings: PostgresqlSettings = field(default_factory=PostgresqlSettings)


def ok(about: str, words: str) -> Finding:
    """It is as it should be."""
    return Finding(about, State.OK, words)


def warning(about: str, words: str) -> Finding:
    """It runs like this, and somebody may want to know."""
    return Finding(about, State.WARNING, words)


def wrong(about: str, words: str) -> Finding:
    """It does not work."""
    return Finding(about, State.WRONG, words)
