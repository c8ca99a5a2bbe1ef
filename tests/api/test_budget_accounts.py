"""Accounts, categories, payees and what recurs, as far as they are more than objects (contract B1 §6.1, §6.5, §6.9)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.budget import (
    ACCOUNT,
    CATEGORY,
    CLEARED,
    LATER,
    PAYEE,
    RECONCILED,
    RECURRENCE,
    UNCLEARED,
    Books,
)
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, new_household
from tests.visitors import SetClock

LIST, ITEM, PROJECT = registry["ShopList"], registry["ShopItem"], registry["PlanProject"]
SHELF = registry["ShopCategory"]
DAILY = {"day": 0, "month": 0, "monthWeek": 0, "separation": 1, "weekday": 0, "weekdays": None}


@pytest.fixture
async def books(cast: Cast) -> Books:
    books = Books(cast.ann, cast.home)
    for account in ("Bank", "Purse"):
        await books.account(account)
    for category in ("Food", "Rent"):
        await books.category(category)
    return books


async def named(caller: Caller, model: Any) -> dict[str, dict[str, Any]]:
    """The objects of a list by their names."""
    return {value["name"]: value for value in (await caller.list(model)).values}


# Opening


async def test_an_account_comes_with_a_transaction_to_say_its_opening_balance_in(
    cast: Cast, set_clock: SetClock
) -> None:
    books = Books(cast.ann, cast.home)
    set_clock(2023, 11, 24)
    for name in ("Bank", "Purse"):
        await books.account(name)
    [payee], [category] = (await cast.ann.list(PAYEE)).values, (await cast.ann.list(CATEGORY)).values
    assert (payee["name"], payee["budgetCategoryID"]) == ("Opening balance", category["id"])
    assert (category["name"], category["grouping"], category["income"]) == ("Opening balance", "", True)
    for name in ("Bank", "Purse"):
        [opening] = (await books.transactions("accounts", name)).values
        assert (opening["date"], opening["amount"], opening["balance"]) == ("2023-11-24", 0, 0)
        assert opening["budgetPayeeID"] == payee["id"]
        [moved], [meant] = opening["accounts"], opening["categories"]
        assert (moved["budgetAccountID"], moved["amount"], moved["status"]) == (books.ids[name], 0, UNCLEARED)
        assert (meant["budgetCategoryID"], meant["amount"]) == (category["id"], 0)
        assert meant["yearMonth"] == 202311
    changes = (await cast.ann.list(registry["Change"])).values
    assert [change["tableName"] for change in changes] == ["budget_account"] * 2


async def test_the_opening_balance_is_said_by_changing_that_transaction(books: Books) -> None:
    [opening] = (await books.transactions("accounts", "Bank")).values
    for entry in (opening["accounts"][0], opening["categories"][0]):
        entry["amount"] = 12_345
    assert (await books.change(opening, **{**opening, "amount": 12_345})).status == 200
    assert await books.balances("Bank") == (12_345, 0, 0)
    assert (await named(books.caller, CATEGORY))["Opening balance"]["budgetTransactionAmount"] == 12_345


async def test_an_account_is_opened_on_the_day_that_it_is_where_its_owner_lives(
    database: Database, cast: Cast, set_clock: SetClock
) -> None:
    await database.execute(
        "UPDATE auth_account SET time_zone = 'Pacific/Kiritimati' WHERE id = %(id)s", {"id": cast.ann.account}
    )
    books = Books(cast.ann, cast.home)
    set_clock(2023, 11, 30, 18)
    await books.account("Bank")
    [opening] = (await books.transactions("accounts", "Bank")).values
    assert (opening["date"], opening["categories"][0]["yearMonth"]) == ("2023-12-01", 202312)


async def test_the_names_of_accounts_differ(books: Books) -> None:
    answer = await books.caller.create(ACCOUNT, {"authHouseholdID": books.household, "name": "Bank"})
    assert answer.status == 409
    assert (await books.caller.update(ACCOUNT, books.ids["Purse"], {"name": "Bank"})).status == 409


# Reconciling


async def test_reconciling_takes_what_is_cleared(books: Books) -> None:
    for status, amount in ((UNCLEARED, 1), (CLEARED, 20), (CLEARED, 300), (RECONCILED, 4000)):
        await books.post({"Bank": amount}, {}, status=status)
    await books.post({"Purse": 5}, {}, status=CLEARED)
    path = f"{ACCOUNT.path}/{books.ids['Bank']}/reconcile"
    answer = await books.caller.call("POST", path)
    assert (answer.status, answer.body) == (200, None)
    assert await books.balances("Bank") == (4321, 4320, 4320)
    assert await books.balances("Purse") == (5, 5, 0)
    assert (await books.caller.call("POST", path)).status == 204


async def test_who_may_edit_the_budget_reconciles(cast: Cast, books: Books) -> None:
    await books.post({"Bank": 1}, {}, status=CLEARED)
    path = f"{ACCOUNT.path}/{books.ids['Bank']}/reconcile"
    for somebody, status in ((cast.vic, 403), (cast.nel, 403), (cast.cat, 204), (cast.nobody, 410)):
        assert (await somebody.call("POST", path)).status == status
    assert await books.balances("Bank") == (1, 1, 0)
    assert (await cast.bob.call("POST", path)).status == 200


# Names that a household has once


@pytest.mark.parametrize("model", [CATEGORY, PAYEE], ids=lambda model: model.__name__)
async def test_creating_a_name_again_answers_what_has_it(cast: Cast, model: Any) -> None:
    first = (await cast.ann.create(model, body_for(model, authHouseholdID=cast.home, name="Bakery"))).value
    again = await cast.bob.create(model, body_for(model, authHouseholdID=cast.home, name="Bakery"))
    assert again.value == first
    assert (await cast.ann.list(model)).values == [first]
    changes = (await cast.ann.list(registry["Change"])).values
    assert [(change["name"], change["operation"]) for change in changes] == [("Bakery", 0)] * 2
    other = (await cast.ann.create(model, body_for(model, authHouseholdID=cast.home))).value
    assert (await cast.ann.update(model, other["id"], {"name": "Bakery"})).status == 409
    assert (
        await cast.vic.create(model, body_for(model, authHouseholdID=cast.home, name="Bakery"))
    ).status == 403
    theirs = (await cast.cat.create(model, body_for(model, authHouseholdID=cast.away, name="Bakery"))).value
    assert theirs["id"] != first["id"]


async def test_a_category_of_income_has_no_target(books: Books) -> None:
    for target in ({"targetAmount": 1}, {"targetMonth": 12}, {"targetYear": 2023}):
        body = {"authHouseholdID": books.household, "name": "Pay", "income": True, **target}
        refused = await books.caller.create(CATEGORY, body)
        assert (refused.status, refused.message) == (400, "income: a category of income has no target")
    food = (await books.caller.update(CATEGORY, books.ids["Food"], {"targetAmount": 5})).value
    assert (await books.caller.update(CATEGORY, food["id"], {"income": True})).status == 400
    assert (
        await books.caller.update(CATEGORY, food["id"], {"income": True, "targetAmount": 0})
    ).status == 200


# Deleting


async def test_a_deleted_account_takes_its_transactions_along_but_for_the_other_side(books: Books) -> None:
    await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    transfer = await books.post({"Bank": -5, "Purse": 5}, {"Rent": -5})
    recurring = await books.caller.make(
        RECURRENCE, authHouseholdID=books.household, budgetAccountID=books.ids["Bank"]
    )
    assert (await books.caller.delete(ACCOUNT, books.ids["Bank"])).status == 200
    [left, _] = (await books.transactions("accounts", "Purse")).values
    assert (left["id"], [entry["amount"] for entry in left["accounts"]]) == (transfer["id"], [5])
    assert await books.balances("Purse") == (5, 0, 0)
    categories, payees = await named(books.caller, CATEGORY), await named(books.caller, PAYEE)
    assert [categories[name]["budgetTransactionAmount"] for name in ("Food", "Rent")] == [0, -5]
    assert payees["Bakery"]["budgetTransactionAmount"] == 0
    assert (await books.caller.read(RECURRENCE, recurring["id"])).message == "Item not found"


async def test_a_deleted_category_takes_its_entries_along_and_transactions_stay(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -6, "Rent": -4}, budgetPayeeName="Bakery")
    await books.allocate("Food", 100)
    await books.caller.delete(CATEGORY, books.ids["Food"])
    [left, _] = (await books.transactions("accounts", "Bank")).values
    assert (left["id"], left["amount"]) == (value["id"], -10)
    assert [entry["amount"] for entry in left["categories"]] == [-4]
    month = (await books.month(202311)).value
    assert (month["budgetMonthCategoryAmount"], month["budgetTransactionAmountIncome"]) == (0, 0)


async def test_a_deleted_payee_leaves_its_transactions(books: Books) -> None:
    value = await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    await books.caller.delete(PAYEE, value["budgetPayeeID"])
    [left, _] = (await books.transactions("accounts", "Bank")).values
    assert left == {**value, "budgetPayeeID": None, "balance": -10}


async def test_what_names_a_deleted_category_or_payee_stays_without_it(cast: Cast, books: Books) -> None:
    payee = await books.payee("Bakery", budgetCategoryID=books.ids["Food"])
    home = {"authHouseholdID": cast.home}
    of_category = [
        (PAYEE, payee),
        *[
            (model, await cast.ann.make(model, **owner, budgetCategoryID=books.ids["Food"]))
            for model in (PROJECT, LIST)
            for owner in (home, {"authAccountID": cast.ann.account})
        ],
    ]
    of_payee = [
        (model, await cast.ann.make(model, **home, budgetPayeeID=payee["id"])) for model in (SHELF, ITEM)
    ]
    assert (await cast.bob.delete(CATEGORY, books.ids["Food"])).status == 200
    for model, value in of_category:
        now = (await cast.ann.read(model, value["id"])).value
        assert now == {**value, "budgetCategoryID": None, "updated": now["updated"]}
        assert now["updated"] > value["updated"]
    assert (await cast.bob.delete(PAYEE, payee["id"])).status == 200
    for model, value in of_payee:
        now = (await cast.ann.read(model, value["id"])).value
        assert now == {**value, "budgetPayeeID": None, "updated": now["updated"]}


async def test_a_household_is_deleted_with_its_budget(database: Database, cast: Cast, books: Books) -> None:
    await books.post({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    await books.allocate("Food", 100)
    assert (await cast.ann.call("DELETE", f"/auth/households/{cast.home}")).status == 200
    left = await database.fetch_value(
        "SELECT count(*) FROM (SELECT auth_household_id FROM budget_transaction"
        " UNION ALL SELECT auth_household_id FROM budget_transaction_account"
        " UNION ALL SELECT auth_household_id FROM budget_month_category"
        " UNION ALL SELECT auth_household_id FROM budget_payee) left_over WHERE auth_household_id = %(home)s",
        {"home": cast.home},
    )
    assert left == 0


# References


async def test_a_households_objects_name_its_own_categories_and_payees_only(
    database: Database, cast: Cast, books: Books
) -> None:
    second = Books(cast.ann, await new_household(database, cast.ann.account, name="Second"))
    payee, category = await second.payee("Bakery"), await second.category("Food")
    for model, member, target in (
        (PROJECT, "budgetCategoryID", category),
        (LIST, "budgetCategoryID", category),
        (PAYEE, "budgetCategoryID", category),
        (SHELF, "budgetPayeeID", payee),
        (ITEM, "budgetPayeeID", payee),
    ):
        refused = await cast.ann.create(
            model, body_for(model, authHouseholdID=cast.home, **{member: target["id"]})
        )
        assert (refused.status, refused.message) == (
            400,
            f"{member}: names nothing that can be referred to here",
        )
        value = await cast.ann.make(model, authHouseholdID=cast.home)
        assert (await cast.ann.update(model, value["id"], {member: target["id"]})).status == 400
        stranger = body_for(model, authHouseholdID=cast.away, **{member: target["id"]})
        assert (await cast.cat.create(model, stranger)).status == 400


async def test_what_moves_to_another_household_leaves_behind_what_is_not_there(
    database: Database, cast: Cast, books: Books
) -> None:
    second = await new_household(database, cast.ann.account, name="Second")
    payee = await books.payee("Bakery")
    for model, references in (
        (PROJECT, {"budgetCategoryID": books.ids["Food"]}),
        (LIST, {"budgetCategoryID": books.ids["Food"]}),
        (ITEM, {"budgetPayeeID": payee["id"]}),
    ):
        value = await cast.ann.make(model, authHouseholdID=cast.home, **references)
        own = await cast.ann.update(model, value["id"], {"authAccountID": cast.ann.account})
        assert own.value | references == own.value
        moved = await cast.ann.update(model, value["id"], {"authHouseholdID": second})
        assert [moved.value[name] for name in references] == [None]


async def test_an_item_on_a_list_leaves_its_shop_behind_when_the_list_moves(
    database: Database, cast: Cast, books: Books
) -> None:
    second = await new_household(database, cast.ann.account, name="Second")
    payee, shelf = await books.payee("Bakery"), await cast.ann.make(SHELF, authHouseholdID=cast.home)
    shopping = await cast.ann.make(LIST, authHouseholdID=cast.home)
    item = await cast.ann.make(
        ITEM, shopListID=shopping["id"], budgetPayeeID=payee["id"], shopCategoryID=shelf["id"]
    )
    await cast.ann.update(LIST, shopping["id"], {"authHouseholdID": second})
    now = (await cast.ann.read(ITEM, item["id"])).value
    assert (now["authHouseholdID"], now["budgetPayeeID"], now["shopCategoryID"]) == (second, None, None)


# What recurs


async def test_a_template_names_its_payee_by_id_and_its_household(cast: Cast, books: Books) -> None:
    template = books.body({"Bank": -10}, {"Food": -10}, budgetPayeeName="Bakery")
    del template["authHouseholdID"]
    body = {"budgetAccountID": books.ids["Bank"], "recurrence": DAILY, "template": template}
    value = (await cast.ann.create(RECURRENCE, body)).value
    payee = (await named(cast.ann, PAYEE))["Bakery"]
    assert value["template"]["budgetPayeeID"] == payee["id"]
    assert value["template"]["budgetPayeeName"] == ""
    assert value["template"]["authHouseholdID"] == cast.home
    assert value["template"]["date"] == LATER
    assert payee["budgetTransactionAmount"] == 0
    posted = (await books.try_to_post(value["template"])).value
    assert (posted["amount"], posted["budgetPayeeID"]) == (-10, payee["id"])
    again = {**value["template"], "date": "2999-12-24"}
    assert (await cast.ann.update(RECURRENCE, value["id"], {"template": again})).value["template"] == again
    assert (await cast.ann.update(RECURRENCE, value["id"], {"template": again})).status == 204


@pytest.mark.parametrize(
    "wrong",
    [
        {"recurrence": None},
        {"recurrence": {}},
        {"recurrence": {**DAILY, "separation": 0}},
        {"template": None},
        {"template": {}},
        {"budgetAccountID": None},
        {"budgetAccountID": "00000000-0000-0000-0000-000000000000"},
        {"budgetAccountID": "11111111-1111-4111-8111-111111111111"},
    ],
    ids=str,
)
async def test_what_recurs_needs_an_account_a_rule_and_a_template(
    books: Books, wrong: dict[str, Any]
) -> None:
    value = await books.caller.make(
        RECURRENCE, authHouseholdID=books.household, budgetAccountID=books.ids["Bank"]
    )
    for answer in (
        await books.caller.create(RECURRENCE, {**value, "id": None, **wrong}),
        await books.caller.update(RECURRENCE, value["id"], wrong),
    ):
        assert answer.status == 400
        assert answer.message.startswith(tuple(wrong))
