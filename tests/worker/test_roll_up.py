"""Old transactions become fewer where somebody asks for it, and nothing that is known of them in sum is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from homechart_common.clock import frozen_at
from homechart_common.postgresql.database import Database
from homechart_worker.task import Context, Task, perform
from homechart_worker.tasks.roll_up_budget_balance import roll_up_budget_balance
from homechart_worker.tasks.roll_up_budget_summary import roll_up_budget_summary
from tests.worker.books import SqlBooks, new_books
from tests.worker.conftest import configured

TODAY = datetime(2024, 11, 24, 3, tzinfo=UTC)


async def roll_up(task: Task, context: Context, months: int) -> int:
    kind = "summary" if task is roll_up_budget_summary else "balance"
    config = configured(f"app_rollupBudgetTransactions{kind}Months={months}")
    with frozen_at(TODAY):
        return await perform(task, replace(context, config=config))


async def fill(database: Database) -> SqlBooks:
    """Two years of two payees, with something of every kind."""
    books = await new_books(database)
    for month, amount, status in ((10, -5, 0), (10, -7, 1), (10, 20, 2), (11, -1, 2), (11, 1, 2)):
        payee = "Bakery" if amount < 0 else "Employer"
        await books.post(
            f"2023-{month}-2{status}",
            payee,
            account=amount,
            category=amount,
            month=202300 + month,
            status=status,
        )
    await books.post("2023-10-09", "Bakery", account=-50, category=-50, month=202310, keep=True)
    await books.post("2023-10-10", account=3)
    await books.post("2023-10-11", account=-3)
    await books.post("2024-02-24", "Bakery", account=-2, category=-2, month=202402)
    await books.allocate(202309, 100)
    return books


async def test_nothing_is_rolled_up_unless_somebody_asks_for_it(context: Context) -> None:
    books = await fill(context.database)
    before = await books.transactions()
    for task in (roll_up_budget_summary, roll_up_budget_balance):
        assert await perform(task, context) == 0
        assert await roll_up(task, context, 0) == 0
    assert await books.transactions() == before


async def test_the_transactions_of_a_payee_become_one_for_each_month(context: Context) -> None:
    books = await fill(context.database)
    totals, months = await books.totals(), await books.months()
    assert await roll_up(roll_up_budget_summary, context, 12) == 4
    assert await books.transactions() == [
        ("2023-10-01", "Bakery", -12, ["-5/0", "-7/1"], ["-12 in 202310"]),
        ("2023-10-09", "Bakery", -50, ["-50/0"], ["-50 in 202310"]),
        ("2023-10-22", "Employer", 20, ["20/2"], ["20 in 202310"]),
        ("2023-11-22", "Bakery", -1, ["-1/2"], ["-1 in 202311"]),
        ("2023-11-22", "Employer", 1, ["1/2"], ["1 in 202311"]),
        ("2024-02-24", "Bakery", -2, ["-2/0"], ["-2 in 202402"]),
    ]
    assert (await books.totals(), await books.months()) == (totals, months)
    assert await roll_up(roll_up_budget_summary, context, 12) == 0
    await roll_up(roll_up_budget_summary, context, 1)
    assert (await books.totals(), await books.months()) == (totals, months)


async def test_very_old_transactions_and_months_become_one(context: Context) -> None:
    books = await fill(context.database)
    totals = {row[0]: row[1:] for row in await books.totals()}
    balances = {row[0]: row[3] for row in await books.months()}
    assert await roll_up(roll_up_budget_balance, context, 10) == 1
    opening, *rest = await books.transactions()
    assert opening[0] == "2023-10-09", "what is to be kept stays"
    categories = ["-13 in 202401", "21 in 202401"]
    assert [sorted(part) if isinstance(part, list) else part for part in rest[0]] == [
        "2023-12-01", None, 8, ["-5/0", "-7/1", "20/2"], categories,
    ]  # fmt: skip
    assert [row[0] for row in rest[1:]] == ["2024-02-24"]
    after = {row[0]: row[1:] for row in await books.totals()}
    assert after["Food"] == totals["Food"]
    assert after["Bank"] == totals["Bank"]
    months = await books.months()
    assert [row[0] for row in months] == [202401, 202402]
    assert months[-1][3] == balances[202402]
    assert await roll_up(roll_up_budget_balance, context, 10) == 0
    await books.post("2023-12-24", "Bakery", account=-4, category=-4, month=202312)
    assert await roll_up(roll_up_budget_balance, context, 10) == 1
    (opening,) = (row for row in await books.transactions() if row[0] == "2023-12-01")
    assert (opening[2], sorted(opening[3]), sorted(opening[4])) == (
        4,
        ["-7/1", "-9/0", "20/2"],
        ["-17 in 202401", "21 in 202401"],
    )


async def test_what_cancels_out_leaves_nothing(context: Context) -> None:
    books = await new_books(context.database)
    for amount in (5, -5):
        await books.post("2020-01-01", account=amount)
    await roll_up(roll_up_budget_summary, context, 12)
    assert await books.transactions() == []
    for amount in (5, -5):
        await books.post("2020-01-01", account=amount)
    await roll_up(roll_up_budget_balance, context, 12)
    assert await books.transactions() == []
