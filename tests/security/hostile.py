"""Values that nobody sends who means well, as JSON texts: some of them no JSON library would write."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from homechart_common.models.fields import Schema


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


VALUES: dict[str, str] = {
    "NUL": r'"a\u0000b"',
    "half a surrogate pair": r'"\ud800"',
    "the other half": r'"\udfff@example.com"',
    "a surrogate pair": r'"\ud83d\ude00"',
    "more than 64 bits": "1" + "0" * 30,
    "less than -64 bits": "-1" + "0" * 30,
    "more than 63 bits": str(2**63),
    "more than 31 bits": str(2**31),
    "a negative number": "-1",
    "a fraction": "1.5",
    "a fraction that is none": "3.0",
    "more than a double": "1e400",
    "less than a double": "1e-400",
    "true": "true",
    "null": "null",
    "empty": '""',
    "a space": '" "',
    "long": json.dumps("x" * 100_000),
    "long in bytes": json.dumps("😀" * 998),
    "a line break": r'"a\r\nBcc: b@example.com"',
    "SQL": json.dumps("'; DROP TABLE auth_account; --"),
    "placeholders": json.dumps("%(id)s %s %% {} $1 \\"),
    "an array of PostgreSQL": json.dumps('{"a",NULL}'),
    "a composite of PostgreSQL": json.dumps('(1,"2")'),
    "text that turns around": r'"\u202e\ufeff\u200b\u2028"',
    "not a number": '"NaN"',
    "infinity": '"infinity"',
    "no day": '"2026-02-30"',
    "no moment": '"9999-12-31T23:59:60Z"',
    "a year too late": '"10000-01-01T00:00:00Z"',
    "before all time": '"0000-01-01T00:00:00-14:00"',
    "now": '"now"',
    "digits of others": r'"\u0661\u0662:\u0660\u0660"',
    "no UUID": '"{00000000-0000-0000-0000-000000000000}"',
    "an empty list": "[]",
    "a list of null": "[null]",
    "a list of lists": "[[]]",
    "a list of objects": "[{}]",
    "a list of numbers": "[0, 1e400]",
    "a list of NUL": r'["\u0000"]',
    "a long list": json.dumps(["x"] * 5000),
    "a deep list": _nested(900),
    "an empty object": "{}",
    "an object": '{"$ne": null, "": [], "__proto__": {"admin": true}}',
    "an object of objects": '{"a": {"b": {"c": {}}}}',
}


class Place(NamedTuple):
    """A member of a body, or a member inside one, and what the document says of it."""

    path: tuple[str | int, ...]
    schema: Schema

    @property
    def name(self) -> str:
        """The member of the body that it is, or is in."""
        return str(self.path[0])

    def admits(self, value: Any) -> bool:
        """Whether the document allows a value there."""
        return Draft202012Validator(self.schema).is_valid(value)

    def filled(self, base: dict[str, Any], value: str) -> bytes:
        """A body with a value at this place."""
        members = {name: json.dumps(member) for name, member in base.items()}
        for step in reversed(self.path[1:]):
            value = f"[{value}]" if isinstance(step, int) else f"{{{json.dumps(step)}: {value}}}"
        members[self.name] = value
        text = ", ".join(f"{json.dumps(name)}: {member}" for name, member in members.items())
        return f"{{{text}}}".encode()


def places(schema: Schema, path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Every member of a body, and every member inside of them."""
    if path:
        yield Place(path, schema)
    for kind in schema.get("oneOf", [schema]):
        for name, member in kind.get("properties", {}).items():
            yield from places(member, (*path, name))
        if "items" in kind:
            yield from places(kind["items"], (*path, 0))


def values_for(place: Place) -> list[tuple[str, str]]:
    """All values; inside of a member some, for each place inside others."""
    values = list(VALUES.items())
    if len(place.path) == 1:
        return values
    return values[zlib.crc32(repr(place.path).encode()) % 5 :: 5]
