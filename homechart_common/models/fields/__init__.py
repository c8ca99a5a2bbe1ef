"""The kinds of fields objects are declared with.

A field knows how a JSON value is read (contract §1.7: tolerant input), what PostgreSQL is given, how the
column is rendered to the wire, and its JSON Schema. ``null`` always clears: it reads as the kind's zero
value.

What PostgreSQL cannot store (NUL, lone surrogates, numbers out of range, years it cannot render) is refused
here, with a message that names the field.
"""

from homechart_common.models.fields.compounds import Map, Object, Objects, Strings, Tags
from homechart_common.models.fields.field import Derived, Field, Invalid, Schema, json_name, sql_json
from homechart_common.models.fields.images import Image, data_uri
from homechart_common.models.fields.scalars import (
    UUID,
    Bool,
    Colour,
    Int,
    Money,
    OptionalInt,
    Reference,
    YearMonth,
)
from homechart_common.models.fields.texts import WIRE_LIMIT, Email, Position, ShortID, Text, clean_text
from homechart_common.models.fields.times import (
    ZERO_TIME,
    Date,
    Dates,
    Recurrence,
    Time,
    Timestamp,
    TimeZone,
    Written,
    read_timestamp,
    reader_time_zone,
)

__all__ = [
    "UUID",
    "WIRE_LIMIT",
    "ZERO_TIME",
    "Bool",
    "Colour",
    "Date",
    "Dates",
    "Derived",
    "Email",
    "Field",
    "Image",
    "Int",
    "Invalid",
    "Map",
    "Money",
    "Object",
    "Objects",
    "OptionalInt",
    "Position",
    "Recurrence",
    "Reference",
    "Schema",
    "ShortID",
    "Strings",
    "Tags",
    "Text",
    "Time",
    "TimeZone",
    "Timestamp",
    "Written",
    "YearMonth",
    "clean_text",
    "data_uri",
    "json_name",
    "read_timestamp",
    "reader_time_zone",
    "sql_json",
]
