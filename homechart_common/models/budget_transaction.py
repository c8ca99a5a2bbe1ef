"""Transactions: what they do to accounts and to categories, and how both must add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from homechart_common.errors import InvalidInput
from homechart_common.models.fields import (
    UUID,
    Bool,
    Date,
    Field,
    Int,
    Money,
    Objects,
    Reference,
    Text,
    YearMonth,
)
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Component

UNCLEARED, CLEARED, RECONCILED = range(3)


class Entries(Objects):
    """What a transaction does, as rows of ``table`` in the order given; null when there are none."""

    refers = True
    most = 1000

    def __init__(self, table: str, members: Mapping[str, Field], **options: Any) -> None:
        super().__init__(members, stored=False, **options)
        self.table = table
        self.json_schema = {**self.json_schema, "type": ["array", "null"]}

    def blank(self) -> None:
        return None

    def sql(self, row: str) -> str:
        members = ", ".join(
            f'{member.sql("e")} AS "{member.json}"' for member in self.member.members.values()
        )
        return (
            f"(SELECT json_agg((SELECT r FROM (SELECT {members}) r) ORDER BY e.place, e.id)"
            f" FROM {self.table} e WHERE e.budget_transaction_id = {row}.id)"
        )


class BudgetTransaction(Model):
    """Money that moves: between accounts, between categories, or to and from a payee. No client keeps a list of them."""

    table, path, component = "budget_transaction", "/budget/transactions", Component.BUDGET
    owner = Owner.HOUSEHOLD
    routes = ()

    date = Date(required=True)
    amount = Money(description="What the payee gets or gives; negative when it goes out")
    budget_payee_id = Reference("budget_payee")
    budget_payee_name = Text(
        stored=False, description="Instead of the id: a payee is looked up by name, or made"
    )
    note = Text(max=500)
    keep = Bool(description="Whether it stays as it is when old transactions are rolled up")
    balance = Money(write="", stored=False, description="In lists: the sum up to here, from the first on")
    accounts = Entries(
        "budget_transaction_account",
        {
            "id": UUID(),
            "auth_household_id": UUID(),
            "budget_account_id": UUID(),
            "budget_transaction_id": UUID(),
            "amount": Money(),
            "status": Int(min=UNCLEARED, max=RECONCILED, description="0 uncleared, 1 cleared, 2 reconciled"),
        },
        description="At most two",
    )
    categories = Entries(
        "budget_transaction_category",
        {
            "id": UUID(),
            "auth_household_id": UUID(),
            "budget_category_id": UUID(),
            "budget_transaction_id": UUID(),
            "amount": Money(),
            "year_month": YearMonth(),
        },
    )
    updated = None


def refuse_imbalance(row: Row) -> None:
    """Raise :class:`InvalidInput` if a transaction's entries do not add up (contract B1 §6.2)."""
    paid = bool(row["budget_payee_id"] or row["budget_payee_name"])
    accounts, categories = (
        [entry["amount"] for entry in row[entries] or ()] for entries in ("accounts", "categories")
    )
    if problem := imbalance(row["amount"], paid, accounts, categories):
        raise InvalidInput(problem)


def imbalance(amount: int, paid: bool, accounts: Sequence[int], categories: Sequence[int]) -> str | None:
    """What is wrong with the amounts of a transaction, which may have a payee, and of its entries."""
    if not accounts and not categories:
        return "accounts, categories: at least one of them must have an entry"
    if len(accounts) > 2:
        return "accounts: must not have more than two entries"
    if paid and not categories:
        return "categories: must be given with budgetPayeeID or budgetPayeeName"
    if not categories and len(accounts) == 1:
        return None  # an adjustment
    moved, meant = sum(accounts), sum(categories)
    if len(accounts) == 1 and paid:
        if moved != meant:
            return "categories: must add up to the amount of the account entry"
    elif moved != 0:
        return "accounts: must add up to zero"
    elif categories and meant not in (accounts or [0]):
        return "categories: must add up to the amount of an account entry"
    if amount != meant:
        return "amount: must be what the categories add up to, or 0 without any"
    return None
