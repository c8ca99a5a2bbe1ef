"""Everything that follows from the declaration of one object, for ``homechart-api show PlanTask``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from homechart_api.routes import generic_routes
from homechart_common.archive.contents import kinds
from homechart_common.errors import StartupError
from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.models.rendering import fragment_kind
from homechart_common.models.statements import statements

#: The statements of the routes that have more than the one of their name.
_LIST = ("rows", "changes_since_versions", "changes_since_time")


def described(name: str) -> str:
    """An object, its members, routes and SQL, as text; ``name`` is its class, plural or table."""
    model = _named(name)
    sections = {
        "Object": "\n".join(f"{what}: {said}" for what, said in _facts(model)),
        "Members": "\n".join(
            f"{field.json:30} {column:30} {field.write or '-':3} {json.dumps(field.schema())}"
            for column, field in model.fields.items()
        ),
        "Constraints": "\n".join(f"{name}: {words}" for name, words in model.constraints.items()),
        "Routes": "\n".join(
            f"{route.method:7} {route.path:40} {route.operation}"
            for route in generic_routes()
            if route.model is model
        ),
    }
    for verb in model.routes:
        for kind in _LIST if verb == "list" else (verb,):
            sections[f"SQL: {kind}"] = getattr(statements(model), kind).sql
    return "\n\n".join(f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items() if text)


def _named(name: str) -> type[Model]:
    for model in registry:
        if name.lower() in (model.__name__.lower(), model.plural.lower(), model.table):
            return model
    raise StartupError(
        f"There is no object {name}; there are {', '.join(model.__name__ for model in registry)}"
    )


def _facts(model: type[Model]) -> Iterator[tuple[str, str]]:
    yield "name", f"{model.__name__}, in lists {model.plural}"
    yield "table", model.table
    yield "owner", model.owner.value
    yield "component", model.component.value
    yield "change log", model.label or "no"
    yield "archive", next((kind.key for kind in kinds().values() if kind.model is model), "no")
    yield "sync", f"as {model.__name__}; events name the table {model.table}" if model.synced else "no"
    if "list" in model.routes:
        yield "order", model.order
        yield "cache", "no, each viewer sees other rows" if model.restriction else fragment_kind(model)
