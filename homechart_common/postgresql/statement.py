"""SQL statements that are prepared on each connection, and PostgreSQL's notation for arrays."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(%)?)")
_UNSAFE = re.compile(r"\W")
_IDENTIFIER_LENGTH = 63


class Statement:
    """One SQL statement, built once at import and prepared per connection where possible.

    ``sql`` has ``%(name)s`` for parameters, with casts where the context does not give the type
    (``%(ids)s::uuid[]``), and ``%%`` for a percent sign. With a ``table`` it is measured, under that and what
    its name says beside.
    """

    __slots__ = ("execute", "identifier", "name", "prepare", "sql", "table", "verb")

    def __init__(self, name: str, sql: str, *, table: str = "") -> None:
        parameters: dict[str, int] = {}

        def number(match: re.Match[str]) -> str:
            if match[1]:
                return f"${parameters.setdefault(match[1], len(parameters) + 1)}"
            if match[2]:
                return "%"
            raise ValueError(f"statement {name}: a percent sign is written %% and a parameter %(name)s")

        numbered = _PLACEHOLDER.sub(number, sql)
        arguments = ", ".join(f"%({parameter})s" for parameter in parameters)
        self.name = name
        self.sql = sql
        self.table = table
        self.verb = name.removeprefix(f"{table}_")
        # The same name means the same SQL, even to another process behind the same connection pooler.
        digest = hashlib.sha256(numbered.encode()).hexdigest()
        self.identifier = f"{digest[:12]}_{_UNSAFE.sub('_', name)}"[:_IDENTIFIER_LENGTH]
        self.prepare = f'PREPARE "{self.identifier}" AS {numbered}'
        self.execute = f'EXECUTE "{self.identifier}"' + (f"({arguments})" if arguments else "")

    def __repr__(self) -> str:
        return f"Statement({self.name!r})"


def array(values: Iterable[str]) -> str:
    """``values`` as a PostgreSQL array literal, for a parameter such as ``%(ids)s::uuid[]``."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"
