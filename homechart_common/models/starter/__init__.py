"""What a new account and a new household find: objects as if they had created them, in their language.

The files beside this one say what there is, one for each language. An object takes part by being written down
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from homechart_common import clock
from homechart_common.ids import new_uuid
from homechart_common.models import rows
from homechart_common.models.bodies import created_row
from homechart_common.models.model import Model, registry
from homechart_common.models.permissions import FULL, Actor
from homechart_common.models.starter.texts import Tree, tree
from homechart_common.postgresql.database import Queryable

_DAYS = re.compile(r"in (\d+) days?")


async def furnish_account(connection: Queryable, account_id: str, language: str, time_zone: str) -> None:
    """Give a new account its first personal objects, in the transaction that creates it."""
    actor = Actor(session_id="", access=0, account_id=account_id, time_zone=time_zone)
    await _create(connection, tree(language, "account"), actor, {"authAccountID": account_id})


async def furnish_health(connection: Queryable, account_id: str, language: str) -> None:
    """Give an account what a new one finds to log, unless it has it."""
    actor = Actor(session_id="", access=0, account_id=account_id)
    items = {"HealthItem": tree(language, "account")["HealthItem"]}
    await _create(connection, items, actor, {"authAccountID": account_id})


async def furnish_household(connection: Queryable, household_id: str, creator: Actor) -> None:
    """Give a new household its first objects, in the transaction that creates it."""
    actor = replace(creator, households={household_id: FULL})
    first = tree(creator.language, "household")
    await _create(connection, first, actor, {"authHouseholdID": household_id})


async def _create(connection: Queryable, objects: Tree, actor: Actor, owner: dict[str, str]) -> None:
    """One statement for each kind of object; what others stand in comes first."""
    by_kind: dict[type[Model], list[dict[str, Any]]] = {}
    for model, body in _bodies(objects, {}):
        said = {name: _meant(value, actor) for name, value in body.items()}
        by_kind.setdefault(model, []).append(created_row(model, {**owner, **said}, actor))
    for model, created in by_kind.items():
        await rows.insert(connection, model, created)


def _meant(value: Any, actor: Actor) -> Any:
    """What a value stands for: ``in 3 days`` for the date that it is then, ``[me]`` for the actor's account."""
    if value == ["me"]:
        return [actor.account_id]
    if isinstance(value, str) and (found := _DAYS.fullmatch(value)):
        return (clock.today(actor.time_zone) + timedelta(days=int(found[1]))).isoformat()
    return value


def _bodies(objects: Tree, above: dict[str, str]) -> Iterator[tuple[type[Model], dict[str, Any]]]:
    """Every object of a tree, each before those in it; ``above`` has table and id of what it is in."""
    for kind, things in objects.items():
        model = registry[kind]
        for thing in things:
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
