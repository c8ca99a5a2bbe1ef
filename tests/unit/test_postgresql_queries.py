"""Named queries in ``sql/queries``."""

from __future__ import annotations

import pytest

from homechart_common.postgresql.queries import load, parse, sql_directory

_TWO = """
-- What people ask first.

-- name: first
-- Somebody wants to know.
SELECT 1;

-- name: second
-- Somebody else does.
SELECT %(a)s::int,
    -- in between
    2;
"""


def test_a_query_is_found_under_its_name() -> None:
    queries = parse(_TWO)
    assert queries["first"].sql == "SELECT 1"
    assert queries["second"].sql == "SELECT %(a)s::int,\n    -- in between\n    2"
    assert list(queries) == ["first", "second"]


@pytest.mark.parametrize(
    "text",
    [
        "-- name: lonely\nSELECT 1;",
        "-- name: twice\n-- Once.\nSELECT 1;\n-- name: twice\n-- Again.\nSELECT 2;",
        "-- name: two words\n-- Why.\nSELECT 1;",
    ],
)
def test_a_query_without_name_or_reason_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="query"):
        parse(text)


@pytest.mark.parametrize("area", [path.stem for path in (sql_directory() / "queries").glob("*.sql")])
def test_our_own_queries_can_be_read(area: str) -> None:
    assert load(area)
