"""Whatever the books are: rolling them up loses no sum of what they tell."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from homechart_common.clock import frozen_at
from homechart_common.postgresql.database import Database
from homechart_worker.task import Context, Task, perform
from homechart_worker.tasks.roll_up_budget_balance import roll_up_budget_balance
from homechart_worker.tasks.roll_up_budget_summary import roll_up_budget_summary
from tests.factories import new_household
from tests.worker.conftest import configured

TODAY = datetime(2024, 11, 24, 3, tzinfo=UTC)
#: Six months before, and the same as months are numbered.
BEFORE, BOUNDARY = date(2024, 5, 1), 202405
NAMES = ("One", "Other", "Income")

amounts = st.integers(-3, 3)
months = st.sampled_from((202312, 202404, 202405, 202411))
transactions = st.fixed_dictionaries(
    {
        "date": st.sampled_from(("2023-12-01", "2023-12-31", "2024-04-30", "2024-05-01")),
        "payee": st.sampled_from(("", "Baker")),
        "keep": st.sampled_from((False, False, False, True)),
        "accounts": st.lists(st.tuples(st.sampled_from(NAMES[:2]), amounts, st.integers(0, 2)), max_size=3),
        "categories": st.lists(
            st.tuples(st.sampled_from(("One", "Income", "")), amounts, months), max_size=3
        ),
    }
)
books = st.lists(transactions, min_size=6, max_size=20)
given_amounts = st.dictionaries(st.tuples(st.sampled_from(NAMES), months), amounts, max_size=6)
many = settings(
    max_examples=12,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_MAKE = """
WITH names AS (SELECT unnest(%(names)s::text[]) AS name), account AS (
    INSERT INTO budget_account (auth_household_id, short_id, name, budget) SELECT %(home)s, 'short', name, true FROM names
)
INSERT INTO budget_category (auth_household_id, short_id, name, grouping, income)
SELECT %(home)s, 'short', name, CASE name WHEN 'Income' THEN '' ELSE 'All' END, name = 'Income' FROM names"""
_POST = """
INSERT INTO budget_transaction (id, auth_household_id, date, amount, budget_payee_id, keep)
SELECT id, %(home)s, date, amount, budget_payee_named(%(home)s, payee), keep
FROM jsonb_to_recordset(%(posted)s) AS t (id uuid, date date, amount bigint, payee text, keep boolean)"""
_ENTER_ACCOUNTS = """
INSERT INTO budget_transaction_account (auth_household_id, budget_transaction_id, budget_account_id, amount, status)
SELECT %(home)s, t.id, a.id, (e -> 1)::bigint, (e -> 2)::smallint
FROM jsonb_to_recordset(%(posted)s) AS t (id uuid, accounts jsonb), jsonb_array_elements(t.accounts) e
    LEFT JOIN budget_account a ON a.auth_household_id = %(home)s AND a.name = e ->> 0"""
_ENTER_CATEGORIES = """
INSERT INTO budget_transaction_category (auth_household_id, budget_transaction_id, budget_category_id, amount, year_month)
SELECT %(home)s, t.id, c.id, (e -> 1)::bigint, (e -> 2)::integer
FROM jsonb_to_recordset(%(posted)s) AS t (id uuid, categories jsonb), jsonb_array_elements(t.categories) e
    LEFT JOIN budget_category c ON c.auth_household_id = %(home)s AND c.name = e ->> 0"""
_ALLOCATE = """
INSERT INTO budget_month_category AS m (auth_household_id, budget_category_id, year_month, amount)
SELECT %(home)s, c.id, (e -> 1)::integer, (e -> 2)::bigint
FROM jsonb_array_elements(%(given)s) e JOIN budget_category c ON c.auth_household_id = %(home)s AND c.name = e ->> 0
ON CONFLICT (auth_household_id, budget_category_id, year_month) DO UPDATE SET amount = excluded.amount"""

_ACCOUNT = (
    "budget_transaction_amount, budget_transaction_amount_cleared, budget_transaction_amount_reconciled"
)
#: What the books tell that neither way of rolling up may change.
ALWAYS = {
    "accounts": f"SELECT name, {_ACCOUNT} FROM budget_account WHERE auth_household_id = %(home)s",
    "accounts, added up": """
        SELECT a.name, e.status, sum(e.amount) FROM budget_transaction_account e
        JOIN budget_account a ON a.id = e.budget_account_id WHERE e.auth_household_id = %(home)s
        GROUP BY 1, 2 HAVING sum(e.amount) <> 0""",
    "categories": """
        SELECT name, budget_transaction_amount, budget_month_category_amount FROM budget_category
        WHERE auth_household_id = %(home)s""",
    "categories, added up": """
        SELECT c.name, sum(e.amount) FROM budget_transaction_category e
        LEFT JOIN budget_category c ON c.id = e.budget_category_id
        WHERE e.auth_household_id = %(home)s GROUP BY 1 HAVING sum(e.amount) <> 0""",
    "spent in categories": """
        SELECT c.name, sum(e.amount) FROM budget_transaction_category e
        JOIN budget_category c ON c.id = e.budget_category_id
        WHERE e.auth_household_id = %(home)s AND e.amount < 0 GROUP BY 1""",
    "balances": """
        SELECT c.name, month, budget_balance(%(home)s, c.id, month), budget_income_remaining(%(home)s, month)
        FROM budget_category c, unnest(ARRAY[%(boundary)s, 202406, 202410, 202411]) month
        WHERE c.auth_household_id = %(home)s""",
    "accounts since then": """
        SELECT a.name, t.date, sum(e.amount) FROM budget_transaction_account e
        JOIN budget_account a ON a.id = e.budget_account_id JOIN budget_transaction t ON t.id = e.budget_transaction_id
        WHERE e.auth_household_id = %(home)s AND t.date >= %(before)s GROUP BY 1, 2""",
    "kept and young": """
        SELECT t.id, t.date, t.amount, t.budget_payee_id, array(
            SELECT ROW(e.id, e.budget_account_id, e.amount, e.status)::text FROM budget_transaction_account e
            WHERE e.budget_transaction_id = t.id ORDER BY e.id)
        FROM budget_transaction t WHERE t.auth_household_id = %(home)s AND (t.keep OR t.date >= %(before)s)""",
    "months since then": """
        SELECT c.name, m.year_month, m.amount, m.budget_transaction_amount FROM budget_month_category m
        JOIN budget_category c ON c.id = m.budget_category_id
        WHERE m.auth_household_id = %(home)s AND m.year_month > %(boundary)s""",
}
#: What a summary of each month leaves as it is, too.
BY_MONTH = {
    "payees": "SELECT name, budget_transaction_amount FROM budget_payee WHERE auth_household_id = %(home)s",
    "payees, added up": """
        SELECT p.name, date_trunc('month', t.date), sum(t.amount) FROM budget_transaction t
        LEFT JOIN budget_payee p ON p.id = t.budget_payee_id
        WHERE t.auth_household_id = %(home)s GROUP BY 1, 2 HAVING sum(t.amount) <> 0""",
    "accounts by month": """
        SELECT a.name, date_trunc('month', t.date), e.status, sum(e.amount) FROM budget_transaction_account e
        JOIN budget_account a ON a.id = e.budget_account_id JOIN budget_transaction t ON t.id = e.budget_transaction_id
        WHERE e.auth_household_id = %(home)s GROUP BY 1, 2, 3 HAVING sum(e.amount) <> 0""",
    "spent by month": """
        SELECT c.name, e.year_month, sum(e.amount) FROM budget_transaction_category e
        JOIN budget_category c ON c.id = e.budget_category_id
        WHERE e.auth_household_id = %(home)s AND e.amount < 0 GROUP BY 1, 2""",
    "months": """
        SELECT c.name, m.year_month, m.amount, m.budget_transaction_amount FROM budget_month_category m
        JOIN budget_category c ON c.id = m.budget_category_id WHERE m.auth_household_id = %(home)s""",
}

Told = dict[str, list[tuple[Any, ...]]]


async def write(database: Database, home: str, posted: list[dict[str, Any]], given: dict[Any, int]) -> None:
    """The books of a household."""
    rows = [
        {**one, "id": str(uuid.uuid4()), "amount": sum(entry[1] for entry in one["categories"])}
        for one in posted
    ]
    parameters = {
        "home": home,
        "names": list(NAMES),
        "posted": json.dumps(rows),
        "given": json.dumps([[*key, amount] for key, amount in given.items()]),
    }
    for statement in (_MAKE, _POST, _ENTER_ACCOUNTS, _ENTER_CATEGORIES, _ALLOCATE):
        await database.execute(statement, parameters)


async def tell(database: Database, home: str, questions: dict[str, str]) -> Told:
    """What the books tell."""
    parameters = {"home": home, "before": BEFORE, "boundary": BOUNDARY}
    return {
        question: sorted(await database.fetch(statement, parameters), key=str)
        for question, statement in questions.items()
    }


async def hold(
    context: Context,
    task: Task,
    posted: list[dict[str, Any]],
    given: dict[Any, int],
    questions: dict[str, str],
    then: Callable[[str], Awaitable[None]],
) -> None:
    """Roll books up: what they tell is the same before and after, and once more."""
    database, kind = context.database, task.name.rpartition("_")[2]
    config = configured(f"app_rollupBudgetTransactions{kind.title()}Months=6")
    home = await new_household(database)
    await write(database, home, posted, given)
    before = await tell(database, home, questions)
    with frozen_at(TODAY):
        await perform(task, replace(context, config=config))
        assert await tell(database, home, questions) == before
        await then(home)
        assert await perform(task, replace(context, config=config)) == 0
    assert await tell(database, home, questions) == before
    await database.execute("DELETE FROM auth_household WHERE id = %(home)s", {"home": home})


@many
@given(posted=books, given=given_amounts)
async def test_a_summary_of_each_month_loses_no_sum(
    posted: list[dict[str, Any]], given: dict[Any, int], context: Context
) -> None:
    async def one_for_each_month_and_payee(home: str) -> None:
        most = await context.database.fetch_value(
            """SELECT max(many) FROM (
                SELECT count(*) AS many FROM budget_transaction
                WHERE auth_household_id = %(home)s AND date < %(before)s AND NOT keep
                GROUP BY date_trunc('month', date), budget_payee_id) months""",
            {"home": home, "before": BEFORE},
        )
        assert (most or 0) <= 1

    await hold(
        context, roll_up_budget_summary, posted, given, {**ALWAYS, **BY_MONTH}, one_for_each_month_and_payee
    )


@many
@given(posted=books, given=given_amounts)
async def test_an_opening_balance_loses_no_sum(
    posted: list[dict[str, Any]], given: dict[Any, int], context: Context
) -> None:
    async def one_for_all(home: str) -> None:
        left = await context.database.fetch_row(
            """SELECT
                (SELECT count(*) FROM budget_transaction
                 WHERE auth_household_id = %(home)s AND date < %(before)s AND NOT keep) <= 1,
                (SELECT count(*) FROM budget_month_category
                 WHERE auth_household_id = %(home)s AND year_month < %(boundary)s)""",
            {"home": home, "before": BEFORE, "boundary": BOUNDARY},
        )
        assert left == (True, 0)

    await hold(context, roll_up_budget_balance, posted, given, ALWAYS, one_for_all)
