"""Asking what changed since a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from homechart_common.models import registry
from tests.callers import Caller


@dataclass(frozen=True)
class News:
    """What ``GET /sync`` answered."""

    cursor: str
    full: bool
    #: Objects and ids by kind.
    changed: dict[str, list[dict[str, Any]]]
    deleted: dict[str, list[str]]


async def news(caller: Caller, cursor: str = "") -> News:
    """What changed for a caller since a cursor; everything without one."""
    answer = await caller.call("GET", f"/sync?cursor={quote(cursor)}" if cursor else "/sync")
    assert answer.body is not None, answer
    assert answer.body["dataType"] == "Sync"
    return News(**answer.value)


async def nothing_new(caller: Caller, cursor: str) -> bool:
    """Whether nothing changed since."""
    answer = await caller.call("GET", f"/sync?cursor={quote(cursor)}")
    return (answer.status, answer.body) == (204, None)


async def everything(caller: Caller) -> dict[str, list[dict[str, Any]]]:
    """All that a caller sees, as the lists have it; kinds of which there is nothing are left out."""
    lists = {}
    for model in registry:
        if "list" in model.routes:
            answer = await caller.list(model)
            if answer.status == 200 and answer.values:
                lists[model.__name__] = answer.values
    return lists
