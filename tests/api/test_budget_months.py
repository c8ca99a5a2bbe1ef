"""Months of the budget: what categories get, what is left of it, and what charts make of all (contract B1 §6.6, §10)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import BudgetMonth, BudgetMonthCategory
from homechart_common.postgresql.database import Database
from tests.budget import CATEGORY, Books
from tests.cast import Cast
from tests.catalogue import assert_single
from tests.factories import new_household
from tests.visitors import SetClock

Figures = tuple[int, int, int, int]


@pytest.fixture
async def books(cast: Cast) -> Books:
    """June and July of the contract's example."""
    books = Books(cast.ann, cast.home)
    await books.account("Bank", budget=True)
    opening = (await cast.ann.list(CATEGORY)).values[0]
    await cast.ann.delete(CATEGORY, opening["id"])
    for category in ("Food", "Rent"):
        await books.category(category)
    await books.category("Pay", income=True)
    await books.allocate("Food", 30_000, 202306)
    await books.post({"Bank": 200_000}, {"Pay": 200_000}, month=202306, budgetPayeeName="Employer")
    await books.post({"Bank": -21_050}, {"Food": -21_050}, month=202306, budgetPayeeName="Bakery")
    await books.allocate("Food", 25_000, 202307)
    await books.allocate("Rent", 90_000, 202307)
    await books.post({"Bank": -40_000}, {"Food": -40_000}, month=202307, budgetPayeeName="Bakery")
    return books


def figures_of(month: dict[str, Any]) -> Figures:
    return (
        month["yearMonth"],
        month["budgetMonthCategoryAmount"],
        month["budgetTransactionAmountIncome"],
        month["budgetTransactionAmountIncomeRemaining"],
    )


def by_category(month: dict[str, Any]) -> dict[str, Figures]:
    return {
        row["budgetCategory"]["name"]: (
            row["yearMonth"],
            row["amount"],
            row["budgetTransactionAmount"],
            row["balance"],
        )
        for row in month["budgetMonthCategories"]
    }


NOTHING: Figures = (0, 0, 0, 0)
PAY: Figures = (202306, 0, 200_000, 200_000)
JULY: dict[str, Figures] = {
    "Food": (202307, 25_000, -40_000, -6_050),
    "Rent": (202307, 90_000, 0, 90_000),
    "Pay": PAY,
}


@pytest.mark.parametrize(
    ("asked", "month", "categories"),
    [
        (202305, NOTHING, dict.fromkeys(JULY, NOTHING)),
        (
            202306,
            (202306, 30_000, 200_000, 170_000),
            {"Food": (202306, 30_000, -21_050, 8_950), "Rent": NOTHING, "Pay": PAY},
        ),
        (202307, (202307, 115_000, 0, 55_000), JULY),
        (202309, (202307, 115_000, 0, 55_000), JULY),
        (999_999_999, (202307, 115_000, 0, 55_000), JULY),
    ],
)
async def test_a_month_is_told_by_the_last_one_in_which_anything_happened(
    books: Books, asked: int, month: Figures, categories: dict[str, Figures]
) -> None:
    answer = await books.month(asked)
    assert_single(BudgetMonth, answer)
    assert figures_of(answer.value) == month
    assert by_category(answer.value) == categories


async def test_a_month_shows_what_its_categories_are(books: Books) -> None:
    [food] = [
        row
        for row in (await books.month(202307)).value["budgetMonthCategories"]
        if row["budgetCategoryID"] == books.ids["Food"]
    ]
    category = (await books.caller.read(CATEGORY, books.ids["Food"])).value
    assert food["created"] == category["created"]
    assert food["budgetCategory"] == {
        **category,
        "budgetMonthCategoryAmount": 0,
        "budgetTransactionAmount": 0,
        "created": "0001-01-01T00:00:00.000000Z",
        "id": "00000000-0000-0000-0000-000000000000",
        "updated": "0001-01-01T00:00:00.000000Z",
    }


@pytest.mark.parametrize("asked", ["0", "now", "-1"])
async def test_without_a_month_it_is_the_current_one(books: Books, set_clock: SetClock, asked: str) -> None:
    set_clock(2023, 6, 30, 23)
    assert figures_of((await books.month(asked)).value)[0] == 202306
    set_clock(2023, 7, 1)
    assert figures_of((await books.month(asked)).value)[0] == 202307


async def test_a_household_without_categories_has_no_months(database: Database, cast: Cast) -> None:
    empty = Books(cast.ann, await new_household(database, cast.ann.account, name="Second"))
    answer = await empty.month(202311)
    assert (answer.status, answer.body) == (204, None)


async def test_months_are_for_who_may_view_the_budget(cast: Cast, books: Books) -> None:
    for somebody, status in (
        (cast.bob, 200),
        (cast.vic, 200),
        (cast.nel, 403),
        (cast.cat, 403),
        (cast.root, 403),
        (cast.nobody, 410),
    ):
        assert (await Books(somebody, cast.home).month(202307)).status == status
    assert (await Books(cast.ann, "nonsense").month(202307)).status == 400


# Giving money to categories


async def test_what_a_category_gets_is_answered(books: Books) -> None:
    given = await books.allocate("Food", 1_000, 202308)
    assert_single(BudgetMonthCategory, given)
    assert given.value["amount"] == 1_000
    assert given.value["balance"] == -5_050
    assert given.value["budgetTransactionAmount"] == 0
    changed = await books.allocate("Food", 2_000, 202308, "PUT")
    assert_single(BudgetMonthCategory, changed)
    assert (changed.value["amount"], changed.value["balance"]) == (2_000, -4_050)
    assert changed.value["created"] == given.value["created"]
    category = (await books.caller.read(CATEGORY, books.ids["Food"])).value
    assert category["budgetMonthCategoryAmount"] == 57_000


async def test_giving_again_overwrites(books: Books) -> None:
    await books.post({"Bank": -5}, {"Rent": -5}, month=202308, budgetPayeeName="Landlady")
    for amount in (7, 8, 8):
        given = (await books.allocate("Rent", amount, 202308)).value
        assert (given["amount"], given["budgetTransactionAmount"]) == (amount, -5)


async def test_changing_needs_a_row_and_another_amount(books: Books) -> None:
    for category, amount, month in (("Food", 1, 202308), ("Food", 25_000, 202307)):
        answer = await books.allocate(category, amount, month, "PUT")
        assert (answer.status, answer.body) == (204, None)
    without = {"authHouseholdID": books.household, "budgetCategoryID": books.ids["Food"], "yearMonth": 202307}
    assert (await books.caller.call("PUT", "/budget/month-categories", without)).status == 204
    wrong = await books.caller.call(
        "PUT", "/budget/month-categories", {**without, "budgetCategoryID": "Food"}
    )
    assert (wrong.status, wrong.message) == (400, "budgetCategoryID: must be a UUID")
    assert by_category((await books.month(202308)).value) == JULY


async def test_income_gets_nothing(books: Books) -> None:
    refused = await books.allocate("Pay", 1, 202306)
    assert (refused.status, refused.message) == (400, "Item not found")
    assert (await books.allocate("Pay", 1, 202306, "PUT")).status == 204
    assert (await books.allocate("Pay", 0, 202308)).status == 200
    assert figures_of((await books.month(202308)).value) == (202308, 0, 0, 55_000)


@pytest.mark.parametrize(
    "wrong",
    [
        {"yearMonth": 0},
        {"yearMonth": None},
        {"yearMonth": 202313},
        {"yearMonth": "202311"},
        {"amount": 0.5},
        {"budgetCategoryID": None},
        {"budgetCategoryID": "11111111-1111-4111-8111-111111111111"},
    ],
    ids=str,
)
async def test_a_member_that_is_wrong_is_named(books: Books, wrong: dict[str, Any]) -> None:
    body = {
        "authHouseholdID": books.household,
        "budgetCategoryID": books.ids["Food"],
        "yearMonth": 202311,
        "amount": 1,
        **wrong,
    }
    answer = await books.caller.call("POST", "/budget/month-categories", body)
    assert answer.status == 400
    assert answer.message.startswith(tuple(wrong))


async def test_who_may_edit_the_budget_gives(cast: Cast, books: Books) -> None:
    for somebody, status in ((cast.vic, 403), (cast.nel, 403), (cast.cat, 403), (cast.bob, 200)):
        others = Books(somebody, cast.home)
        others.ids = books.ids
        for method in ("POST", "PUT"):
            assert (await others.allocate("Food", 5, 202308, method)).status in (status, 204)
    theirs = Books(cast.cat, cast.away)
    theirs.ids = books.ids
    assert (await theirs.allocate("Food", 5, 202308)).status == 400
    assert by_category((await books.month(202308)).value)["Food"][1] == 5


async def test_a_category_that_becomes_income_counts_as_income_in_every_month(books: Books) -> None:
    await books.caller.update(CATEGORY, books.ids["Rent"], {"income": True})
    await books.post({"Bank": 5}, {"Rent": 5}, month=202306, budgetPayeeName="Lodger")
    assert figures_of((await books.month(202306)).value) == (202306, 30_000, 200_005, 170_005)
    await books.caller.update(CATEGORY, books.ids["Pay"], {"income": False})
    assert figures_of((await books.month(202306)).value) == (202306, 30_000, 5, -29_995)


async def test_a_sum_beyond_what_a_number_holds_is_refused_and_nothing_is_written(books: Books) -> None:
    entries = [
        {"budgetCategoryID": books.ids[category], "amount": amount, "yearMonth": 202311}
        for category, amount in (("Food", 2**53 - 1), ("Rent", 1 - 2**53))
        for _ in range(500)
    ]
    body = {**books.body({}, {}), "categories": entries}
    assert [(await books.try_to_post(body)).status for _ in range(3)] == [200, 200, 400]
    food = by_category((await books.month(202311)).value)["Food"]
    assert food == (202311, 0, 1000 * (2**53 - 1), 1000 * (2**53 - 1) - 6_050)


# Charts


async def datasets(books: Books, chart: int | str, first: int | str, last: int | str) -> list[dict[str, Any]]:
    path = f"/charts/datasets/{books.household}/{chart}?from={first}&to={last}"
    answer = await books.caller.call("GET", path)
    assert answer.body is not None
    assert answer.body["dataType"] == "ChartDatasets"
    assert answer.body["dataTotal"] == len(answer.values)
    return answer.values


def spent(*amounts: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"name": name, "values": [{"name": "amount", "value": amount}]} for name, amount in amounts]


async def test_spending_by_category_and_by_grouping(books: Books) -> None:
    await books.category("Fuel", grouping="Car")
    await books.category("Hidden", grouping="")
    for category, amount in (("Fuel", -7), ("Rent", -90_000), ("Hidden", -1), ("Food", 5)):
        await books.post({"Bank": amount}, {category: amount}, month=202307, budgetPayeeName="Somebody")
    assert await datasets(books, 0, 202307, 202307) == spent(
        ("Rent", -90_000), ("Food", -40_000), ("Fuel", -7)
    )
    assert await datasets(books, 1, 202306, 202307) == spent(("All", -151_050), ("Car", -7))
    assert await datasets(books, 0, 202306, 202306) == spent(("Food", -21_050))
    assert await datasets(books, 0, 202308, 202307) == []


async def test_income_and_expense_of_each_month(books: Books) -> None:
    def month(name: str, total: int, income: int, expense: int) -> dict[str, Any]:
        values = {"total": total, "income": income, "expense": expense}
        return {"name": name, "values": [{"name": key, "value": value} for key, value in values.items()]}

    await books.allocate("Food", 5, 202308)
    june = month("2023-06", 178_950, 200_000, 21_050)
    july = month("2023-07", 138_950, 0, 40_000)
    assert await datasets(books, 2, 202301, 202312) == [june, july]
    assert await datasets(books, 2, 202307, 202307) == [july]
    await books.post({}, {"Food": -30, "Rent": 30}, month=202309, amount=0)
    assert await datasets(books, 2, 202308, 202309) == [month("2023-09", 138_950, 30, 30)]


async def test_spending_by_payee_and_account(books: Books) -> None:
    await books.account("Purse", budget=True)
    await books.account("House", budget=False)
    for account, amount in (("Bank", -5), ("Bank", -6), ("Purse", -7), ("Bank", 99)):
        await books.post({account: amount}, {"Food": amount}, date="2024-02-29", budgetPayeeName="Bakery")
    both = {"date": "2024-02-01", "budgetPayeeName": "Landlady"}
    await books.post({"Bank": -50, "House": 50}, {"Rent": -50}, **both)
    await books.post({"Bank": -3, "House": 3}, {}, date="2024-02-10")
    await books.post({"Bank": -4, "Purse": 4}, {}, date="2024-02-10")
    await books.post({"Bank": -1}, {"Food": -1}, date="2024-03-01", budgetPayeeName="Bakery")
    assert await datasets(books, 3, 202402, 202402) == spent(
        ("Landlady", -50), ("Landlady", -50), ("Bakery", -11), ("Bakery", -7), ("House", -3)
    )
    assert await datasets(books, 3, 202403, 202412) == spent(("Bakery", -1))


async def test_a_chart_needs_two_months_and_a_type_that_is_known(cast: Cast, books: Books) -> None:
    for chart in (4, -1, "nonsense"):
        assert await datasets(books, chart, 202306, 202307) == []
    path = f"/charts/datasets/{cast.home}/0"
    for query in ("", "?from=202306", "?to=202306", "?from=June&to=202307", "?from=-1&to=202307"):
        assert (await cast.ann.call("GET", path + query)).status == 400
    for somebody, status in ((cast.vic, 200), (cast.nel, 403), (cast.cat, 403), (cast.nobody, 410)):
        assert (await somebody.call("GET", f"{path}?from=202306&to=202307")).status == status
