"""Fields that are numbers, truth values and identifiers."""

from __future__ import annotations

from typing import Any

from homechart_common.ids import parse_uuid
from homechart_common.models.fields.field import Field, Invalid


class Bool(Field):
    """True or false."""

    zero = False
    json_schema = {"type": "boolean"}

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Invalid("must be true or false")
        return value


class Int(Field):
    """A whole number within bounds, unless given those of a 32-bit column; ``3.0`` counts as one."""

    zero: int | None = 0

    def __init__(self, *, min: int = -(2**31), max: int = 2**31 - 1, **options: Any) -> None:
        super().__init__(**options)
        self.min, self.max = min, max
        self.json_schema = {"type": "integer", "minimum": min, "maximum": max}

    def read(self, value: Any) -> int | None:
        return self.number(value)

    def number(self, value: Any) -> int:
        """The number, checked."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Invalid("must be a whole number")
        if not self.min <= value <= self.max:
            raise Invalid(
                "must not be negative"
                if self.min == 0 > value
                else f"must be between {self.min} and {self.max}"
            )
        return value


class OptionalInt(Int):
    """A whole number within bounds, or null."""

    zero = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.json_schema["type"] = ["integer", "null"]

    def read(self, value: Any) -> int | None:
        return None if value is None else self.number(value)


class Money(Int):
    """An amount in the smallest unit of the household's currency."""

    def __init__(self, *, min: int = -(2**53) + 1, **options: Any) -> None:
        super().__init__(min=min, max=2**53 - 1, **options)


class YearMonth(Int):
    """A month of a year, such as 202308; it must always be said."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min=100001, max=999912, description="Such as 202308", **options)
        # answers say 0 where there is no month yet
        self.json_schema = {"type": "integer", "minimum": 0, "maximum": 999912}

    def read(self, value: Any) -> int:
        number = self.number(value) if value else 0
        if not 1 <= number % 100 <= 12:
            raise Invalid("must be a month such as 202308")
        return number


class Colour(Int):
    """One of the palette's 14 colours.

    Default, red, pink, orange, yellow, green, teal, blue, indigo, purple, brown, black, grey, white.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(min=0, max=13, description="0 default, 1 red, 2 pink, ... 13 white", **options)


class UUID(Field):
    """An identifier, or null."""

    json_schema = {"type": ["string", "null"], "format": "uuid"}

    def read(self, value: Any) -> str | None:
        if value is None:
            return None
        parsed = parse_uuid(value)
        if parsed is None:
            raise Invalid("must be a UUID")
        return parsed


class Reference(UUID):
    """The id of another object, or null.

    With ``inherits``, the row belongs where its target belongs, so the caller must be able to edit there;
    else the target must be one that the caller can see. ``target`` is a table; while no object is declared
    for it, only null is accepted.
    """

    refers = True

    def __init__(self, target: str, *, inherits: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.target = target
        self.inherits = inherits
