"""What people eat and how they feel."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from homechart_common.models.starter.texts import tree
from homechart_common.sample.book import Book

#: How much more than usual somebody logs at most, however much they do.
_MOST = 3
#: What is felt may come from what was taken in so many days before.
_DAYS = 3


def log(book: Book) -> None:
    """Make up logs of everybody in the household."""
    often = book.plan.activity / min(book.plan.activity, _MOST)
    for account in book.people.values():
        items = {}
        for item in tree("en", "account")["HealthItem"]:
            book.add("HealthItem", authAccountID=account, **item)
            items[item["name"]] = book.rows("HealthItem")[-1]
        days = [
            (day, items[name])
            for name, chance in book.content["health"]["logs"].items()
            for day in book.every(often / chance)
        ]
        for day, item in days:
            book.add("HealthLog", day, authAccountID=account, healthItemID=item["id"], date=day.isoformat())
        _correlate(days)


def _correlate(logs: list[tuple[date, dict[str, Any]]]) -> None:
    """Count what was felt soon after something was taken in, as if one log had been made after the other."""
    counts: dict[str, Counter[str]] = {item["id"]: Counter() for _, item in logs}
    by_day: dict[date, list[dict[str, Any]]] = {}
    for day, item in sorted(logs, key=lambda log: log[0]):
        by_day.setdefault(day, []).append(item)
        if not item.get("output"):
            continue
        for other in (other for n in range(_DAYS + 1) for other in by_day.get(day - timedelta(days=n), ())):
            if not other.get("output"):
                counts[item["id"]][other["id"]] += 1
                counts[other["id"]][item["id"]] += 1
    for _, item in logs:
        item["correlations"] = dict(counts[item["id"]])
