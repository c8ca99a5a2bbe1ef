"""The SQL that people wrote: where it is and how it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from homechart_common.postgresql.statement import Statement

_BLOCK = re.compile(r"^-- name: (?P<name>\w+)\n-- \S.*\n(?P<sql>(?:(?!-- name: ).*\n?)+)", re.MULTILINE)


def sql_directory() -> Path:
    """The folder with ``migrations``, ``functions``, ``triggers`` and ``queries``.

    In the repository it stands at the top, where people look for it; the package has a link to it, which
    becomes a copy when the package is built.
    """
    return Path(__file__).parents[1] / "sql"


def load(area: str) -> Mapping[str, Statement]:
    """The named queries of ``sql/queries/<area>.sql``.

    A query starts with ``-- name: due_task_reminders``, then a comment line that says why it exists, then the
    SQL, with ``%(name)s`` for parameters and ``%%`` for a percent sign.
    """
    path = sql_directory() / "queries" / f"{area}.sql"
    return parse(path.read_text(encoding="utf-8"), area)


def parse(text: str, area: str = "") -> Mapping[str, Statement]:
    """The named queries in ``text``; raises ``ValueError`` for one without a line that says why it exists."""
    queries = {
        match["name"]: Statement(match["name"], match["sql"].strip().removesuffix(";"), table=area)
        for match in _BLOCK.finditer(text)
    }
    if len(queries) != text.count("-- name:"):
        raise ValueError("a query has no name of its own, or no comment line that says why it exists")
    return queries
