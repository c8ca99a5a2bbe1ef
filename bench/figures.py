"""Figures, each beside what it is held against, and how they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. ``reached`` is ``None`` where nothing is claimed."""

    name: str
    ours: str
    limit: str
    result: str
    required: str = ""
    reached: bool | None = None
    note: str = ""


def share(name: str, ours: float, limit: float, ratio: float, least: float, note: str = "") -> Figure:
    """Requests a second, of which at least a share of the limit's is asked for.

    ``ratio`` is the median of the rounds' ratios, which is not the ratio of the medians.
    """
    return Figure(
        name, f"{ours:,.0f}/s", f"{limit:,.0f}/s", f"{ratio:.0%}", f"≥ {least:.0%}", ratio >= least, note
    )


def at_most(name: str, value: float, most: float, unit: str, note: str = "") -> Figure:
    """An amount that must not exceed another."""
    return Figure(
        name, f"{value:,.1f} {unit}", f"{most:g} {unit}", f"{value / most:.0%}", "≤ 100%", value <= most, note
    )


def exactly(name: str, value: int, expected: int, note: str = "") -> Figure:
    """A number that must be another."""
    return Figure(name, f"{value:,}", f"{expected:,}", "", "equal", value == expected, note)


def grown(name: str, value: float, before: float, unit: str, most: float, note: str = "") -> Figure:
    """An amount that must not be more than so many times what it was."""
    times = value / before
    return Figure(
        name, f"{value:,.1f} {unit}", f"{before:,.1f} {unit} before", f"{times:.2f} times", f"≤ {most:g} times",
        times <= most, note,
    )  # fmt: skip


_HEADINGS = ("figure", "ours", "limit", "result", "required", "", "note")
_VERDICTS = {True: "pass", False: "MISS", None: ""}


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table of plain text that is Markdown too."""
    rows = [(f.name, f.ours, f.limit, f.result, f.required, _VERDICTS[f.reached], f.note) for f in figures]
    widths = [max(len(row[column]) for row in (_HEADINGS, *rows)) for column in range(len(_HEADINGS))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(_HEADINGS), line(["-" * width for width in widths]), *map(line, rows)])
