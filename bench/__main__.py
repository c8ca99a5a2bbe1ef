"""``python -m bench [--quick] [part ...]``: measure, print a table, exit with 1 if something falls short."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable

from bench import (
    archive,
    budget,
    crashes,
    families,
    fragment,
    hostile,
    memory,
    processes,
    requests,
    streams,
    years,
)
from bench.figures import Figure, table
from bench.stage import Stage, prepared

PARTS: dict[str, Callable[[Stage], Awaitable[list[Figure]]]] = {
    "requests": requests.measure,
    "fragment": fragment.measure,
    "sse": streams.measure,
    "memory": memory.measure,
    "processes": processes.measure,
    "budget": budget.measure,
    "archive": archive.measure,
    "years": years.measure,
    "families": families.measure,
    "hostile": hostile.measure,
    "crashes": crashes.measure,
}


async def run(parts: list[str], *, quick: bool) -> list[Figure]:
    """The figures of these parts, in the order of :data:`PARTS`."""
    figures: list[Figure] = []
    async with prepared(quick=quick) as stage:
        for name, measure in PARTS.items():
            if name in parts:
                print(f"measuring: {name} ...", file=sys.stderr, flush=True)
                figures += await measure(stage)
    return figures


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what we claim.")
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"unknown: {', '.join(unknown)}")
    figures = asyncio.run(run(given.parts or list(PARTS), quick=given.quick))
    print(table(figures))
    return int(any(figure.reached is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
