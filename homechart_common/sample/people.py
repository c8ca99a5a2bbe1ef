"""The people of a household, what they find when they make it, and what the household remembers that they did."""

from __future__ import annotations

from typing import Any

from homechart_common.models import registry
from homechart_common.models.permissions import Component, Level
from homechart_common.models.starter.texts import tree
from homechart_common.sample.book import Book

#: Children see everything but the money and the secrets.
_CHILDREN = {
    Component.BUDGET.value: Level.NONE,
    Component.SECRETS.value: Level.NONE,
    Component.AUTH.value: Level.VIEW,
}
#: What comes from the beginnings of a new household; the rest is made up.
_FOUND = ("BudgetCategory", "CookMealTime", "InventoryCollection", "ShopCategory", "ShopList")
#: How much a household remembers.
_REMEMBERED = 50


def settle(book: Book, household: dict[str, Any], passwords: dict[str, str]) -> None:
    """Let people make a household."""
    code = book.short_id()
    book.household = book.id()
    book.add("AuthHousehold", id=book.household, name=household["name"], subscriptionReferralCode=code)
    for name in household["people"]:
        _join(book, name, book.content["people"][name], passwords)
    for model in _FOUND:
        for body in tree("en", "household")[model]:
            book.add(model, **body)


def remember(book: Book) -> None:
    """Log the newest of what they made."""
    labels = {
        model.__name__: model for model in registry if model.label == "name" and model.archived is not None
    }
    made = [
        (row["created"], row["name"], model.table)
        for name, model in labels.items()
        for row in book.rows(name)
        if row.get("authHouseholdID") and not row.get("done")
    ]
    for moment, name, table in sorted(made)[-_REMEMBERED:]:
        account = book.people[book.random.choice(book.adults)]
        book.add("Change", moment=moment, name=name, tableName=table, operation=0, authAccountID=account,
                 authHouseholdID=book.household)  # fmt: skip


def _join(book: Book, name: str, person: dict[str, Any], passwords: dict[str, str]) -> None:
    account = book.people[name] = book.id()
    address = person.get("email", f"{account}@example.com")
    child = person.get("child", False)
    if not child:
        book.adults.append(name)
    book.add(
        "AuthAccount", id=account, name=person["name"], emailAddress=address, child=child, setup=True,
        tosAccepted=True, verified=True, passwordHash=passwords.get(address, ""), lastActivity=book.moment(),
        preferences={"colorPrimary": person["color"]},
    )  # fmt: skip
    book.add(
        "AuthAccountAuthHousehold", authAccountID=account, authHouseholdID=book.household, color=person["color"],
        permissions=_CHILDREN if child else {},
    )  # fmt: skip
