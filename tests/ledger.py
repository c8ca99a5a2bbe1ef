"""Books as a child would keep them: everything that was written, added up anew whenever somebody asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tests.budget import CLEARED, RECONCILED


class AccountEntry(NamedTuple):
    """What a transaction does to an account."""

    account: str
    amount: int
    status: int


class CategoryEntry(NamedTuple):
    """What it does to a category in a month."""

    category: str
    month: int
    amount: int


@dataclass
class Written:
    """A transaction."""

    amount: int
    payee: str | None
    accounts: list[AccountEntry]
    categories: list[CategoryEntry]


class MonthFigures(NamedTuple):
    """What is shown of a month."""

    month: int
    allocated: int
    income: int
    remaining: int


class CategoryFigures(NamedTuple):
    """What is shown of a category in a month."""

    month: int
    amount: int
    moved: int
    balance: int


@dataclass
class Ledger:
    """All that was written, by names and ids."""

    accounts: set[str] = field(default_factory=set)
    #: Whether each category is one of income.
    categories: dict[str, bool] = field(default_factory=dict)
    transactions: dict[str, Written] = field(default_factory=dict)
    #: What each category got in each month in which it got, or did, anything.
    months: dict[tuple[str, int], int] = field(default_factory=dict)

    def write(self, transaction_id: str, transaction: Written) -> None:
        """A transaction is as it shall be from now on; gone, if it lost all that it did to accounts."""
        before = self.transactions.pop(transaction_id, None)
        if before and before.accounts and not transaction.accounts:
            return
        self.transactions[transaction_id] = transaction
        for entry in transaction.categories:
            self.months.setdefault((entry.category, entry.month), 0)

    def reconcile(self, account: str) -> None:
        """What is cleared is reconciled."""
        for written in self.transactions.values():
            written.accounts = [
                entry._replace(status=RECONCILED) if entry[::2] == (account, CLEARED) else entry
                for entry in written.accounts
            ]

    def close(self, account: str) -> None:
        """An account goes, and transactions that are left without any."""
        self.accounts.remove(account)
        for transaction_id, written in list(self.transactions.items()):
            accounts = [entry for entry in written.accounts if entry.account != account]
            self.write(transaction_id, Written(written.amount, written.payee, accounts, written.categories))

    def drop(self, category: str) -> None:
        """A category goes, and with it what was done to it."""
        del self.categories[category]
        for written in self.transactions.values():
            written.categories = [entry for entry in written.categories if entry.category != category]
        self.months = {key: amount for key, amount in self.months.items() if key[0] != category}

    def account_sums(self, account: str) -> tuple[int, int, int]:
        """All, what is cleared at least, and what is reconciled."""
        entries = [e for w in self.transactions.values() for e in w.accounts if e.account == account]
        all_, cleared, reconciled = (
            sum(e.amount for e in entries if e.status >= least) for least in range(3)
        )
        return all_, cleared, reconciled

    def category_sums(self, category: str) -> tuple[int, int]:
        """What a category got, and what moved in it."""
        got = sum(amount for (name, _), amount in self.months.items() if name == category)
        return got, self._moved(category)

    def payee_sum(self, payee: str) -> int:
        """What moved to or from a payee."""
        return sum(w.amount for w in self.transactions.values() if w.payee == payee)

    def month(self, asked: int) -> MonthFigures:
        """The figures of the last month until then in which anything happened."""
        known = {month for _, month in self.months if month <= asked}
        last = max(known, default=0)
        return MonthFigures(
            last,
            self._allocated(last),
            self._income(last),
            sum(self._income(month) - self._allocated(month) for month in known),
        )

    def category(self, category: str, asked: int) -> CategoryFigures:
        """The same of a category."""
        known = {month for name, month in self.months if name == category and month <= asked}
        last = max(known, default=0)
        balance = sum(self.months[category, month] + self._moved(category, month) for month in known)
        return CategoryFigures(
            last, self.months.get((category, last), 0), self._moved(category, last), balance
        )

    def _moved(self, category: str, month: int | None = None) -> int:
        return sum(
            entry.amount
            for written in self.transactions.values()
            for entry in written.categories
            if entry.category == category and month in (None, entry.month)
        )

    def _allocated(self, month: int) -> int:
        return sum(amount for (_, of), amount in self.months.items() if of == month)

    def _income(self, month: int) -> int:
        return sum(self._moved(category, month) for category, income in self.categories.items() if income)
