"""The sample families: the same plan always makes the same, and what it makes is right and complete."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest

from homechart_common import sample
from homechart_common.archive.contents import kinds
from homechart_common.archive.reading import Reader
from homechart_common.archive.renaming import Renaming
from homechart_common.models.budget_transaction import imbalance
from homechart_common.sample import Plan

UNTIL = date(2026, 11, 24)
PLAN = Plan(UNTIL)
FAMILY, GRANDPARENTS = sample.names()
#: Sessions begin with a sign-in; secrets can be made, and read, by clients alone.
NOT_MADE_UP = {"authIdentities", "authSessions", "secretsValues", "secretsVaults"}


def text(plan: Plan = PLAN, name: str = FAMILY) -> str:
    return "".join(sample.document(plan, name, {}))


@pytest.fixture(scope="module")
def family() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text())
    return document


def test_the_same_plan_makes_the_same() -> None:
    assert text() == text(Plan(UNTIL))
    assert text() != text(Plan(UNTIL, seed=2))


def test_something_of_every_kind_is_made_up(family: dict[str, Any]) -> None:
    assert {name for name in kinds() if not family[name]} == NOT_MADE_UP


@pytest.mark.parametrize("name", sample.names())
def test_what_is_made_up_is_read_as_an_archive(name: str) -> None:
    made = text(name=name).encode()
    rows = sum(len(batch.rows) for batch in Reader(iter([made]), Renaming(), UNTIL.isoformat()).batches())
    assert rows == sum(len(value) for value in json.loads(made).values() if isinstance(value, list))


def test_each_transaction_adds_up(family: dict[str, Any]) -> None:
    for transaction in [
        *family["budgetTransactions"],
        *(row["template"] for row in family["budgetRecurrences"]),
    ]:
        accounts = [entry["amount"] for entry in transaction["accounts"]]
        categories = [entry["amount"] for entry in transaction.get("categories", ())]
        paid = "budgetPayeeID" in transaction
        assert imbalance(transaction.get("amount", 0), paid, accounts, categories) is None


def test_every_month_gives_away_what_came_in(family: dict[str, Any]) -> None:
    income = {row["id"] for row in family["budgetCategories"] if row.get("income")}
    came, given = Counter[int](), Counter[int]()
    for transaction in family["budgetTransactions"]:
        for entry in transaction.get("categories", ()):
            if entry["budgetCategoryID"] in income:
                came[entry["yearMonth"]] += entry["amount"]
    for row in family["budgetMonthCategories"]:
        given[row["yearMonth"]] += row["amount"]
    assert given == came
    assert len(came) == 13
    assert all(row["budgetCategoryID"] not in income for row in family["budgetMonthCategories"])


def test_nobody_spends_what_they_do_not_have(family: dict[str, Any]) -> None:
    balances = Counter[str]()
    for transaction in sorted(family["budgetTransactions"], key=lambda row: str(row["date"])):
        for entry in transaction["accounts"]:
            balances[entry["budgetAccountID"]] += entry["amount"]
            assert balances[entry["budgetAccountID"]] > 0


def test_nothing_has_happened_that_is_to_come(family: dict[str, Any]) -> None:
    for name in kinds():
        for row in family[name]:
            assert row.get("created", "") < UNTIL.isoformat(), name
            assert row.get("updated", "") < UNTIL.isoformat(), name
            assert row.get("created", "") <= row.get("updated", "~"), name
    assert max(row["date"] for row in family["cookMealPlans"]) > UNTIL.isoformat()


def test_there_is_more_of_more() -> None:
    once, more, longer = (
        {name: len(rows) for name, rows in json.loads(text(plan)).items() if isinstance(rows, list)}
        for plan in (PLAN, Plan(UNTIL, activity=3), Plan(UNTIL, years=2))
    )
    for name in ("budgetTransactions", "cookRecipes", "healthLogs", "planTasks"):
        assert more[name] > 2 * once[name], name
        assert longer[name] > 1.5 * once[name], name


def test_who_can_sign_in_is_in_one_of_the_households() -> None:
    in_them = [
        row["emailAddress"]
        for name in sample.names()
        for row in json.loads(text(name=name))["authAccounts"]
        if not row["child"]
    ]
    assert sorted(in_them) == sorted(sample.addresses())
