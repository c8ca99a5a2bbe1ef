"""The SQL of following everything at once, derived once from all declarations.

Every statement answers first where its snapshot stands (``here``): how long the session still lasts, or
``NULL`` when the caller's permissions changed; the epoch; a version for every owner; and whether the log
reaches back to ``since``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from homechart_common.models.model import Model, registry
from homechart_common.models.rendering import fragment_kind, rendered_rows, row_json
from homechart_common.models.statements import GUARD, restricted
from homechart_common.postgresql.database import Statement

#: The parameter that says who looks at a restricted table.
VIEWER = "viewer_{}"

#: The table of sessions, which are announced to their account, without a time, and are in no list.
SESSION = "auth_session"
_SESSIONS = f"""
    UNION ALL SELECT '' FROM {SESSION} t WHERE c.table_name = '{SESSION}' AND t.id = c.id"""

_HERE = f"""WITH {GUARD},
scope AS MATERIALIZED (
    SELECT o.owner_id, o.since, o.n, coalesce(v.version, 0) AS version, coalesce(v.purged, 0) AS purged
    FROM unnest(%(owners)s::uuid[], %(since)s::bigint[]) WITH ORDINALITY AS o(owner_id, since, n)
    LEFT JOIN sync_version v USING (owner_id)
),
here AS MATERIALIZED (
    SELECT (SELECT extract(epoch FROM expires - now())::float8 FROM actor) AS seconds, sync_epoch() AS epoch,
        string_agg(version::text, '.' ORDER BY n) AS versions,
        bool_and(since BETWEEN purged AND version) AS reachable
    FROM scope
)"""


class SyncStatements(NamedTuple):
    """What following is made of."""

    #: Only where we are: a few index reads.
    position: Statement
    #: A row for each list of each owner.
    everything: Statement
    #: A row for each object that changed since, rendered if it is in sight.
    changed: Statement
    #: The same, with only its time.
    missed: Statement


@cache
def sync_statements() -> SyncStatements:
    """The statements, over all objects that take part."""
    return SyncStatements(
        position=Statement("sync_position", f"{_HERE}\nSELECT here.* FROM here", table="sync"),
        everything=Statement("sync_everything", _everything(), table="sync"),
        changed=Statement("sync_changed", _changed(row_json), table="sync"),
        missed=Statement(
            "sync_missed", _changed(lambda _: "wire_timestamp(t.updated)", _SESSIONS), table="sync"
        ),
    )


@cache
def synced() -> tuple[type[Model], ...]:
    """The objects that take part."""
    return tuple(model for model in registry if model.synced)


def _everything() -> str:
    kinds = ", ".join(
        f"('{model.table}', '{fragment_kind(model)}')" for model in synced() if not model.restriction
    )
    rendered = _by_table(
        "s",
        lambda model: f"SELECT {rendered_rows(model)} AS value FROM {model.table} t",
        "s.value IS NULL AND t.owner_id = s.owner_id",
        " HAVING count(*) > 0",
    )
    return f"""{_HERE},
kinds(table_name, kind) AS (VALUES {kinds}),
seen AS MATERIALIZED (
    SELECT p.table_name, p.owner_id, p.n, c.version, k.kind, f.value
    FROM unnest(%(tables)s::text[], %(of)s::uuid[]) WITH ORDINALITY AS p(table_name, owner_id, n)
    LEFT JOIN kinds k USING (table_name)
    LEFT JOIN LATERAL (
        SELECT version FROM sync_change
        WHERE owner_id = p.owner_id AND table_name = p.table_name ORDER BY version DESC LIMIT 1
    ) c ON true
    LEFT JOIN cache f
        ON (f.owner_id, f.table_name, f.kind, f.version) = (p.owner_id, p.table_name, k.kind, c.version)
    WHERE EXISTS (SELECT FROM actor)
)
SELECT here.*, s.table_name, s.owner_id, s.version,
    CASE WHEN s.value IS NULL AND s.version > 0 THEN s.kind END, coalesce(s.value, r.value, '')
FROM here
LEFT JOIN seen s ON true
LEFT JOIN LATERAL (
    {rendered}
) r ON true
ORDER BY s.n"""


def _changed(rendering: Callable[[type[Model]], str], beside: str = "") -> str:
    rendered = _by_table(
        "c",
        lambda model: f"SELECT {rendering(model)} AS value FROM {model.table} t",
        "t.id = c.id AND t.owner_id IN (SELECT owner_id FROM seen WHERE table_name = '{table}')",
    )
    return f"""{_HERE},
seen AS MATERIALIZED (
    SELECT p.table_name, p.owner_id, o.since
    FROM unnest(%(tables)s::text[], %(of)s::uuid[]) AS p(table_name, owner_id) JOIN scope o USING (owner_id)
),
changed AS MATERIALIZED (
    SELECT DISTINCT s.table_name, c.id
    FROM seen s
    CROSS JOIN LATERAL (
        -- with an OFFSET it is looked up for each list, and the log never read from end to end
        SELECT id FROM sync_change
        WHERE owner_id = s.owner_id AND table_name = s.table_name AND version > s.since
        OFFSET 0
    ) c
    WHERE (SELECT seconds IS NOT NULL AND reachable AND epoch = %(epoch)s::text FROM here)
    LIMIT %(most)s::bigint
)
SELECT here.*, c.table_name, c.id, r.value
FROM here
LEFT JOIN changed c ON true
LEFT JOIN LATERAL (
    {rendered}{beside}
) r ON true
ORDER BY c.table_name, c.id"""


def _by_table(row: str, select: Callable[[type[Model]], str], condition: str, having: str = "") -> str:
    """``select`` from the table that a row names, as far as its viewer sees it."""
    return "\n    UNION ALL ".join(
        f"{select(model)}\n        WHERE {row}.table_name = '{model.table}'"
        f" AND {condition.format(table=model.table)}{restricted(model, VIEWER.format(model.table))}{having}"
        for model in synced()
    )
