"""A budget of five years: its months, its charts and the transactions of an account, as one client sees them.

20,000 transactions in 5 accounts, 40 categories and 200 payees. What somebody looks at must be there at once,
however much was written before.
"""

from __future__ import annotations

from statistics import median

from bench import household, servers
from bench.figures import Figure, at_most
from bench.stage import Stage, load

TRANSACTIONS, MONTHS = 20_000, 60
_WARM_UP = 5

_FILL = (
    """INSERT INTO budget_account (auth_household_id, short_id, name, budget)
    SELECT %(household)s, 'account' || n, 'Account ' || n, n < 5 FROM generate_series(1, 5) n""",
    """INSERT INTO budget_category (auth_household_id, short_id, name, grouping, income)
    SELECT %(household)s, 'category' || n, 'Category ' || n, 'Group ' || n / 8, n < 3 FROM generate_series(1, 40) n""",
    """INSERT INTO budget_payee (auth_household_id, short_id, name)
    SELECT %(household)s, 'payee' || n, 'Payee ' || n FROM generate_series(1, 200) n""",
    """INSERT INTO budget_month_category (auth_household_id, budget_category_id, year_month, amount)
    SELECT %(household)s, c.id, to_char(current_date - m * interval '1 month', 'YYYYMM')::integer, 10000
    FROM budget_category c, generate_series(0, %(months)s - 1) m
    WHERE c.auth_household_id = %(household)s AND NOT c.income""",
    """INSERT INTO budget_transaction (auth_household_id, date, amount, budget_payee_id, note)
    SELECT %(household)s, current_date - (n * %(months)s * 30 / %(transactions)s), -100 - n %% 5000,
        (array(SELECT id FROM budget_payee WHERE auth_household_id = %(household)s))[1 + n %% 200], 'Number ' || n
    FROM generate_series(1, %(transactions)s) n""",
    """INSERT INTO budget_transaction_account
        (auth_household_id, budget_transaction_id, budget_account_id, amount, status)
    SELECT %(household)s, id,
        (array(SELECT id FROM budget_account WHERE auth_household_id = %(household)s))[1 + abs(amount) %% 5], amount, 1
    FROM budget_transaction WHERE auth_household_id = %(household)s""",
    """INSERT INTO budget_transaction_category
        (auth_household_id, budget_transaction_id, budget_category_id, amount, year_month)
    SELECT %(household)s, id,
        (array(SELECT id FROM budget_category WHERE auth_household_id = %(household)s))[1 + abs(amount) %% 40], amount,
        to_char(date, 'YYYYMM')::integer
    FROM budget_transaction WHERE auth_household_id = %(household)s""",
)


async def measure(stage: Stage) -> list[Figure]:
    """All of them."""
    home, database = stage.household.id, stage.database
    parameters = {"household": home, "transactions": TRANSACTIONS, "months": MONTHS}
    for statement in _FILL:
        await database.execute(statement, parameters)
    await household.tidy(database)
    account = await database.fetch_value(
        "SELECT id FROM budget_account WHERE auth_household_id = %(household)s LIMIT 1", parameters
    )
    asked = {
        "a month": (f"/budget/months/{home}/0", 50),
        "transactions of an account": (f"/budget/accounts/{account}/transactions", 50),
        **{
            f"chart {kind} of all months": (f"/charts/datasets/{home}/{kind}?from=100001&to=999912", 100)
            for kind in range(4)
        },
    }
    async with servers.api(database.settings, stage.log) as server:
        return [
            at_most(f"budget, {name}", await _milliseconds(stage, server.port, path), most, "ms")
            for name, (path, most) in asked.items()
        ]


async def _milliseconds(stage: Stage, port: int, path: str) -> float:
    """How long an answer takes, on one connection: the median of the rounds."""
    took = []
    for _ in range(stage.rounds):
        request = stage.request("GET", f"/api/v1{path}")
        seen = await load([port], 1, [request], seconds=stage.seconds, warm_up=_WARM_UP)
        if seen["statuses"] != {"200": seen["answers"]}:
            raise RuntimeError(f"{path}: {seen['statuses']}")
        took.append(1000 * seen["seconds"] / seen["answers"])
    return median(took)
