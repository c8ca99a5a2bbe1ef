"""What people find without having said it: the first objects of accounts and households, and a few words.

Objects are made as if their owners had created them, in their language. The files beside this one say what
there is; ``en.yaml`` is the model for further languages. An object takes part by being written down there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from homechart_common import clock
from homechart_common.ids import new_uuid
from homechart_common.models import rows
from homechart_common.models.bodies import created_row
from homechart_common.models.model import Model, registry
from homechart_common.models.permissions import FULL, Actor
from homechart_common.postgresql.database import Queryable

_FOLDER = Path(__file__).parent
_FALLBACK_LANGUAGE = "en"
_DAYS = re.compile(r"in (\d+) days?")

Tree = Mapping[str, list[dict[str, Any]]]


async def furnish_account(connection: Queryable, account_id: str, language: str, time_zone: str) -> None:
    """Give a new account its first personal objects, in the transaction that creates it."""
    actor = Actor(session_id="", access=0, account_id=account_id, time_zone=time_zone)
    await _create(connection, _texts(language)["account"], actor, {"authAccountID": account_id})


async def furnish_household(connection: Queryable, household_id: str, creator: Actor) -> None:
    """Give a new household its first objects, in the transaction that creates it."""
    actor = replace(creator, households={household_id: FULL})
    tree = _texts(creator.language)["household"]
    await _create(connection, tree, actor, {"authHouseholdID": household_id})


def word(name: str, language: str) -> str:
    """One of the words that objects are given, in a language or else in English."""
    return str(_texts(language)["words"][name])


async def _create(connection: Queryable, tree: Tree, actor: Actor, owner: dict[str, str]) -> None:
    """One statement for each kind of object; what others stand in comes first."""
    by_kind: dict[type[Model], list[dict[str, Any]]] = {}
    for model, body in _bodies(tree, {}):
        dated = {name: _dated(value, actor.time_zone) for name, value in body.items()}
        by_kind.setdefault(model, []).append(created_row(model, {**owner, **dated}, actor))
    for model, created in by_kind.items():
        await rows.insert(connection, model, created)


def _dated(value: Any, time_zone: str) -> Any:
    """``in 3 days`` as the date that it is then."""
    if isinstance(value, str) and (found := _DAYS.fullmatch(value)):
        today = clock.now().astimezone(ZoneInfo(time_zone)).date()
        return (today + timedelta(days=int(found[1]))).isoformat()
    return value


def _bodies(tree: Tree, above: dict[str, str]) -> Iterator[tuple[type[Model], dict[str, Any]]]:
    """Every object of a tree, each before those in it; ``above`` has table and id of what it is in."""
    for kind, objects in tree.items():
        model = registry[kind]
        for thing in objects:
            body = {name: value for name, value in thing.items() if name not in _kinds()}
            body["id"] = new_uuid()
            body |= {
                reference.json: above[reference.target]
                for reference in model.references()
                if reference.target in above
            }
            yield model, body
            below = {name: value for name, value in thing.items() if name in _kinds()}
            yield from _bodies(below, {model.table: body["id"]})


@cache
def _kinds() -> frozenset[str]:
    return frozenset(model.__name__ for model in registry)


@cache
def _texts(language: str) -> dict[str, Any]:
    path = _FOLDER / f"{language}.yaml"
    if not path.exists():
        return _texts(_FALLBACK_LANGUAGE)
    texts: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return texts
