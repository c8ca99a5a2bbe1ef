"""Whatever is written, changed and deleted: totals and months are what adding everything up anew gives."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homechart_common.postgresql.database import Database
from tests.budget import ACCOUNT, CATEGORY, PAYEE, Books, Moves
from tests.cast import Cast
from tests.factories import new_household
from tests.ledger import AccountEntry, CategoryEntry, CategoryFigures, Ledger, MonthFigures, Written

MONTHS = (202311, 202312, 202401, 202403)
ASKED = (202310, *MONTHS, 202402, 202501)


class Step(NamedTuple):
    """One thing that somebody does; the numbers choose among what there is."""

    kind: str
    first: int
    second: int
    amount: int
    month: int
    status: int


class History:
    """The same steps in the books of a household and in a ledger."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.ledger = Ledger()
        self.payees: dict[str, str] = {}

    async def begin(self) -> None:
        """Two accounts and three categories, without the transactions that open accounts."""
        for number in range(2):
            await self.open_account(Step("", number, 0, 0, 0, 0))
        for number in range(3):
            await self.make_category(Step("", number, 0, 0, 0, 0))

    async def do(self, step: Step) -> None:
        """Take a step, if there is anything to take it with."""
        needed = {
            "pay": (self.ledger.accounts, self.ledger.categories),
            "transfer": (self.ledger.accounts,),
            "shift": (self.ledger.categories,),
            "change": (self.ledger.transactions, self.ledger.accounts, self.ledger.categories),
            "remove": (self.ledger.transactions,),
            "allocate": (self.ledger.categories,),
            "toggle": (self.ledger.categories,),
            "reconcile": (self.ledger.accounts,),
            "close_account": (self.ledger.accounts,),
            "drop_category": (self.ledger.categories,),
        }
        if all(needed.get(step.kind, ())):
            await getattr(self, step.kind)(step)

    async def pay(self, step: Step) -> None:
        accounts, categories, payee = self._purchase(step)
        await self._post(accounts, categories, step, budgetPayeeName=payee)

    async def transfer(self, step: Step) -> None:
        one, other = self._account(step.first), self._account(step.second)
        if one != other:
            await self._post({one: -step.amount, other: step.amount}, {}, step)

    async def shift(self, step: Step) -> None:
        one, other = self._category(step.first), self._category(step.second)
        if one != other:
            await self._post({}, {one: -step.amount, other: step.amount}, step)

    async def change(self, step: Step) -> None:
        accounts, categories, payee = self._purchase(step)
        body = self._body(accounts, categories, step, budgetPayeeName=payee)
        transaction_id = self._transaction(step.first)
        answer = await self.books.change({"id": transaction_id}, **body)
        assert answer.status in (200, 204), answer
        self._write(transaction_id, body, await self._payee(payee))

    async def remove(self, step: Step) -> None:
        transaction_id = self._transaction(step.first)
        assert (await self.books.remove({"id": transaction_id})).status == 200
        del self.ledger.transactions[transaction_id]

    async def allocate(self, step: Step) -> None:
        category = self._category(step.first)
        amount = 0 if self.ledger.categories[category] else step.amount
        assert (await self.books.allocate(category, amount, step.month)).status == 200
        self.ledger.months[category, step.month] = amount

    async def toggle(self, step: Step) -> None:
        category = self._category(step.first)
        income = not self.ledger.categories[category]
        await self.books.caller.update(CATEGORY, self.books.ids[category], {"income": income})
        self.ledger.categories[category] = income

    async def reconcile(self, step: Step) -> None:
        account = self._account(step.first)
        path = f"{ACCOUNT.path}/{self.books.ids[account]}/reconcile"
        assert (await self.books.caller.call("POST", path)).status in (200, 204)
        self.ledger.reconcile(account)

    async def open_account(self, step: Step) -> None:
        name = f"Account {len(self.books.ids)}"
        await self.books.account(name)
        for opening in (await self.books.transactions("accounts", name)).values:
            await self.books.remove(opening)
        self.ledger.accounts.add(name)

    async def make_category(self, step: Step) -> None:
        name = f"Category {len(self.books.ids)}"
        await self.books.category(name, income=step.first == 0)
        self.ledger.categories[name] = step.first == 0

    async def close_account(self, step: Step) -> None:
        account = self._account(step.first)
        assert (await self.books.caller.delete(ACCOUNT, self.books.ids[account])).status == 200
        self.ledger.close(account)

    async def drop_category(self, step: Step) -> None:
        category = self._category(step.first)
        assert (await self.books.caller.delete(CATEGORY, self.books.ids[category])).status == 200
        self.ledger.drop(category)

    async def compare(self) -> None:
        """All that the books tell is what the ledger tells."""
        caller, ledger = self.books.caller, self.ledger
        accounts = {value["name"]: sums(value) for value in (await caller.list(ACCOUNT)).values}
        assert accounts == {name: ledger.account_sums(name) for name in ledger.accounts}
        categories = {
            value["name"]: (value["budgetMonthCategoryAmount"], value["budgetTransactionAmount"])
            for value in (await caller.list(CATEGORY)).values
            if value["name"] != "Opening balance"
        }
        assert categories == {name: ledger.category_sums(name) for name in ledger.categories}
        payees = {
            value["id"]: value["budgetTransactionAmount"] for value in (await caller.list(PAYEE)).values
        }
        assert payees == {payee: ledger.payee_sum(payee) for payee in payees}
        for asked in ASKED:
            month = (await self.books.month(asked)).value
            assert month_figures(month) == ledger.month(asked)
            assert category_figures(month) == {
                name: ledger.category(name, asked) for name in ledger.categories
            }

    def _purchase(self, step: Step) -> tuple[Moves, Moves, str]:
        account, half = self._account(step.first), step.amount // 2
        one, other = self._category(step.first), self._category(step.second)
        categories = {one: half, other: step.amount - half} if one != other else {one: step.amount}
        return {account: step.amount}, categories, f"Payee {step.second % 2}"

    def _body(self, accounts: Moves, categories: Moves, step: Step, **members: Any) -> dict[str, Any]:
        return self.books.body(accounts, categories, month=step.month, status=step.status, **members)

    async def _post(self, accounts: Moves, categories: Moves, step: Step, **members: Any) -> None:
        body = self._body(accounts, categories, step, **members)
        value = (await self.books.try_to_post(body)).value
        self._write(value["id"], body, value["budgetPayeeID"])

    def _write(self, transaction_id: str, body: dict[str, Any], payee: str | None) -> None:
        names = {object_id: name for name, object_id in self.books.ids.items()}
        self.ledger.write(
            transaction_id,
            Written(
                body["amount"],
                payee,
                [
                    AccountEntry(names[e["budgetAccountID"]], e["amount"], e["status"])
                    for e in body["accounts"]
                ],
                [
                    CategoryEntry(names[e["budgetCategoryID"]], e["yearMonth"], e["amount"])
                    for e in body["categories"]
                ],
            ),
        )

    async def _payee(self, name: str) -> str:
        return next(
            value["id"] for value in (await self.books.caller.list(PAYEE)).values if value["name"] == name
        )

    def _account(self, number: int) -> str:
        return sorted(self.ledger.accounts)[number % len(self.ledger.accounts)]

    def _category(self, number: int) -> str:
        return sorted(self.ledger.categories)[number % len(self.ledger.categories)]

    def _transaction(self, number: int) -> str:
        return list(self.ledger.transactions)[number % len(self.ledger.transactions)]


def sums(account: dict[str, Any]) -> tuple[int, int, int]:
    return (
        account["budgetTransactionAmount"],
        account["budgetTransactionAmountCleared"],
        account["budgetTransactionAmountReconciled"],
    )


def month_figures(month: dict[str, Any]) -> MonthFigures:
    return MonthFigures(
        month["yearMonth"],
        month["budgetMonthCategoryAmount"],
        month["budgetTransactionAmountIncome"],
        month["budgetTransactionAmountIncomeRemaining"],
    )


def category_figures(month: dict[str, Any]) -> dict[str, CategoryFigures]:
    return {
        row["budgetCategory"]["name"]: CategoryFigures(
            row["yearMonth"], row["amount"], row["budgetTransactionAmount"], row["balance"]
        )
        for row in month["budgetMonthCategories"]
        if row["budgetCategory"]["name"] != "Opening balance"
    }


#: Most of what people do is to spend; now and then they clear up.
_KINDS = (
    "pay", "pay", "pay", "transfer", "shift", "change", "change", "remove", "allocate", "allocate", "toggle",
    "reconcile", "open_account", "make_category", "close_account", "drop_category",
)  # fmt: skip
STEPS = st.builds(
    Step,
    kind=st.sampled_from(_KINDS),
    first=st.integers(0, 5),
    second=st.integers(0, 5),
    amount=st.integers(-100_000, 100_000),
    month=st.sampled_from(MONTHS),
    status=st.integers(0, 2),
)


@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=8, max_size=30))
async def test_totals_and_months_are_what_adding_up_anew_gives(
    steps: list[Step], database: Database, cast: Cast
) -> None:
    household = await new_household(database, cast.ann.account)
    history = History(Books(cast.ann, household))
    await history.begin()
    for step in steps:
        await history.do(step)
    await history.compare()
    await cast.ann.call("DELETE", f"/auth/households/{household}")
