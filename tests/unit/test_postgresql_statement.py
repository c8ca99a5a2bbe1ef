"""How statements are written and prepared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homechart_common.postgresql.database import Database, Statement, array

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def test_parameters_are_numbered_in_the_order_they_appear() -> None:
    statement = Statement("some", "SELECT %(b)s::int, %(a)s::text, %(b)s::int + 1")
    assert statement.prepare.endswith("AS SELECT $1::int, $2::text, $1::int + 1")
    assert statement.execute.endswith("(%(b)s, %(a)s)")


@pytest.mark.parametrize("sql", ["SELECT 5 % 3", "SELECT %s", "SELECT %(a)d", "SELECT 'a%'"])
def test_a_percent_sign_that_means_nothing_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="percent sign"):
        Statement("stray", sql)


def test_a_prepared_statement_is_known_by_what_it_says() -> None:
    assert Statement("same", "SELECT 1").identifier != Statement("same", "SELECT 2").identifier
    assert Statement("same", "SELECT 1").identifier == Statement("same", "SELECT 1").identifier


def test_a_long_name_is_cut_to_what_postgresql_tells_apart() -> None:
    assert len(Statement("n" * 100, "SELECT 1").identifier) <= 63


@pytest.mark.parametrize("prepare_statements", [True, False])
async def test_prepared_or_not_a_statement_means_the_same(
    prepare_statements: bool, open_database: Callable[..., Awaitable[Database]]
) -> None:
    database = await open_database(prepare_statements=prepare_statements)
    statement = Statement("percent", "SELECT %(word)s::text LIKE 'a%%', %(number)s::int %% 3, %(word)s::text")
    for _ in range(3):
        assert await database.fetch(statement, {"word": "ab", "number": 5}) == [(True, 2, "ab")]


async def test_a_statement_is_prepared_and_planned_once_per_connection(
    open_database: Callable[..., Awaitable[Database]],
) -> None:
    database = await open_database(max_connections=1)
    statement = Statement("once", "SELECT %(number)s::int")
    for number in range(3):
        await database.fetch(statement, {"number": number})
    prepared = await database.fetch(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = %(name)s",
        {"name": statement.identifier},
    )
    assert prepared == [(3, 0)]


async def test_a_text_without_parameters_is_sent_as_it_is(database: Database) -> None:
    assert await database.fetch_value("SELECT 'ab' LIKE 'a%'") is True


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(_TEXT, max_size=5))
async def test_an_array_arrives_as_it_was(values: list[str], database: Database) -> None:
    assert await database.fetch_value("SELECT %(values)s::text[]", {"values": array(values)}) == values
