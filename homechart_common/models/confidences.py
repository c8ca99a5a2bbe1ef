"""Members that not everybody is shown who sees the object: secrets that let somebody in.

PostgreSQL renders a row once for all who see it. Those who may not edit ``auth`` of its owner, and so could not
let anybody in themselves, get it with these members blank.
"""

from __future__ import annotations

from collections.abc import Collection

import orjson

from homechart_common.models.model import Model
from homechart_common.models.permissions import Actor, Component, Level
from homechart_common.models.rendering import SEPARATOR


def trusted_by(actor: Actor | None) -> Collection[str]:
    """The owners whose secrets an actor may know."""
    return actor.owners(Component.AUTH, Level.EDIT) if actor else ()


def shown(model: type[Model], actor: Actor | None, rows: str) -> str:
    """Rendered rows of an object that owns itself, as the actor, or anybody, may see them."""
    if not (model.confidential and rows):
        return rows
    trusting = trusted_by(actor)
    values = orjson.loads(f"[{rows}]")
    if all(value["id"] in trusting for value in values):
        return rows
    for value in values:
        if value["id"] not in trusting:
            value |= {name: blank(value[name]) for name, blank in model.confidential.items()}
    return SEPARATOR.join(orjson.dumps(value).decode() for value in values)
