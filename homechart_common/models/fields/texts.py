"""Fields that are strings."""

from __future__ import annotations

import re
from typing import Any

from homechart_common.ids import new_nanoid
from homechart_common.models.fields.field import Field, Invalid

#: Strings on the wire hold at most this many characters (the contract counts 1000 with both quotes).
WIRE_LIMIT = 998


def clean_text(value: Any, limit: int) -> str:
    """A string that PostgreSQL can store, of at most ``limit`` characters."""
    if not isinstance(value, str):
        raise Invalid("must be a string")
    if len(value) > limit:
        raise Invalid(f"must not be longer than {limit} characters")
    if "\x00" in value:
        raise Invalid("must not contain a NUL character")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Invalid("must not contain half of a surrogate pair")
    return value


class Text(Field):
    """A string of ``min`` to ``max`` characters; ``long`` ones are not held to the wire limit of 998."""

    zero = ""

    def __init__(
        self,
        *,
        min: int = 0,
        max: int = WIRE_LIMIT,
        long: bool = False,
        required: bool | None = None,
        **options: Any,
    ) -> None:
        super().__init__(required=min > 0 if required is None else required, **options)
        self.min = min
        self.max = max if long or max < WIRE_LIMIT else WIRE_LIMIT
        self.json_schema = {"type": "string", "maxLength": self.max} | ({"minLength": min} if min else {})

    def read(self, value: Any) -> str:
        text = clean_text(value, self.max)
        if len(text) < self.min:
            raise Invalid(
                "must not be empty" if self.min == 1 else f"must have at least {self.min} characters"
            )
        return text


class ShortID(Text):
    """The short id of links inside texts: made by the server, never changed."""

    def __init__(self) -> None:
        super().__init__(
            max=14, write="", made=True, description="Used in links inside texts, such as #plantask/<shortID>"
        )

    def default(self) -> str:
        return new_nanoid()


class Position(Text):
    """A place among siblings: digits, and letters after a colon to squeeze in between (``3``, ``3:am``).

    An object that always has one (``placed``) may be created or moved without; the server then puts it last.
    """

    _FORM = re.compile(r"[0-9]+(:[a-z]+)?")

    def __init__(self, *, placed: bool = True) -> None:
        super().__init__(max=100)
        self.placed = placed
        self.json_schema = {"type": "string", "pattern": "^([0-9]+(:[a-z]+)?)?$", "maxLength": 100}

    def read(self, value: Any) -> str:
        text = super().read(value)
        if text and not self._FORM.fullmatch(text):
            raise Invalid("must be formatted as <number>:<a-z>")
        return text


class Email(Text):
    """A mail address, kept in lower case."""

    _FORM = re.compile(r"[^\s@]+@[^\s@]+")

    def __init__(self, **options: Any) -> None:
        super().__init__(min=1, max=320, **options)
        self.json_schema = {"type": "string", "format": "email", "maxLength": 320}

    def read(self, value: Any) -> str:
        address = super().read(value).lower()
        if not self._FORM.fullmatch(address):
            raise Invalid("must be a mail address")
        return address
