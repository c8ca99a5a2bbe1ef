"""Lists of transactions: their order, balances and pages, and who reads them (contract B1 §6.4)."""

from __future__ import annotations

import pytest

from tests.budget import ACCOUNT, CATEGORY, PAYEE, TRANSACTION, Books
from tests.cast import Cast
from tests.catalogue import assert_on_the_wire

NOBODYS_ID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
async def books(cast: Cast) -> Books:
    """Two accounts and two categories."""
    books = Books(cast.ann, cast.home)
    for account in ("Bank", "Purse"):
        await books.account(account, budget=True)
    for category in ("Food", "Rent"):
        await books.category(category)
    return books


async def test_a_list_starts_with_the_newest_and_tells_the_balance_after_each(books: Books) -> None:
    days = [("2999-11-20", -5), ("2999-11-22", 30), ("2999-11-21", -7), ("2999-11-22", -1)]
    made = [
        await books.post({"Bank": amount}, {"Food": amount}, budgetPayeeName="Bakery", date=date)
        for date, amount in days
    ]
    books.ids["Bakery"] = made[0]["budgetPayeeID"]
    newest_first = [made[3], made[1], made[2], made[0]]
    for kind, name in (("accounts", "Bank"), ("categories", "Food"), ("payees", "Bakery")):
        listed = await books.transactions(kind, name)
        assert [(value["id"], value["balance"]) for value in listed.values[:4]] == list(
            zip([value["id"] for value in newest_first], (17, 18, -12, -5), strict=True)
        )
        assert listed.body is not None
        assert listed.body["dataType"] == "BudgetTransactions"
        for value in listed.values:
            assert_on_the_wire(TRANSACTION, value)


async def test_a_month_of_a_category_has_a_balance_of_its_own(books: Books) -> None:
    for month, amount in ((202310, -5), (202311, -7), (202311, -1)):
        await books.post({"Bank": amount}, {"Food": amount}, budgetPayeeName="Bakery", month=month)
    listed = await books.transactions("categories", "Food", "/202311")
    assert [value["balance"] for value in listed.values] == [-8, -7]
    assert (await books.transactions("categories", "Food", "/202312")).values == []
    assert (await books.transactions("categories", "Food", "/nonsense")).status == 400


async def test_a_page_has_fifty(books: Books) -> None:
    for _ in range(53):
        await books.post({"Purse": 1}, {})
    first, second = [await books.transactions("accounts", "Purse", f"?offset={n}") for n in (0, 50)]
    assert [len(page.values) for page in (first, second)] == [50, 4]
    for page in (first, second, await books.transactions("accounts", "Purse", "?offset=100")):
        assert page.body is not None
        assert page.body["dataTotal"] == 54
    assert [value["balance"] for value in first.values[:49]] == list(range(53, 4, -1))
    assert (await books.transactions("accounts", "Purse", "?offset=one")).status == 400


async def test_a_transaction_is_listed_for_every_entry(books: Books) -> None:
    value = await books.post({"Bank": 0}, {"Food": -5, "Rent": 5}, amount=0)
    twice = [{**value["categories"][0], "amount": -3}, {**value["categories"][0], "amount": 3}]
    await books.change(value, categories=twice)
    listed = await books.transactions("categories", "Food")
    assert [(each["id"], each["balance"]) for each in listed.values] == [(value["id"], 0), (value["id"], -3)]


async def test_lists_are_for_who_may_view_the_budget(cast: Cast, books: Books) -> None:
    await books.post({"Bank": -5}, {"Food": -5}, budgetPayeeName="Bakery")
    for somebody, status in ((cast.vic, 200), (cast.kid, 200), (cast.nel, 403), (cast.cat, 403)):
        others = Books(somebody, cast.home)
        others.ids = books.ids
        for kind, name in (("accounts", "Bank"), ("categories", "Food")):
            assert (await others.transactions(kind, name)).status == status
    books.ids["Nobody"] = NOBODYS_ID
    for kind in ("accounts", "categories", "payees"):
        assert (await books.transactions(kind, "Nobody")).values == []
        assert (await books.caller.call("GET", f"/budget/{kind}/nonsense/transactions")).status == 400


async def test_no_client_is_told_of_transactions_but_of_what_they_change(cast: Cast, books: Books) -> None:
    before = {model: await cast.bob.list(model) for model in (ACCOUNT, CATEGORY, PAYEE)}
    await books.post({"Bank": -5}, {"Food": -5}, budgetPayeeName="Bakery")
    for model, known in before.items():
        newest = max(value["updated"] for value in known.values)
        news = await cast.bob.list(model, token=known.token, updated=newest)
        assert [value["name"] for value in news.values] in (["Bank"], ["Food"], ["Bakery"])
    changes = (await cast.bob.call("GET", "/changes")).values
    assert {change["tableName"] for change in changes} == {"budget_account", "budget_category"}
