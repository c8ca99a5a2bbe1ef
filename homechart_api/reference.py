"""Reference pages that follow from declarations: ``make docs`` writes them, a test compares."""

from __future__ import annotations

import inspect
import re

from homechart_api.routes import ABSENT, routes
from homechart_common import server_figures
from homechart_common.command_line import CommandLine
from homechart_common.config.reference import reference as configuration
from homechart_common.models import registry
from homechart_common.models.model import Model


def pages(commands: CommandLine) -> dict[str, str]:
    """The text of every page, by file name; ``commands`` is the program's command line."""
    return {
        "configuration.md": configuration(),
        "homechart-api.md": commands.reference(),
        "metrics.md": server_figures.reference(),
        "objects.md": _objects(),
        "routes.md": _routes(),
    }


def _routes() -> str:
    lines = [
        "# Routes",
        "",
        "Every operation of the API. The running server describes them in full at `/api/docs`.",
        "",
        "| operation | request | who may call it |",
        "|---|---|---|",
        *(
            f"| {route.operation} | `{route.method} {route.path}` | {route.gate.value} |"
            for route in routes()
        ),
        "",
        "There is nothing at these addresses and below them, so any request there is answered with 404 and no body:",
        ", ".join(f"`{path}`" for path in ABSENT) + ".",
        "",
    ]
    return "\n".join(lines)


def _objects() -> str:
    return "\n".join(["# Objects", "", "What is stored, member by member.", "", *(map(_object, registry))])


def _object(model: type[Model]) -> str:
    rows = [
        f"| `{field.json}` | {_type(field.schema())} | {_write(field.write)} | {field.description} |"
        for field in sorted(model.fields.values(), key=lambda field: field.json)
        if field.wire or field.write
    ]
    return "\n".join(
        [
            f"## {model.__name__}",
            "",
            _meaning(model),
            "",
            f"Owner: {model.owner.value}. Permission: {model.component.value}.",
            "",
            "| member | type | clients set it | |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _meaning(model: type[Model]) -> str:
    """The class's docstring, without the sources of rules, which readers of the page do not have."""
    return re.sub(r"\s*\(contract [^)]*\)", "", inspect.getdoc(model) or "")


def _type(schema: dict[str, object]) -> str:
    kinds = schema.get("type", "object or null")
    name = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return f"{name}, {schema['format']}" if "format" in schema else name


def _write(write: str) -> str:
    return {"CU": "always", "C": "on create", "U": "on update"}.get(write, "never")
