"""What a household earns and spends: every month adds up, and what comes in is given to categories to the last cent."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from homechart_common.models.budget_transaction import CLEARED, RECONCILED, UNCLEARED
from homechart_common.sample.book import Book

#: The category that gets what no other needs.
_REST = "Emergency fund"
_OPENING = "Opening balance"
#: Transactions are reconciled after so many days; before that they clear after a few.
_RECONCILED_DAYS, _CLEARED_DAYS = 30, 3


class _Accounts:
    """What happens on the accounts of a household."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.accounts: dict[str, str] = {}
        self.categories = {row["name"]: row["id"] for row in book.rows("BudgetCategory")}
        self.payees: dict[str, str] = {}
        #: What came in, and what each category needs, by month.
        self.income: Counter[int] = Counter()
        self.needs: dict[int, Counter[str]] = {}

    def open(self, account: dict[str, Any]) -> None:
        members = {name: value for name, value in account.items() if name != "opening"}
        self.accounts[account["name"]] = self.book.add("BudgetAccount", **members)
        first = self.book.plan.first
        self._payee(_OPENING, None)
        self._post(first, _OPENING, account["name"], account["opening"], {_OPENING: account["opening"]})
        self.income[_month(first)] += account["opening"]

    def earn(self, day: date, source: dict[str, Any]) -> None:
        self._payee(source["payee"], source)
        self._post(
            day, source["payee"], source["account"], source["amount"], {source["category"]: source["amount"]}
        )
        self.income[_month(day)] += source["amount"]

    def spend(self, day: date, what: dict[str, Any], amount: int) -> None:
        self._payee(what["payee"], what)
        self._post(day, what["payee"], what["account"], -amount, {what["category"]: -amount})
        self.needs.setdefault(_month(day), Counter())[what["category"]] += amount

    def move(self, day: date, what: dict[str, Any]) -> None:
        """Money goes from one account to another, which is no income and no purchase."""
        entries = [
            self._entry(day, what["from"], -what["amount"]),
            self._entry(day, what["to"], what["amount"]),
        ]
        self.book.add("BudgetTransaction", day, date=day.isoformat(), note=what["note"], accounts=entries)

    def recur(self, what: dict[str, Any], amount: int) -> None:
        """What comes again, from the next time on."""
        until = self.book.plan.until
        day = next(day for day in (until + timedelta(days=n) for n in range(62)) if day.day == what["day"])
        template = {
            "date": day.isoformat(),
            "amount": amount,
            "budgetPayeeID": self.payees[what["payee"]],
            "accounts": [self._entry(day, what["account"], amount)],
            "categories": [self._part(day, what["category"], amount)],
        }
        self.book.add(
            "BudgetRecurrence", budgetAccountID=self.accounts[what["account"]], template=template,
            recurrence={"separation": 1, "day": what["day"]},
        )  # fmt: skip

    def allocate(self) -> None:
        """Give what came in, to the last cent."""
        for month, income in sorted(self.income.items()):
            given = self.needs.get(month, Counter())
            given[_REST] += income - given.total()
            for category, amount in sorted(given.items()):
                self.book.add(
                    "BudgetMonthCategory",
                    budgetCategoryID=self.categories[category],
                    yearMonth=month,
                    amount=amount,
                )

    def _payee(self, name: str, what: dict[str, Any] | None) -> None:
        if name not in self.payees:
            category = self.categories[what["category"]] if what else None
            store = bool(what and what.get("shop"))
            self.payees[name] = self.book.add(
                "BudgetPayee", name=name, budgetCategoryID=category, shopStore=store
            )

    def _post(self, day: date, payee: str, account: str, amount: int, parts: dict[str, int]) -> None:
        self.book.add(
            "BudgetTransaction", day, date=day.isoformat(), amount=amount, budgetPayeeID=self.payees[payee],
            accounts=[self._entry(day, account, amount)],
            categories=[self._part(day, category, part) for category, part in parts.items()],
        )  # fmt: skip

    def _entry(self, day: date, account: str, amount: int) -> dict[str, Any]:
        age = (self.book.plan.until - day).days
        status = RECONCILED if age > _RECONCILED_DAYS else CLEARED if age > _CLEARED_DAYS else UNCLEARED
        return {"budgetAccountID": self.accounts[account], "amount": amount, "status": status}

    def _part(self, day: date, category: str, amount: int) -> dict[str, Any]:
        return {"budgetCategoryID": self.categories[category], "amount": amount, "yearMonth": _month(day)}


def keep(book: Book) -> None:
    """Make up the budget."""
    content = book.content["money"]
    book.add("BudgetCategory", name=_OPENING, income=True)
    accounts = _Accounts(book)
    for account in content["accounts"]:
        accounts.open(account)
    for day in book.plan.days():
        for source in content["income"]:
            if source["day"] == day.day:
                accounts.earn(day, source)
        for bill in content["bills"]:
            if bill["day"] == day.day:
                accounts.spend(day, bill, bill["amount"])
        for move in content["moves"]:
            if move["day"] == day.day:
                accounts.move(day, move)
    for purchase in content["purchases"]:
        for day in book.every(purchase["every"]):
            least, most = (purchase[name] // book.plan.activity for name in ("least", "most"))
            accounts.spend(day, purchase, book.random.randint(least, most))
    for source in content["income"]:
        accounts.recur(source, source["amount"])
    for bill in content["bills"]:
        accounts.recur(bill, -bill["amount"])
    accounts.allocate()


def _month(day: date) -> int:
    return day.year * 100 + day.month
