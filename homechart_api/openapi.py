"""The OpenAPI 3.1 document: what the route table and the declared objects say, for tools to read."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from apispec import APISpec

from homechart_api import schemas
from homechart_api.middleware.limits import Limit
from homechart_api.middleware.session import Gate
from homechart_api.route import Content, Members, Route, Values
from homechart_api.schemas import reference
from homechart_common.errors import HomechartError
from homechart_common.models import registry
from homechart_common.models.fields import Schema
from homechart_common.models.model import Model
from homechart_common.version import VERSION

_INTRODUCTION = """
Everything that the web client can do, a script can do: this is the interface that it uses.

**Signing in.** `POST /api/v1/auth/signin` answers a session. Send its `id` and `key` with every request
as `x-homechart-id` and `x-homechart-key`, or as `Authorization: Bearer <id>_<key>`. For programs make a
session of their own with `POST /api/v1/auth/sessions`; it can be allowed less than you are.

**Answers** are wrapped: `dataValue` is a list, and `dataType` says of what. Success without anything to
say is 200 or 204 without a body. When a request fails, `message` says why in words; without a valid
session the status is 410.

**Writing.** A `PUT` changes the members that it names and keeps the others. `null` clears a member.
Members that are not known are ignored. A UUID in `id` makes it harmless to send a `POST` again.

**Following along.** `GET /api/v1/sync` answers everything, and a cursor with which it answers only what
changed since. Single lists can be followed, too: send the `dataHash` and the newest `updated` that you
have. If nothing changed the answer is 204; else `dataValue` holds the objects that changed, and `dataIDs`
the index of all, so that what it does not name is gone. An empty `dataIDs` means that `dataValue` is the
whole list. `GET /api/v1/sse/{auth_session_id}` tells when to ask.
""".strip()

_SECURITY = {
    "x-homechart-id": {
        "type": "apiKey",
        "in": "header",
        "name": "x-homechart-id",
        "description": "A session's `id`",
    },
    "x-homechart-key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-homechart-key",
        "description": "Its `key`",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "`<id>_<key>`, or the `key` alone"},
}
_SIGNED_IN: list[dict[str, list[str]]] = [{"x-homechart-id": [], "x-homechart-key": []}, {"bearer": []}]

_HEADERS = {
    "x-homechart-hash": ("The `dataHash` of the list that the caller has.", {"type": "string"}),
    "x-homechart-updated": (
        "The newest `updated` that the caller has. What is no time counts as absent.",
        {"type": "string"},
    ),
}
_VERBS = {"Create": "Create", "Read": "Read", "Update": "Change", "Delete": "Delete"}


def build(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of a route table."""
    introduction = {"description": _unwrapped(_INTRODUCTION)}
    spec = APISpec("Homechart", VERSION, "3.1.0", info=introduction, servers=[{"url": "/"}])
    for name, scheme in _SECURITY.items():
        spec.components.security_scheme(name, scheme)
    for name, (meaning, schema) in _HEADERS.items():
        spec.components.parameter(name, "header", {"description": meaning, "schema": schema})
    spec.components.schema("Answer", schemas.ANSWER)
    spec.components.schema("Failure", schemas.FAILURE)
    for name, response in _failures().values():
        spec.components.response(name, response)
    tags = {}
    for route in routes:
        model = _object_of(route.operation)
        tag = model.__name__ if model else _first_word(route.operation)
        tags[tag] = _markdown(inspect.getdoc(model) or "") if model else ""
        spec.path(
            re.sub(r":[^{}]*\}", "}", route.path),
            operations={route.method.lower(): _operation(spec, route, tag)},
        )
    order = [model.__name__ for model in registry]
    for tag in sorted(tags, key=lambda name: (order.index(name) if name in order else len(order), name)):
        spec.tag(_said(name=tag, description=tags[tag]))
    return spec.to_dict()


def _operation(spec: APISpec, route: Route, tag: str) -> dict[str, Any]:
    description = _markdown(route.described())
    if route.model is not None:
        summary = _generic_summary(route)
    else:
        summary, description = _first_sentence(description)
    security = {Gate.PUBLIC: [], Gate.OPTIONAL: [{}, *_SIGNED_IN]}.get(route.gate, _SIGNED_IN)
    return _said(
        operationId=route.operation,
        tags=[tag],
        summary=summary,
        description=description,
        security=security,
        parameters=_parameters(route),
        requestBody=_request(spec, route),
        responses=_responses(spec, route),
    )


def _said(**members: Any) -> dict[str, Any]:
    """An object without the members that there is nothing to say about; no security is something to say."""
    return {name: value for name, value in members.items() if value or name == "security"}


def _parameters(route: Route) -> list[Any]:
    parameters: list[Any] = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)}
        for name in re.findall(r"\{(\w+)", route.path)
    ]
    parameters += [
        {
            "name": name,
            "in": "query",
            "required": query.required,
            "description": query.meaning,
            "schema": {"type": query.type},
        }
        for name, query in route.query.items()
    ]
    if _is_list(route):
        parameters.append("x-homechart-hash")
    if _is_list(route) or (route.method == "GET" and 204 in route.statuses and route.path.endswith("id}")):
        parameters.append("x-homechart-updated")
    return parameters


def _path_schema(name: str) -> Schema:
    """Ids are UUIDs, and nothing else is taken; except of feeds, where anything names a calendar, if an empty one."""
    refused = name.endswith("id") and name != "icalendar_id"
    return {"type": "string", "format": "uuid"} if refused else {"type": "string"}


def _request(spec: APISpec, route: Route) -> dict[str, Any]:
    body = route.body
    if body is None:
        return {}
    media_type = "application/json"
    if isinstance(body, Content):
        media_type, schema = body.media_type, body.schema
    elif isinstance(body, Members):
        schema = schemas.some_members(body)
    else:
        creating = route.method == "POST"
        name = f"{body.__name__}{'Input' if creating else 'Patch'}"
        schema = _component(spec, name, schemas.accepted(body, creating=creating))
    # what is passed on or noted as it comes may be empty
    return {"required": not isinstance(body, Content), "content": {media_type: {"schema": schema}}}


#: What answers without a body say.
_BODILESS = {204: "Nothing changed", 302: "It goes on there", 304: "The caller has it as it is"}


def _responses(spec: APISpec, route: Route) -> dict[str, Any]:
    content = _content(spec, route.answer)
    responses: dict[str, Any] = {"200": _said(description="Done", content=content)}
    failures = _failures()
    for status in sorted(_statuses(route)):
        if meaning := _BODILESS.get(status):
            responses[str(status)] = {"description": meaning}
        elif status == 500:
            # Only said of a route that answers how the server is doing, whatever it has to say.
            responses["500"] = _said(description="The server is not well", content=content)
        else:
            responses[str(status)] = failures[status][0]
    return responses


def _content(spec: APISpec, answer: str | Values | Content | None) -> dict[str, Any]:
    if answer is None:
        return {}
    if isinstance(answer, Content):
        return {answer.media_type: {"schema": answer.schema}}
    if isinstance(answer, Values):
        value = _component(spec, f"{answer.data_type}Value", answer.schema)
        schema = schemas.wrapped(answer.data_type, value, single=False)
        return {"application/json": {"schema": _component(spec, f"{answer.data_type}Answer", schema)}}
    model = next(model for model in registry if answer in (model.__name__, model.plural))
    value = _component(spec, model.__name__, schemas.answered(model))
    schema = schemas.wrapped(answer, value, single=answer == model.__name__)
    return {"application/json": {"schema": _component(spec, f"{answer}Answer", schema)}}


def _component(spec: APISpec, name: str, schema: Schema) -> Schema:
    """Put a schema under its name, once."""
    if name not in spec.components.schemas:
        spec.components.schema(name, schema)
    return reference(name)


def _statuses(route: Route) -> set[int]:
    """Every status but 200 that a route answers."""
    statuses = set(route.statuses)
    if route.gate is not Gate.PUBLIC:
        statuses |= {403, 410}
    if route.body is not None or route.query or "{" in route.path:
        statuses.add(400)
    if route.body is not None and route.method in ("POST", "PUT") and route.gate is not Gate.PUBLIC:
        statuses.add(409)
    if _is_list(route) or (route.model is not None and route.method == "PUT"):
        statuses.add(204)
    if route.limited is not Limit.NONE:
        statuses.add(429)
    if route.path.startswith("/api/v1"):
        statuses.add(503)
    return statuses


def _is_list(route: Route) -> bool:
    return route.model is not None and route.answer == route.model.plural


def _failures() -> dict[int, tuple[str, dict[str, Any]]]:
    """What is answered when a request fails, by status; 404 has no body."""
    failures: dict[int, tuple[str, dict[str, Any]]] = {}
    for kind in HomechartError.__subclasses__():
        if 400 <= kind.status != HomechartError.status:
            response: dict[str, Any] = {"description": _markdown(inspect.getdoc(kind) or "")}
            if kind.status != 404:
                response["content"] = {"application/json": {"schema": reference("Failure")}}
            failures.setdefault(kind.status, (kind.__name__, response))
    return failures


def _object_of(operation: str) -> type[Model] | None:
    """The object that an operation is about, by the start of its name."""
    kinds = {name: model for model in registry for name in (model.__name__, model.plural)}
    names = [name for name in kinds if operation.startswith(name)]
    return kinds[max(names, key=len)] if names else None


def _first_word(name: str) -> str:
    """``OIDCProvidersRead`` → ``OIDC``, ``SystemHealthRead`` → ``System``."""
    word = re.match(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]+[a-z]+", name)
    return word[0] if word else name


def _first_sentence(text: str) -> tuple[str, str]:
    """The first sentence, without its full stop, and the rest."""
    sentence, _, rest = re.sub(r"\.(\s+|\Z)", "\0", text, count=1).partition("\0")
    return sentence, rest


def _generic_summary(route: Route) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(route.answer)).lower()
    verb = _VERBS[re.split(r"(?=[A-Z])", route.operation)[-1]]
    if _is_list(route):
        return f"List {words}"
    return f"{verb} {'an' if words[0] in 'aeiou' else 'a'} {words}"


def _markdown(docstring: str) -> str:
    """A docstring for the document's readers: without request line, sources of rules, and what it raises."""
    text = re.sub(r"\A``[A-Z]+ [^`]*``[:.,]? *", "", docstring)
    text = re.sub(r"\s*\((contract|README|RFC|house|§)[^)]*\)", "", text)
    text = re.sub(r"\s*Raises :class:.*", "", text, flags=re.DOTALL)
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", text).replace("``", "`")
    text = _unwrapped(text).strip()
    return text[:1].upper() + text[1:]


def _unwrapped(text: str) -> str:
    """Paragraphs on one line each."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)
