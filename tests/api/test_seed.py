"""Seeding a server: the families of the sample are there, and one can sign in as them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from homechart_api.__main__ import command_line
from homechart_api.sampling import seed
from homechart_common import sample
from homechart_common.archive.contents import kinds
from homechart_common.errors import Conflict
from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.archives import everything, stored, without_ids
from tests.callers import Caller, Client, serving
from tests.visitors import Run

PLAN = sample.Plan(date(2026, 11, 24))


async def signed_in(client: Client, address: str) -> Caller:
    """Somebody of the sample, in a session of their own."""
    answer = await Caller(client).call(
        "POST", "/auth/signin", {"emailAddress": address, "password": address}, {"User-Agent": ""}
    )
    session = answer.value
    headers = {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}
    return Caller(client, session["authAccountID"], headers)


@pytest.fixture(scope="module")
async def seeded(database: Database) -> AsyncIterator[Client]:
    """A server on which the sample is."""
    await seed(database, PLAN)
    async with serving(database.settings) as client:
        yield client


def seen_of(seen: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """What somebody sees, without what began when they signed in."""
    del seen["/auth/sessions"]
    for account in seen["/auth/accounts"]:
        del account["lastActivity"], account["updated"]
    return seen


async def test_two_seeds_are_the_same(seeded: Client, fresh_database: Database) -> None:
    await seed(fresh_database, PLAN)
    async with AsyncExitStack() as stack:
        again = await stack.enter_async_context(serving(fresh_database.settings))
        for address in sample.addresses():
            first, second = [
                without_ids(seen_of(await everything(await signed_in(client, address))))
                for client in (seeded, again)
            ]
            for path, values in first.items():
                assert second[path] == values, path


async def test_every_screen_has_something_on_it(seeded: Client) -> None:
    jane = await signed_in(seeded, "jane@example.com")
    empty = [
        model.path for model in registry if "list" in model.routes and not (await jane.list(model)).values
    ]
    assert empty == ["/secrets/values", "/secrets/vaults"]
    [home] = (await jane.call("GET", "/auth/households")).values
    assert len(home["members"]) == 4
    [month] = (await jane.call("GET", f"/budget/months/{home['id']}/202610")).values
    assert month["budgetTransactionAmountIncome"] == month["budgetMonthCategoryAmount"] > 0
    assert month["budgetTransactionAmountIncomeRemaining"] == 0
    assert all(category["balance"] >= 0 for category in month["budgetMonthCategories"])


async def test_a_second_time_changes_nothing(seeded: Client, database: Database) -> None:
    before = await stored(database)
    with pytest.raises(Conflict, match=r"jane@example\.com"):
        await seed(database, PLAN)
    assert await stored(database) == before


async def test_the_command_says_how_to_sign_in(
    run: Run, fresh_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sample.json"
    arguments = ["seed", str(path), "--years", "1", "--until", "2025-02-28", "--random", "7"]
    assert await run(*arguments) == 0
    said = capsys.readouterr().out
    assert [address for address in sample.addresses() if address not in said] == []
    made = json.loads(path.read_text(encoding="utf-8"))
    assert list(made) == list(kinds())
    assert len(made["authHouseholds"]) == 2
    tasks = await fresh_database.fetch("SELECT id::text FROM plan_task")
    assert sorted(row["id"] for row in made["planTasks"]) == sorted(row[0] for row in tasks)
    async with serving(fresh_database.settings) as client:
        await signed_in(client, "grandpa@example.com")
    capsys.readouterr()
    assert await run("seed", *arguments[2:]) == 1
    assert capsys.readouterr().err == (
        "homechart-api: There are accounts with these addresses: jane@example.com, john@example.com"
        " and 2 children (the sample can be made only once)\n"
    )


async def test_a_file_that_cannot_be_written_makes_nothing(
    run: Run, fresh_database: Database, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    for path in (tmp_path / "nowhere" / "sample.json", there):
        assert await run("seed", path) == 1
    assert there.read_text() == "mine"
    assert await fresh_database.fetch_value("SELECT count(*) FROM auth_account") == 0


@pytest.mark.parametrize("flag", [["--years", "0"], ["--activity", "x"], ["--until", "tomorrow"]])
def test_what_makes_no_sense_is_refused(flag: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line().run(["seed", *flag])
    assert flag[1] in capsys.readouterr().err
