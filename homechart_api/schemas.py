"""JSON Schemas of declared objects and of the wrapper around them, by their names in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from homechart_api.route import Members
from homechart_common.models.fields import Field, Schema
from homechart_common.models.model import Model

_TIMESTAMP = {"type": "string", "format": "date-time"}
_UUID = {"type": "string", "format": "uuid"}

#: What every answer has (contract §1.1), and what a failure looks like (§1.5). What kinds of answers say each in
#: their own way is not in it: generators of clients cannot merge a member that two schemas describe.
ANSWER: Schema = {
    "type": "object",
    "description": "What every answer has. `dataValue` is a list even when it holds a single object.",
    "required": ["dataHash", "dataIDs", "dataTotal", "message", "requestID", "status"],
    "properties": {
        "dataHash": {"type": "string", "description": "Stands for the state of a list; blank elsewhere"},
        "dataIDs": {
            "type": ["array", "null"],
            "description": "When only what changed is answered, the index of the whole list",
            "items": {
                "type": "object",
                "required": ["id", "updated"],
                "properties": {"id": _UUID, "updated": _TIMESTAMP},
            },
        },
        "dataTotal": {"type": "integer", "description": "How many there are, on all pages"},
        "message": {"type": "string", "description": "What went wrong, for a person; blank on success"},
        "requestID": {"type": "string", "description": "By which the log knows this request"},
        "status": {"type": "integer", "description": "The HTTP status"},
    },
}


def reference(name: str) -> Schema:
    """A pointer to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(data_type: Schema, values: Schema, *, success: bool) -> Schema:
    own = {"dataType": data_type, "dataValue": values, "success": {"type": "boolean", "const": success}}
    return {
        "allOf": [reference("Answer"), {"type": "object", "required": sorted(own), "properties": own}],
    }


FAILURE = _answer({"type": "string", "const": ""}, {"type": "null"}, success=False)


def wrapped(data_type: str, value: Schema, *, single: bool) -> Schema:
    """The wrapper around values of one kind."""
    values: Schema = {"type": "array", "items": value} | ({"minItems": 1, "maxItems": 1} if single else {})
    return _answer({"type": "string", "const": data_type}, values, success=True)


def answered(model: type[Model]) -> Schema:
    """An object as answers show it: every member is there, but those left out when there is nothing to say."""
    members = sorted((field for field in model.fields.values() if field.wire), key=lambda field: field.json)
    return {
        "type": "object",
        "required": [field.json for field in members if not field.omitted],
        "properties": {field.json: _answered_member(field) for field in members},
    }


def _answered_member(field: Field) -> Schema:
    """Lists of accounts show the rest of a person blank, so nothing promises to be filled."""
    schema = {name: value for name, value in field.schema().items() if name != "minLength"}
    blank = not field.stored and field.answer is None
    return _or_null(schema) if blank else schema


def accepted(model: type[Model], *, creating: bool) -> Schema:
    """An object as bodies may say it: the members that count, of which an update may leave out any."""
    write = "C" if creating else "U"
    members = {field.json: field for field in model.fields.values() if write in field.write}
    schema = _body(members, [name for name, field in members.items() if creating and field.must_be_given])
    if creating:
        for name, field in members.items():
            if not field.must_be_given:
                schema["properties"][name].pop("minLength", None)  # empty is like absent: it gets a default
        # no type, as anything is accepted
        schema["properties"]["id"] = {
            "description": "A UUID chosen by the client, so that a request that is sent twice creates one object; "
            "anything else is ignored"
        }
    return schema


def some_members(members: Members) -> Schema:
    """A body with a few members of an object."""
    known = {field.json: field for field in members.model.fields.values()}
    return _body({name: known[name] for name in members.names}, members.required)


def _body(members: dict[str, Field], required: Iterable[str]) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {name: _accepted_member(members[name]) for name in sorted(members)},
    }
    if needed := sorted(required):
        schema["required"] = needed
    return schema


def _accepted_member(field: Field) -> Schema:
    """``null`` clears a member, unless it must not be empty."""
    schema = _accepted_schema(field.schema())
    return schema if field.must_be_given else _or_null(schema)


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind is None or kind == "null" or "null" in kind:
        return schema
    return {**schema, "type": [*([kind] if isinstance(kind, str) else kind), "null"]}


def _accepted_schema(schema: Any) -> Any:
    """A schema for bodies: what is inside may be null, too."""
    if not isinstance(schema, dict):
        return schema
    copy = {name: value for name, value in schema.items() if name != "readOnly"}
    if "properties" in copy:
        copy["properties"] = {n: _or_null(_accepted_schema(s)) for n, s in copy["properties"].items()}
    if "additionalProperties" in copy:
        copy["additionalProperties"] = _or_null(_accepted_schema(copy["additionalProperties"]))
    if "items" in copy:
        copy["items"] = _accepted_schema(copy["items"])
    return copy
