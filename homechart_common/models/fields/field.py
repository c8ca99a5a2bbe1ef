"""What all kinds of fields have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import marshmallow
import orjson

Schema = dict[str, Any]


class Invalid(marshmallow.ValidationError):
    """A value that a field refuses; the message completes a sentence that starts with the field's name."""


class Field(marshmallow.fields.Field[Any]):
    """One member of an object: a column, its name on the wire, and how values pass between both.

    ``write`` says where a client's value counts: ``C`` on create, ``U`` on update, neither for what the
    server sets; ``made`` is what it sets when it makes the object. ``required`` fields are never null.
    ``stored=False`` fields are read but belong to no column, and answers show ``answer`` (else the zero value)
    for them; ``wire=False`` ones are never shown, ``omitted`` ones not while they are false.
    """

    zero: Any = None
    json_schema: Schema
    #: Whether its value names other objects.
    refers = False
    #: Whether reading a value takes so long that it belongs into a thread.
    slow = False

    def __init__(
        self,
        *,
        write: str = "CU",
        made: bool = False,
        json: str | None = None,
        required: bool = False,
        stored: bool = True,
        wire: bool = True,
        omitted: bool = False,
        answer: Any = marshmallow.missing,
        description: str = "",
    ) -> None:
        super().__init__(allow_none=True)
        self.write = write
        self.made = made
        self.json = json or ""
        self.must_be_given = required
        self.stored = stored
        self.wire = wire
        self.omitted = omitted
        self.answer = answer
        self.description = description
        self.column = ""

    def named(self, attribute: str) -> None:
        """Take the column name, and from it the wire name unless one was given."""
        self.column = attribute
        self.json = self.json or json_name(attribute)
        self.data_key = self.json

    def default(self) -> Any:
        """What a created object gets when the client says nothing."""
        return self.zero

    def blank(self) -> Any:
        """What answers show that do not tell the value."""
        return self.zero if self.answer is marshmallow.missing else self.answer

    def sql(self, row: str) -> str:
        """The expression that renders the member of a row, given its alias, to JSON."""
        if not self.stored:
            return sql_json(self.default() if self.answer is marshmallow.missing else self.answer)
        return self.column_sql(f"{row}.{self.column}")

    def column_sql(self, column: str) -> str:
        """The expression that renders a column of this kind to JSON."""
        return column

    def schema(self) -> Schema:
        """The JSON Schema of the value on the wire."""
        schema = dict(self.json_schema)
        kinds = schema.get("type")
        if self.must_be_given and isinstance(kinds, list):
            schema["type"] = next(kind for kind in kinds if kind != "null")
        if self.description:
            schema["description"] = self.description
        if not self.write:
            schema["readOnly"] = True
        return schema

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """What PostgreSQL is given for a JSON value."""
        if value is marshmallow.missing:
            return marshmallow.missing
        read = self.read(self.zero if value is None else value)
        if read is None and self.must_be_given:
            raise Invalid("must not be null")
        return read

    def read(self, value: Any) -> Any:
        """Check and normalise a value that is not null; raises :class:`Invalid`."""
        raise NotImplementedError  # each kind of field has its own


class Derived(Field):
    """Something the server works out; ``expression`` is its SQL, in which ``{row}`` stands for the row."""

    def __init__(self, expression: str, schema: Schema, **options: Any) -> None:
        super().__init__(write="", stored=False, **options)
        self.expression = expression
        self.json_schema = schema

    def blank(self) -> Any:
        return {"boolean": False, "integer": 0, "string": ""}.get(self.json_schema["type"])

    def sql(self, row: str) -> str:
        return self.expression.replace("{row}", row)


@cache
def json_name(attribute: str) -> str:
    """``plan_project_id`` → ``planProjectID``: camel case with the contract's spelling of ID, IDs, URL."""
    first, *rest = attribute.split("_")
    special = {"id": "ID", "ids": "IDs", "url": "URL", "qr": "QR", "smtp": "SMTP"}
    special |= {"icalendar": "ICalendar", "icalendars": "ICalendars"}
    return first + "".join(special.get(word, word.capitalize()) for word in rest)


def sql_json(value: Any) -> str:
    """A JSON value as a jsonb literal inside derived SQL. Only for values of our own declarations."""
    return "'" + orjson.dumps(value).decode().replace("'", "''") + "'::jsonb"
