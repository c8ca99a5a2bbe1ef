"""How rows become JSON text, which PostgreSQL writes and Python never reads."""

from __future__ import annotations

import hashlib

from homechart_common.models.fields import sql_json
from homechart_common.models.model import Model, derived
from homechart_common.postgresql.queries import sql_directory

#: Between rendered rows. A newline cannot occur inside JSON as PostgreSQL writes it, so rows can be told
#: apart.
SEPARATOR = ",\n"


@derived
def row_json(model: type[Model], row: str = "t", shown: frozenset[str] | None = None) -> str:
    """The expression that renders one row as its JSON text, the ordering member first.

    With ``shown`` only those columns have their values; the others are blank.
    """
    members = ", ".join(
        f'{field.sql(row) if shown is None or column in shown else sql_json(field.blank())} AS "{field.json}"'
        for column, field in model.fields.items()
        if field.wire
    )
    expression = f"row_to_json((SELECT r FROM (SELECT {members}) r))::text"
    for field in model.fields.values():
        if field.omitted:
            # Quotes inside strings are escaped, so this can only be the member itself.
            expression = f"""replace({expression}, '"{field.json}":false,', '')"""
    return expression


@derived
def fragment_kind(model: type[Model]) -> str:
    """What rendered rows are called in the cache: processes that render differently do not share them.

    Members that the database's functions render look different after an upgrade that changes those.
    """
    rendering = row_json(model).encode() + _functions()
    return f"rows-{hashlib.blake2s(rendering, digest_size=4).hexdigest()}"


def _functions() -> bytes:
    return b"".join(path.read_bytes() for path in sorted(sql_directory().glob("functions/*.sql")))


def rendered_rows(model: type[Model], row: str = "") -> str:
    """The aggregate of rendered rows in the order of lists; ``row`` renders one of them."""
    return f"string_agg({row or row_json(model)}, E'{SEPARATOR[0]}\\n' ORDER BY t.{model.order}, t.id)"


#: The aggregate of ids and times, the newest first.
RENDERED_INDEX = (
    'string_agg(\'{"updated":"\' || wire_timestamp(t.updated) || \'","id":"\' || t.id || \'"}\','
    f" E'{SEPARATOR[0]}\\n' ORDER BY t.updated DESC, t.id DESC)"
)
