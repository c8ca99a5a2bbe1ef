"""Transactions: which add up, and what they do to accounts, categories and payees (contract B1 §6)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from homechart_common.ids import NIL_UUID
from homechart_common.postgresql.database import Database
from tests.budget import (
    CATEGORY,
    CLEARED,
    LATER,
    PAYEE,
    RECONCILED,
    TRANSACTION,
    UNCLEARED,
    Books,
)
from tests.cast import Cast
from tests.catalogue import assert_on_the_wire, assert_single
from tests.factories import new_household

NOBODYS_ID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
async def books(cast: Cast) -> Books:
    """Two accounts and three categories, one of them of income."""
    books = Books(cast.ann, cast.home)
    for account in ("Bank", "Purse"):
        await books.account(account, budget=True)
    for category in ("Food", "Rent"):
        await books.category(category)
    await books.category("Pay", income=True)
    return books


async def sum_of(books: Books, category: str) -> int:
    value = (await books.caller.read(CATEGORY, books.ids[category])).value
    return int(value["budgetTransactionAmount"])


# What adds up


@pytest.mark.parametrize(
    ("accounts", "categories", "payee", "amount"),
    [
        pytest.param({"Bank": -1899}, {"Food": -1500, "Rent": -399}, "Bakery", -1899, id="purchase"),
        pytest.param({"Bank": 200_000}, {"Pay": 200_000}, "Employer", 200_000, id="income"),
        pytest.param({"Bank": -5000, "Purse": 5000}, {}, "", 0, id="transfer"),
        pytest.param({"Bank": -5000, "Purse": 5000}, {"Rent": -5000}, "", -5000, id="meant transfer"),
        pytest.param({"Bank": -5000, "Purse": 5000}, {"Rent": -5000}, "Landlady", -5000, id="and paid"),
        pytest.param({}, {"Food": -800, "Rent": 800}, "", 0, id="between categories"),
        pytest.param({"Bank": 37}, {}, "", 37, id="adjustment"),
        pytest.param({"Bank": 37}, {}, "", 999, id="adjustment of another amount"),
        pytest.param({"Bank": 0}, {"Food": 5, "Rent": -5}, "", 0, id="nothing and between categories"),
        pytest.param({"Bank": 0}, {"Pay": 0}, "Opening balance", 0, id="opening"),
    ],
)
async def test_what_adds_up_is_posted(
    books: Books, accounts: dict[str, int], categories: dict[str, int], payee: str, amount: int
) -> None:
    value = await books.post(accounts, categories, budgetPayeeName=payee, amount=amount, note="A note")
    assert_on_the_wire(TRANSACTION, value)
    assert (value["amount"], value["note"], value["date"]) == (amount, "A note", LATER)
    assert (value["budgetPayeeID"] is None) == (payee == "")
    for entries, given, key in (
        (value["accounts"], accounts, "budgetAccountID"),
        (value["categories"], categories, "budgetCategoryID"),
    ):
        assert {entry[key]: entry["amount"] for entry in entries or []} == {
            books.ids[name]: moved for name, moved in given.items()
        }
        assert (entries is None) == (given == {})
        for entry in entries or []:
            assert entry["budgetTransactionID"] == value["id"]
            assert entry["authHouseholdID"] == books.household


@pytest.mark.parametrize(
    ("accounts", "categories", "payee", "amount", "wrong"),
    [
        pytest.param({}, {}, "", 0, "accounts, categories", id="nothing"),
        pytest.param({"Bank": 1, "Purse": 1, "Third": -2}, {}, "", 0, "accounts", id="three accounts"),
        pytest.param({"Bank": -5}, {}, "Bakery", -5, "categories", id="paid for nothing"),
        pytest.param({"Bank": -5}, {"Food": -4}, "Bakery", -4, "categories", id="entries differ"),
        pytest.param({"Bank": -5}, {"Food": -5}, "Bakery", -4, "amount", id="amount differs"),
        pytest.param({"Bank": -5, "Purse": 4}, {}, "", 0, "accounts", id="transfer loses"),
        pytest.param({"Bank": -5, "Purse": 5}, {}, "", -5, "amount", id="transfer of an amount"),
        pytest.param({"Bank": -5}, {"Food": -5}, "", -5, "accounts", id="purchase without a payee"),
        pytest.param({"Bank": -5, "Purse": 5}, {"Food": -4}, "", -4, "categories", id="neither entry"),
        pytest.param({"Bank": -5, "Purse": 5}, {"Food": -5}, "", 5, "amount", id="amount of the other side"),
        pytest.param({}, {"Food": -5}, "", -5, "categories", id="out of nowhere"),
    ],
)
async def test_what_does_not_add_up_is_refused(
    books: Books, accounts: dict[str, int], categories: dict[str, int], payee: str, amount: int, wrong: str
) -> None:
    await books.account("Third")
    body = books.body(accounts, categories, budgetPayeeName=payee, amount=amount)
    refused = await books.try_to_post(body)
    assert refused.status == 400
    assert refused.message.startswith(f"{wrong}: ")
    assert (await books.transactions("accounts", "Bank")).body["dataTotal"] == 1  # type: ignore[index]
    template = {**body, "date": "2023-12-01"}
    again = {"budgetAccountID": books.ids["Bank"], "recurrence": {"separation": 1}, "template": template}
    recurring = await books.caller.call("POST", "/budget/recurrences", again)
    assert (recurring.status, recurring.message) == (400, f"template: {refused.message}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"date": None},
        {"date": "2023-13-01"},
        {"amount": 1.5},
        {"amount": 2**53},
        {"note": "x" * 501},
        {"accounts": [{"amount": -5, "budgetAccountID": NOBODYS_ID}]},
        {"accounts": [{"amount": -5, "budgetAccountID": NIL_UUID}]},
        {"categories": [{"amount": -5, "budgetCategoryID": NOBODYS_ID, "yearMonth": 202311}]},
        {"categories": [{"amount": -5, "budgetCategoryID": None, "yearMonth": 0}]},
        {"categories": [{"amount": -5, "budgetCategoryID": None, "yearMonth": 202313}]},
        {"categories": [{"amount": -5, "budgetCategoryID": None}]},
        {"budgetPayeeID": NOBODYS_ID, "budgetPayeeName": ""},
        {"budgetPayeeName": "x" * 501},
    ],
    ids=str,
)
async def test_a_member_that_is_wrong_is_named(books: Books, wrong: dict[str, Any]) -> None:
    body = books.body({"Bank": -5}, {"Food": -5}, budgetPayeeName="Bakery")
    refused = await books.try_to_post({**body, **wrong})
    assert refused.status == 400
    assert refused.message.startswith(tuple(wrong)) or "budgetPayeeName" in wrong


async def test_a_status_is_one_of_three(books: Books) -> None:
    for status, answer in ((UNCLEARED, 200), (CLEARED, 200), (RECONCILED, 200), (3, 400), (-1, 400)):
        body = books.body({"Bank": 5}, {}, status=status)
        assert (await books.try_to_post(body)).status == answer


async def test_entries_may_be_of_no_account_or_category(books: Books) -> None:
    body = books.body({"Bank": -5}, {"Food": -5}, budgetPayeeName="Bakery")
    body["accounts"][0]["budgetAccountID"] = None
    body["categories"][0]["budgetCategoryID"] = None
    value = (await books.try_to_post(body)).value
    assert (value["accounts"][0]["budgetAccountID"], value["categories"][0]["budgetCategoryID"]) == (
        None,
        None,
    )
    assert await books.balances("Bank") == (0, 0, 0)


# What follows


async def test_accounts_know_what_is_cleared_and_what_is_reconciled(books: Books) -> None:
    for status, amount in ((UNCLEARED, -1), (CLEARED, -20), (RECONCILED, -300)):
        await books.post({"Bank": amount}, {"Food": amount}, status=status, budgetPayeeName="Bakery")
    assert await books.balances("Bank") == (-321, -320, -300)
    await books.post({"Bank": -4000, "Purse": 4000}, {}, status=CLEARED)
    assert await books.balances("Bank") == (-4321, -4320, -300)
    assert await books.balances("Purse") == (4000, 4000, 0)


async def test_categories_and_payees_know_their_sums(books: Books) -> None:
    value = await books.post({"Bank": -1899}, {"Food": -1500, "Rent": -399}, budgetPayeeName="Bakery")
    payee = (await books.caller.read(PAYEE, value["budgetPayeeID"])).value
    assert (payee["name"], payee["budgetTransactionAmount"]) == ("Bakery", -1899)
    assert (await sum_of(books, "Food"), await sum_of(books, "Rent")) == (-1500, -399)
    await books.post({"Bank": -1}, {"Food": -1}, budgetPayeeID=value["budgetPayeeID"])
    assert (await sum_of(books, "Food"), await sum_of(books, "Rent")) == (-1501, -399)
    payee = (await books.caller.read(PAYEE, value["budgetPayeeID"])).value
    assert payee["budgetTransactionAmount"] == -1900


async def test_the_name_of_a_payee_counts_more_than_an_id(books: Books) -> None:
    baker, butcher = await books.payee("Bakery"), await books.payee("Butcher")
    both = {"budgetPayeeID": butcher["id"], "budgetPayeeName": "Bakery"}
    value = await books.post({"Bank": -5}, {"Food": -5}, **both)
    assert (value["budgetPayeeID"], value["budgetPayeeName"]) == (baker["id"], "")
    assert len((await books.caller.list(PAYEE)).values) == 3, "with the one of opening balances"


async def test_the_only_category_of_a_first_transaction_becomes_its_payees(books: Books) -> None:
    two = await books.post({"Bank": -2}, {"Food": -1, "Rent": -1}, budgetPayeeName="Bakery")
    payee = (await books.caller.read(PAYEE, two["budgetPayeeID"])).value
    assert payee["budgetCategoryID"] is None
    changed = [{"budgetCategoryID": books.ids["Rent"], "amount": -2, "yearMonth": 202311}]
    await books.change(two, categories=changed)
    payee = (await books.caller.read(PAYEE, two["budgetPayeeID"])).value
    assert payee["budgetCategoryID"] is None, "only a new transaction fills it in"
    for category in ("Food", "Rent"):
        await books.post({"Bank": -1}, {category: -1}, budgetPayeeName="Bakery")
    payee = (await books.caller.read(PAYEE, two["budgetPayeeID"])).value
    assert payee["budgetCategoryID"] == books.ids["Food"]


async def test_a_transaction_that_is_sent_again_is_there_once(books: Books) -> None:
    body = books.body({"Bank": -5}, {"Food": -5}, budgetPayeeName="Bakery", id=str(uuid.uuid4()))
    answers = await asyncio.gather(*(books.try_to_post(body) for _ in range(6)))
    assert len({str(answer.value) for answer in answers}) == 1
    assert answers[0].value["id"] == body["id"]
    assert await books.balances("Bank") == (-5, 0, 0)
    assert await sum_of(books, "Food") == -5


async def test_an_id_of_somebody_elses_transaction_is_not_used(cast: Cast, books: Books) -> None:
    theirs = Books(cast.cat, cast.away)
    await theirs.account("Bank")
    value = await theirs.post({"Bank": 5}, {})
    other = await books.post({"Bank": 7}, {}, id=value["id"])
    assert other["id"] != value["id"]
    assert await theirs.balances("Bank") == (5, 0, 0)


async def test_references_stay_in_the_household(cast: Cast, books: Books) -> None:
    theirs = Books(cast.cat, cast.away)
    await theirs.account("Theirs")
    await theirs.category("Their category")
    payee = await theirs.payee("Their payee")
    books.ids |= theirs.ids
    for accounts, categories, members in (
        ({"Theirs": -5}, {"Food": -5}, {"budgetPayeeName": "Bakery"}),
        ({"Bank": -5}, {"Their category": -5}, {"budgetPayeeName": "Bakery"}),
        ({"Bank": -5}, {"Food": -5}, {"budgetPayeeID": payee["id"]}),
    ):
        refused = await books.try_to_post(books.body(accounts, categories, **members))
        assert refused.status == 400
        assert refused.message.endswith("names nothing that can be referred to here")
    assert await theirs.balances("Theirs") == (0, 0, 0)


# Changing


async def test_entries_are_what_the_body_says(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -6, "Rent": -4}, budgetPayeeName="Bakery")
    food, rent = value["categories"]
    food["amount"], pay = -8, {"budgetCategoryID": books.ids["Pay"], "amount": -2, "yearMonth": 202312}
    answer = await books.change(value, categories=[pay, food])
    assert (answer.status, answer.body) == (204, None), "its own members are as before"
    now = (await books.transactions("accounts", "Bank")).values[0]
    assert now["categories"][1] == food
    assert now["categories"][0] | pay == now["categories"][0]
    assert now["categories"][0]["id"] not in (food["id"], rent["id"])
    assert now | {"categories": None, "balance": 0} == value | {"categories": None}
    assert [await sum_of(books, name) for name in ("Food", "Rent", "Pay")] == [-8, 0, -2]


async def test_an_update_keeps_what_it_does_not_mention(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery", note="Bread")
    changed = await books.change(value, note="Rolls")
    assert_single(TRANSACTION, changed)
    assert changed.value == {**value, "note": "Rolls"}
    assert (await books.change(value, note="Rolls")).status == 204
    assert (await books.change(value, **changed.value)).status == 204
    assert await books.balances("Bank") == (-10, 0, 0)


async def test_an_update_that_does_not_add_up_changes_nothing(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    assert (await books.change(value, amount=-11)).status == 400
    assert (await books.change(value, categories=[])).status == 400
    assert (await books.change(value, date=None)).status == 400
    assert (await books.transactions("accounts", "Bank")).values[0] == {**value, "balance": -10}


async def test_a_payee_is_changed_by_id_or_by_name(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    butcher = await books.payee("Butcher")
    by_name = (await books.change(value, budgetPayeeName="Butcher")).value
    assert by_name["budgetPayeeID"] == butcher["id"]
    by_id = (await books.change(value, budgetPayeeID=value["budgetPayeeID"])).value
    assert by_id == value
    sums = {
        payee["name"]: payee["budgetTransactionAmount"] for payee in (await books.caller.list(PAYEE)).values
    }
    assert (sums["Bakery"], sums["Butcher"]) == (-10, 0)


async def test_clearing_an_entry_is_an_update(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    for status, cleared in ((CLEARED, -10), (UNCLEARED, 0)):
        entries = [{**value["accounts"][0], "status": status}]
        assert (await books.change(value, accounts=entries)).status == 204
        assert await books.balances("Bank") == (-10, cleared, 0)


async def test_an_entry_that_is_named_twice_is_kept_once(books: Books) -> None:
    value = await books.post({"Bank": -5, "Purse": 5}, {})
    entry = value["accounts"][0]
    entries = [{**entry, "amount": 2}, {**entry, "amount": -2}]
    assert (await books.change(value, accounts=entries)).status == 204
    now = (await books.transactions("accounts", "Bank")).values[0]
    assert [each["amount"] for each in now["accounts"]] == [2, -2]
    assert now["accounts"][0]["id"] == entry["id"] != now["accounts"][1]["id"]
    assert (await books.balances("Bank"), await books.balances("Purse")) == ((0, 0, 0), (0, 0, 0))


async def test_a_transaction_without_any_account_entry_left_is_gone(books: Books) -> None:
    value = await books.post({"Bank": 0}, {"Food": -5, "Rent": 5}, amount=0)
    assert (await books.change(value, accounts=[])).status == 204
    assert (await books.change(value, note="Late")).message == "Item not found"
    assert [await sum_of(books, name) for name in ("Food", "Rent")] == [0, 0]


async def test_what_is_not_there_cannot_be_changed(database: Database, cast: Cast, books: Books) -> None:
    value = await books.post({"Bank": 5}, {})
    for somebody, changed, removed in ((cast.vic, 403, 403), (cast.nel, 403, 403), (cast.cat, 400, 400)):
        others = Books(somebody, cast.home)
        assert (await others.change(value, note="Mine")).status == changed
        assert (await others.remove(value)).status == removed
    await new_household(database, cast.vic.account, name="Where Vic may do everything")
    assert (await Books(cast.vic, cast.home).change(value, note="Mine")).status == 403
    assert (await Books(cast.vic, cast.home).remove(value)).message == "Item not found"
    assert (await books.change({"id": NOBODYS_ID}, note="Mine")).message == "Item not found"
    assert (await books.change(value, authHouseholdID=cast.away)).status == 403
    assert (await books.change({"id": "nonsense"}, note="Mine")).status == 400
    assert (await books.transactions("accounts", "Bank")).values[0] == {**value, "balance": 5}


async def test_a_deleted_transaction_is_answered_without_entries_and_leaves_nothing(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    gone = await books.remove(value)
    assert_single(TRANSACTION, gone)
    assert gone.value == {**value, "accounts": None, "categories": None}
    assert (await books.remove(value)).message == "Item not found"
    assert await books.balances("Bank") == (0, 0, 0)
    assert await sum_of(books, "Food") == 0
