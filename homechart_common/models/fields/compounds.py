"""Fields that are lists and objects."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

import marshmallow

from homechart_common.models.fields.field import Field, Invalid, sql_json
from homechart_common.models.fields.texts import WIRE_LIMIT, Text, clean_text

#: What members are called where clients name them.
_NAME = Text()


class Strings(Field):
    """A list of strings; empty ones are dropped."""

    json_schema = {"type": "array", "items": {"type": "string"}}
    #: How many members a list may have, and how long each may be.
    most, longest = 1000, WIRE_LIMIT

    @property
    def zero(self) -> list[str]:
        return []

    def read(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise Invalid("must be a list of strings")
        _count(value, self.most)
        return [text for member in value if (text := self.read_member(member))]

    def read_member(self, value: Any) -> str:
        """Check and normalise one of them."""
        return clean_text(value, self.longest)


class Tags(Strings):
    """Labels: lower case, without spaces, each once, in the order given."""

    def read(self, value: Any) -> list[str]:
        tags = (tag.lower().replace(" ", "") for tag in super().read(value))
        return list(dict.fromkeys(tag for tag in tags if tag))


class Object(Field):
    """A JSON object with declared members of its own; members that are absent read as their zero values."""

    def __init__(self, members: Mapping[str, Field], **options: Any) -> None:
        super().__init__(**options)
        self.members = dict(members)
        for attribute, member in self.members.items():
            member.named(attribute)
        properties = {member.json: member.schema() for member in self.members.values()}
        self.json_schema = {"type": "object", "properties": properties}

    @property
    def zero(self) -> dict[str, Any]:
        return {}

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Invalid("must be an object")
        return {
            member.json: _read_member(member.json, member, value.get(member.json))
            for member in self.members.values()
        }

    def default(self) -> dict[str, Any]:
        return {member.json: member.default() for member in self.members.values()}

    def blank(self) -> dict[str, Any]:
        return {member.json: member.blank() for member in self.members.values()}

    def column_sql(self, column: str) -> str:
        """The stored members over the zero values, so that members added later are always there."""
        return f"{sql_json(self.default())} || {column}"


class Map(Field):
    """A JSON object whose members clients name; all their values are of one kind."""

    def __init__(self, values: Field, *, most: int = 100, **options: Any) -> None:
        super().__init__(**options)
        self.kind = values
        self.most = most
        self.json_schema = {"type": "object", "additionalProperties": values.schema()}

    @property
    def zero(self) -> dict[str, Any]:
        return {}

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Invalid("must be an object")
        _count(value, self.most)
        return {
            _read_member(name[:WIRE_LIMIT], _NAME, name): _read_member(name, self.kind, member)
            for name, member in value.items()
        }


class Objects(Field):
    """A list of JSON objects with declared members."""

    most = 100

    def __init__(self, members: Mapping[str, Field], **options: Any) -> None:
        super().__init__(**options)
        self.member = Object(members)
        self.json_schema = {"type": "array", "items": self.member.schema()}

    @property
    def zero(self) -> list[dict[str, Any]]:
        return []

    def read(self, value: Any) -> list[dict[str, Any]]:
        if not (isinstance(value, list) and all(isinstance(member, dict) for member in value)):
            raise Invalid("must be a list of objects")
        _count(value, self.most)
        return [self.member.read(member) for member in value]


def _count(value: Sized, most: int) -> None:
    """Refuse what has too many members."""
    if len(value) > most:
        raise Invalid(f"must not have more than {most} members")


def _read_member(name: str, field: Field, value: Any) -> Any:
    """What PostgreSQL is given for a member; a refusal says which one it is."""
    try:
        return field.deserialize(value)
    except marshmallow.ValidationError as error:
        raise Invalid(f"{name} {error.messages[0]}") from None
