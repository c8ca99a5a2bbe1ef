"""What migrations may do while processes of the version before still run (docs/upgrading.md)."""

from __future__ import annotations

import re

import pytest

from homechart_common.postgresql.migrate import known_migrations

#: Those up to here were made before there were processes to go on working.
LAST_FREE = 17

#: How a migration says that nobody needs any more what it takes away, and since when.
CONTRACTS = re.compile(r"^-- contract: \S.*$", re.MULTILINE)

_BREAKING = {
    "what processes of the version before read": r"\bDROP\s+(TABLE|VIEW|COLUMN|FUNCTION|PROCEDURE|TYPE)\b",
    "its name": r"\bRENAME\b",
    "the type of a column": r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b|\bALTER\s+TYPE\b",
    "what they need not write": r"\bSET\s+NOT\s+NULL\b",
    "a column that they do not write": r"\bADD\s+COLUMN\s+(?!\w+[^,;]*\b(DEFAULT|GENERATED)\b)\w+[^,;]*\bNOT\s+NULL\b",
    "whole tables, which takes a lock for long": r"\b(TRUNCATE|CLUSTER|VACUUM|LOCK\s+TABLE)\b",
    "all rows at once": r"\bADD\s+CONSTRAINT\b(?![^;]*\bNOT\s+VALID\b)",
}


def breaking(sql: str) -> list[str]:
    """What a migration takes away from processes of the version before."""
    bare = re.sub(r"--.*|'(?:[^']|'')*'", "", sql)
    return [what for what, pattern in _BREAKING.items() if re.search(pattern, bare, re.IGNORECASE)]


def test_a_migration_only_adds_or_says_why_it_may_take_away() -> None:
    for migration in known_migrations():
        if migration.version > LAST_FREE and not CONTRACTS.search(migration.sql):
            assert breaking(migration.sql) == [], migration


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE bookmark DROP COLUMN link",
        "DROP TABLE bookmark",
        "ALTER TABLE bookmark RENAME COLUMN link TO address",
        "ALTER TABLE bookmark ALTER COLUMN link TYPE varchar(10)",
        "ALTER TABLE bookmark ALTER link SET NOT NULL",
        "ALTER TABLE bookmark ADD COLUMN colour text NOT NULL",
        "ALTER TABLE bookmark\n    ADD COLUMN a text,\n    ADD COLUMN b text NOT NULL;",
        "ALTER TABLE bookmark ADD CONSTRAINT short CHECK (link <> '')",
        "TRUNCATE cache",
    ],
)
def test_what_takes_away_is_recognised(sql: str) -> None:
    assert breaking(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE bookmark ADD COLUMN colour text NOT NULL DEFAULT ''",
        "ALTER TABLE bookmark ADD COLUMN colour text",
        "-- DROP TABLE was an idea\nCREATE TABLE loan (id uuid NOT NULL)",
        "COMMENT ON TABLE loan IS 'nobody may TRUNCATE it'",
        "ALTER TABLE bookmark ADD CONSTRAINT short CHECK (link <> '') NOT VALID",
        "CREATE INDEX loan_id ON loan (id)",
    ],
)
def test_what_adds_is_permitted(sql: str) -> None:
    assert breaking(sql) == []
