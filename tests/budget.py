"""The books of a household: its accounts and categories, and what is written into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from homechart_common.models import registry
from tests.callers import Answer, Caller

ACCOUNT, CATEGORY, PAYEE = registry["BudgetAccount"], registry["BudgetCategory"], registry["BudgetPayee"]
TRANSACTION, RECURRENCE = registry["BudgetTransaction"], registry["BudgetRecurrence"]
UNCLEARED, CLEARED, RECONCILED = range(3)

#: A day after those on which accounts are opened, so that the transactions of that come first.
LATER = "2999-11-24"

#: Account entries and category entries as a test says them.
Moves = dict[str, int]


@dataclass
class Books:
    """What somebody writes and reads, with accounts and categories called by their names."""

    caller: Caller
    household: str

    def __post_init__(self) -> None:
        self.ids: dict[str, str] = {}

    async def account(self, name: str, **members: Any) -> dict[str, Any]:
        """A new account."""
        return await self._make(ACCOUNT, name, members)

    async def category(self, name: str, **members: Any) -> dict[str, Any]:
        """A new category; of income, if ``members`` say so."""
        return await self._make(CATEGORY, name, {"grouping": "All", **members})

    async def payee(self, name: str, **members: Any) -> dict[str, Any]:
        """A new payee."""
        return await self._make(PAYEE, name, members)

    def body(
        self,
        accounts: Moves,
        categories: Moves,
        *,
        status: int = UNCLEARED,
        month: int = 202311,
        date: str = LATER,
        **members: Any,
    ) -> dict[str, Any]:
        """The body of a transaction whose amount is what the categories add up to."""
        return {
            "authHouseholdID": self.household,
            "date": date,
            "amount": sum(categories.values()),
            "accounts": [
                {"budgetAccountID": self.ids[name], "amount": amount, "status": status}
                for name, amount in accounts.items()
            ],
            "categories": [
                {"budgetCategoryID": self.ids[name], "amount": amount, "yearMonth": month}
                for name, amount in categories.items()
            ],
            **members,
        }

    async def try_to_post(self, body: dict[str, Any]) -> Answer:
        """Send a transaction."""
        return await self.caller.call("POST", TRANSACTION.path, body)

    async def post(self, accounts: Moves, categories: Moves, **members: Any) -> dict[str, Any]:
        """A new transaction."""
        return (await self.try_to_post(self.body(accounts, categories, **members))).value

    async def change(self, transaction: dict[str, Any], **members: Any) -> Answer:
        """Overwrite members of a transaction."""
        return await self.caller.call("PUT", f"{TRANSACTION.path}/{transaction['id']}", members)

    async def remove(self, transaction: dict[str, Any]) -> Answer:
        """Delete a transaction."""
        return await self.caller.call("DELETE", f"{TRANSACTION.path}/{transaction['id']}")

    async def allocate(self, category: str, amount: int, month: int = 202311, method: str = "POST") -> Answer:
        """Give a category an amount in a month."""
        body = {
            "authHouseholdID": self.household,
            "budgetCategoryID": self.ids[category],
            "yearMonth": month,
            "amount": amount,
        }
        return await self.caller.call(method, "/budget/month-categories", body)

    async def month(self, month: int | str) -> Answer:
        """The figures of a month."""
        return await self.caller.call("GET", f"/budget/months/{self.household}/{month}")

    async def balances(self, account: str) -> tuple[int, int, int]:
        """What an account has: all, what is cleared, what is reconciled."""
        value = (await self.caller.read(ACCOUNT, self.ids[account])).value
        names = ("Amount", "AmountCleared", "AmountReconciled")
        return tuple(value[f"budgetTransaction{name}"] for name in names)  # type: ignore[return-value]

    async def transactions(self, kind: str, name: str, suffix: str = "") -> Answer:
        """The transactions of one of the ``accounts``, ``categories`` or ``payees``."""
        return await self.caller.call("GET", f"/budget/{kind}/{self.ids[name]}/transactions{suffix}")

    async def _make(self, model: Any, name: str, members: dict[str, Any]) -> dict[str, Any]:
        body = {"authHouseholdID": self.household, "name": name, **members}
        value = (await self.caller.create(model, body)).value
        self.ids[name] = value["id"]
        return value
