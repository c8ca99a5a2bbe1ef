"""Everything that follows from the declaration of one object, for ``homechart-api show PlanTask``."""

from __future__ import annotations

import json

from homechart_api.routes import generic_routes
from homechart_common.errors import StartupError
from homechart_common.models import registry
from homechart_common.models.statements import statements


def described(name: str) -> str:
    """The columns, routes, schema and SQL of an object, as text."""
    names = [model.__name__ for model in registry]
    if name not in names:
        raise StartupError(f"There is no object {name}; there are {', '.join(names)}")
    model = registry[name]
    sections = {
        "Object": f"{name} in table {model.table}, owned by {model.owner.value}, component {model.component.value}",
        "Members: column, counted on create (C) and update (U), schema": "\n".join(
            f"{field.json:30} {column:30} {field.write or '-':3} {json.dumps(field.schema())}"
            for column, field in model.fields.items()
        ),
        "Routes": "\n".join(
            f"{route.method:7} {route.path:40} {route.operation}"
            for route in generic_routes()
            if route.model is model
        ),
    }
    if model.synced:
        for kind, statement in statements(model)._asdict().items():
            sections[f"SQL: {kind}"] = statement.sql
    return "\n\n".join(f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items())
