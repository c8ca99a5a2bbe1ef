"""Books of a household, written past the API: one account, one category, and as many payees as are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from homechart_common.postgresql.connection import Queryable
from tests.factories import new_account, new_household


@dataclass(frozen=True)
class SqlBooks:
    """A household, its account and its category."""

    database: Queryable
    household: str
    account: str
    category: str

    async def payee(self, name: str) -> Any:
        """The payee of that name."""
        return await self.database.fetch_value(
            "SELECT budget_payee_named(%(household)s, %(name)s)", {"household": self.household, "name": name}
        )

    async def post(
        self,
        date: str,
        payee: str = "",
        *,
        account: int | None = None,
        category: int | None = None,
        month: int = 202311,
        status: int = 0,
        keep: bool = False,
    ) -> None:
        """A transaction with an entry for the account, the category, or both."""
        posted = await self.database.fetch_value(
            "INSERT INTO budget_transaction (auth_household_id, date, amount, budget_payee_id, keep) VALUES"
            " (%(household)s, %(date)s, %(amount)s, %(payee)s, %(keep)s) RETURNING id",
            {
                "household": self.household,
                "date": date,
                "amount": category or 0,
                "payee": await self.payee(payee),
                "keep": keep,
            },
        )
        known = {"household": self.household, "posted": posted, "status": status, "month": month}
        if account is not None:
            await self.database.execute(
                "INSERT INTO budget_transaction_account (auth_household_id, budget_transaction_id,"
                " budget_account_id, amount, status) VALUES"
                " (%(household)s, %(posted)s, %(account)s, %(amount)s, %(status)s)",
                {**known, "account": self.account, "amount": account},
            )
        if category is not None:
            await self.database.execute(
                "INSERT INTO budget_transaction_category (auth_household_id, budget_transaction_id,"
                " budget_category_id, amount, year_month) VALUES"
                " (%(household)s, %(posted)s, %(category)s, %(amount)s, %(month)s)",
                {**known, "category": self.category, "amount": category},
            )

    async def allocate(self, month: int, amount: int) -> None:
        """Give the category an amount in a month."""
        await self.database.execute(
            "INSERT INTO budget_month_category (auth_household_id, budget_category_id, year_month, amount)"
            " VALUES (%(household)s, %(category)s, %(month)s, %(amount)s)",
            {"household": self.household, "category": self.category, "month": month, "amount": amount},
        )

    async def transactions(self) -> list[tuple[Any, ...]]:
        """Date, payee, amount, and the amounts of all transactions' entries, in order."""
        return await self.database.fetch(
            "SELECT t.date::text, p.name, t.amount,"
            " array(SELECT amount || '/' || status FROM budget_transaction_account e"
            "  WHERE e.budget_transaction_id = t.id ORDER BY status),"
            " array(SELECT amount || ' in ' || year_month FROM budget_transaction_category e"
            "  WHERE e.budget_transaction_id = t.id ORDER BY year_month)"
            " FROM budget_transaction t LEFT JOIN budget_payee p ON p.id = t.budget_payee_id"
            " WHERE t.auth_household_id = %(household)s ORDER BY t.date, p.name, t.amount",
            {"household": self.household},
        )

    async def totals(self) -> list[tuple[Any, ...]]:
        """What account, category and payees know of their sums."""
        return await self.database.fetch(
            "SELECT name, budget_transaction_amount, budget_transaction_amount_cleared,"
            " budget_transaction_amount_reconciled FROM budget_account"
            " UNION ALL SELECT name, budget_transaction_amount, budget_month_category_amount, 0"
            " FROM budget_category UNION ALL SELECT name, budget_transaction_amount, 0, 0 FROM budget_payee"
            " ORDER BY 1"
        )

    async def months(self) -> list[tuple[Any, ...]]:
        """What the category got and did in each month, and what was left of it."""
        return await self.database.fetch(
            "SELECT year_month, amount, budget_transaction_amount,"
            " budget_balance(auth_household_id, budget_category_id, year_month)"
            " FROM budget_month_category ORDER BY 1"
        )


async def new_books(database: Queryable) -> SqlBooks:
    """Books with nothing in them."""
    household = await new_household(database, await new_account(database))
    ids = [
        await database.fetch_value(
            f"INSERT INTO {table} (auth_household_id, short_id, name) VALUES (%(household)s, 'short', %(name)s)"
            " RETURNING id",
            {"household": household, "name": name},
        )
        for table, name in (("budget_account", "Bank"), ("budget_category", "Food"))
    ]
    return SqlBooks(database, household, *ids)
