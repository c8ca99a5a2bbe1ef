"""The counts of what was followed by what, against a plain count of the same history (contract B2 §3.2)."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homechart_common.postgresql.connection import Queryable
from homechart_common.postgresql.database import Database
from tests.factories import new_account

#: Three things to take in and two symptoms, at first.
FELT = (False, False, False, True, True)

things = st.integers(0, len(FELT) - 1)
days = st.integers(0, 6)
entries = st.tuples(things, days)
steps = st.one_of(
    st.tuples(st.just("write"), st.lists(entries, min_size=1, max_size=3)),
    st.tuples(st.just("strike"), st.integers(0)),
    st.tuples(st.just("correct"), st.integers(0), entries),
    st.tuples(st.just("turn"), things),
    st.tuples(st.just("replace"), things),
)


class Diary:
    """Somebody's logs, and what a person with a pencil would count."""

    def __init__(self) -> None:
        self.items = [str(uuid.uuid4()) for _ in FELT]
        self.felt = dict(zip(self.items, FELT, strict=True))
        self.logs: dict[str, tuple[str, int]] = {}
        self.counts: dict[str, Counter[str]] = {item: Counter() for item in self.items}

    def write(self, log: str, item: str, day: int) -> None:
        self._count(item, day, 1)
        self.logs[log] = item, day

    def strike(self, log: str) -> None:
        self._count(*self.logs.pop(log), -1)

    def forget(self, item: str) -> None:
        """All its logs go, and nobody counts it any more."""
        self.logs = {log: entry for log, entry in self.logs.items() if entry[0] != item}
        self.counts[item].clear()
        for counts in self.counts.values():
            del counts[item]

    def _count(self, item: str, day: int, step: int) -> None:
        met = [other for other, then in self.logs.values() if self._followed(item, day, other, then)]
        for other in met:
            self._add(item, other, step)
        for other in set(met):
            self._add(other, item, step)

    def _followed(self, item: str, day: int, other: str, then: int) -> bool:
        """Whether one is a symptom and the other came at most three days before it."""
        later = day - then if self.felt[item] else then - day
        return self.felt[item] is not self.felt[other] and 0 <= later <= 3

    def _add(self, item: str, other: str, step: int) -> None:
        self.counts[item][other] = max(0, self.counts[item][other] + step)


class Page:
    """The same in the database."""

    def __init__(self, database: Queryable, account: str) -> None:
        self._database = database
        self._account = account

    async def add_item(self, item: str, felt: bool) -> None:
        await self._database.execute(
            "INSERT INTO health_item (id, auth_account_id, name, output)"
            " VALUES (%(id)s, %(account)s, %(id)s, %(felt)s)",
            {"id": item, "account": self._account, "felt": felt},
        )

    async def write(self, logs: list[tuple[str, str, int]]) -> None:
        """All at once."""
        ids, items, written = zip(*logs, strict=True)
        await self._database.execute(
            "INSERT INTO health_log (id, auth_account_id, health_item_id, date)"
            " SELECT id::uuid, %(account)s, item::uuid, '2026-11-01'::date + day"
            " FROM unnest(%(ids)s::text[], %(items)s::text[], %(days)s::integer[]) AS given (id, item, day)",
            {"account": self._account, "ids": list(ids), "items": list(items), "days": list(written)},
        )

    async def run(self, statement: str, **parameters: Any) -> None:
        await self._database.execute(statement, parameters)

    async def counts(self) -> dict[str, dict[str, int]]:
        rows = await self._database.fetch(
            "SELECT id::text, correlations FROM health_item WHERE auth_account_id = %(account)s",
            {"account": self._account},
        )
        return {item: json.loads(counts) for item, counts in rows}


async def somebody_else(database: Queryable) -> Page:
    """Who took something in and felt something on each of the days, which is nobody else's business."""
    page = Page(database, await new_account(database))
    for felt in (False, True):
        item = str(uuid.uuid4())
        await page.add_item(item, felt)
        await page.write([(str(uuid.uuid4()), item, day) for day in range(7)])
    return page


async def perform(step: tuple[Any, ...], diary: Diary, page: Page) -> None:
    """One step of a history, in both."""
    match step:
        case ("write", entries):
            logs = [(str(uuid.uuid4()), diary.items[thing], day) for thing, day in entries]
            await page.write(logs)
            for log, item, day in sorted(logs):
                diary.write(log, item, day)
        case ("strike", number) if diary.logs:
            log = list(diary.logs)[number % len(diary.logs)]
            await page.run("DELETE FROM health_log WHERE id = %(id)s", id=log)
            diary.strike(log)
        case ("correct", number, (thing, day)) if diary.logs:
            log, item = list(diary.logs)[number % len(diary.logs)], diary.items[thing]
            await page.run(
                "UPDATE health_log SET health_item_id = %(item)s, date = '2026-11-01'::date + %(day)s"
                " WHERE id = %(id)s",
                id=log,
                item=item,
                day=day,
            )
            if diary.logs[log] != (item, day):
                diary.strike(log)
                diary.write(log, item, day)
        case ("turn", thing):
            item = diary.items[thing]
            await page.run("UPDATE health_item SET output = NOT output WHERE id = %(id)s", id=item)
            diary.forget(item)
            diary.felt[item] = not diary.felt[item]
        case ("replace", thing):
            item, new = diary.items[thing], str(uuid.uuid4())
            await page.run("DELETE FROM health_item WHERE id = %(id)s", id=item)
            await page.add_item(new, diary.felt[item])
            diary.forget(item)
            del diary.counts[item]
            diary.items[thing], diary.felt[new], diary.counts[new] = new, diary.felt[item], Counter()


@settings(max_examples=150, deadline=None)
@given(history=st.lists(steps, max_size=25))
async def test_whatever_happens_is_counted_as_a_person_would(
    database: Database, history: list[tuple[Any, ...]]
) -> None:
    async with database.transaction() as transaction:
        neighbour = await somebody_else(transaction)
        theirs = await neighbour.counts()
        diary, page = Diary(), Page(transaction, await new_account(transaction))
        for item, felt in diary.felt.items():
            await page.add_item(item, felt)
        for step in history:
            await perform(step, diary, page)
        assert await page.counts() == {item: dict(+counts) for item, counts in diary.counts.items()}
        assert await neighbour.counts() == theirs
        await transaction.rollback()
