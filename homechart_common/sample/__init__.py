"""Families to look around with: what is in ``en.yaml``, as if it had gone on for years until a day.

Each household is made as an archive and restored like one, so what is made up is checked like what clients write.
The same plan always makes the same, but for the ids.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO, Any

import yaml

from homechart_common.sample import chores, dates, health, home, kitchen, money, people
from homechart_common.sample.book import Book, Plan

__all__ = ["Plan", "addresses", "document", "names", "write"]

_PATH = Path(__file__).parent / "en.yaml"


def names() -> tuple[str, ...]:
    """What the households are called."""
    return tuple(household["name"] for household in _content()["households"])


def addresses() -> tuple[str, ...]:
    """Who can sign in, each with the address as the password."""
    return tuple(person["email"] for person in _content()["people"].values() if "email" in person)


def document(plan: Plan, name: str, passwords: dict[str, str]) -> Iterator[str]:
    """The archive of a household, in pieces; ``passwords`` are the hashes of them, by address."""
    content = _content()
    household = next(one for one in content["households"] if one["name"] == name)
    quiet = household.get("quiet", False)
    book = Book(replace(plan, activity=1) if quiet else plan, name, content)
    people.settle(book, household, passwords)
    money.keep(book)
    if not quiet:
        chores.do(book)
        dates.note(book)
        kitchen.cook(book)
        home.furnish(book)
        health.log(book)
    people.remember(book)
    return book.document()


def write(plan: Plan, name: str, passwords: dict[str, str], file: IO[bytes]) -> None:
    """Write such an archive into a file."""
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as zipped:
        for piece in document(plan, name, passwords):
            zipped.write(piece.encode())


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(_PATH.read_text(encoding="utf-8"))
    return content
