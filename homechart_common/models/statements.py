"""The SQL of the generic routes, derived once from a declaration.

Every statement carries the same guard: it only acts while the session exists, has not expired, and its
``access`` is the one that the caller's permissions were read at. So permissions can be kept in memory and are
never stale.
"""

from __future__ import annotations

from typing import NamedTuple

from homechart_common.models.fields import Reference
from homechart_common.models.model import Model, Owner, derived, registry
from homechart_common.models.permissions import EVERYBODY
from homechart_common.models.rendering import RENDERED_INDEX, fragment_kind, rendered_rows, row_json
from homechart_common.postgresql.database import Statement

#: In place of the name of a reference that does not hold: the row would belong to somebody else.
NOT_YOURS = "!"

GUARD = """actor AS MATERIALIZED (
    SELECT s.expires FROM auth_session s
    WHERE s.id = %(session)s::uuid AND s.access = %(access)s::bigint AND s.expires > now()
)"""


class Statements(NamedTuple):
    """What the generic routes execute; each answers first whether the guard held."""

    rows: Statement
    changes_since_versions: Statement
    changes_since_time: Statement
    read: Statement
    create: Statement
    update: Statement
    delete: Statement


@derived
def statements(model: type[Model]) -> Statements:
    """The statements of an object."""
    table = model.table

    def named(verb: str, sql: str) -> Statement:
        return Statement(f"{table}_{verb}", sql, table=table)

    since_versions = (
        "t.id = ANY (array(SELECT c.id FROM sync_change c WHERE c.owner_id = s.owner_id"
        f" AND c.table_name = '{table}' AND c.version > s.since))"
    )
    return Statements(
        rows=named("rows", _rows(model)),
        changes_since_versions=named("changes_since_versions", _changes(model, since_versions)),
        changes_since_time=named(
            "changes_since_time", _changes(model, "t.updated > %(updated)s::timestamptz")
        ),
        read=named("read", _read(model)),
        create=named("create", _create(model)),
        update=named("update", _update(model)),
        delete=named("delete", _delete(model)),
    )


def restricted(model: type[Model], viewer: str = "viewer") -> str:
    """The condition for what is seen of a restricted object by whoever the parameter ``viewer`` names."""
    return f" AND ({model.restriction})".replace("%(viewer)s", f"%({viewer})s") if model.restriction else ""


def _scope(model: type[Model]) -> str:
    """The owners asked about, each with the version of its newest change to this table."""
    return f"""scope AS MATERIALIZED (
    SELECT o.owner_id, o.since, o.n, coalesce(c.version, 0) AS version
    FROM unnest(%(owners)s::uuid[], %(since)s::bigint[]) WITH ORDINALITY AS o(owner_id, since, n)
    LEFT JOIN LATERAL (
        SELECT version FROM sync_change
        WHERE owner_id = o.owner_id AND table_name = '{model.table}' ORDER BY version DESC LIMIT 1
    ) c ON true
),
token AS MATERIALIZED (
    SELECT sync_epoch() || %(scope)s::text || coalesce(string_agg(version::text, '.' ORDER BY n), '') AS value
    FROM scope
)"""


def _list(model: type[Model], kind: str, rendering: str, extra: str) -> str:
    """One row per owner: valid, token, owner, version, worth caching, rendering, extra.

    The rendering is the cached one if that is current. If nothing changed there is one row without owner, of
    which the table is not asked: the only household of a server owns most rows, so that all are looked at.
    """
    cached = "false" if model.restriction else "true"
    return f"""WITH {GUARD},
{_scope(model)}
SELECT EXISTS (SELECT FROM actor), token.value, s.owner_id, s.version,
    f.owner_id IS NULL AND s.version > 0 AND {cached}, coalesce(f.value, r.value, ''), {extra}
FROM token
LEFT JOIN scope s ON token.value IS DISTINCT FROM %(token)s::text AND EXISTS (SELECT FROM actor)
LEFT JOIN cache f ON {cached} AND f.version = s.version
    AND f.owner_id = s.owner_id AND f.table_name = '{model.table}' AND f.kind = '{kind}'
LEFT JOIN LATERAL (
    SELECT {rendering} AS value FROM {model.table} t
    WHERE s.owner_id IS NOT NULL AND f.owner_id IS NULL AND t.owner_id = s.owner_id{restricted(model)}
) r ON true
ORDER BY s.n"""


def _rows(model: type[Model]) -> str:
    return _list(model, fragment_kind(model), rendered_rows(model), "''")


def _changes(model: type[Model], changed: str) -> str:
    rows = f"""coalesce((
        SELECT {rendered_rows(model)} FROM {model.table} t
        WHERE s.owner_id IS NOT NULL AND t.owner_id = s.owner_id AND {changed}{restricted(model)}
    ), '')"""
    return _list(model, "index", RENDERED_INDEX, rows)


def _in_sight(model: type[Model], owners: str) -> str:
    return f"t.id = %(id)s::uuid AND t.owner_id = ANY (%({owners})s::uuid[]){restricted(model)}"


def _read(model: type[Model]) -> str:
    return f"""WITH {GUARD}
SELECT EXISTS (SELECT FROM actor),
    (SELECT {row_json(model)} FROM {model.table} t WHERE {_in_sight(model, "viewed")})"""


def _broken(model: type[Model], tables: str, *, changed_only: bool = False) -> str:
    """The first thing that does not hold about a proposed row ``r`` (the stored one is ``o``)."""
    cases = [_broken_reference(model, reference, changed_only) for reference in model.references()]
    if model.owner is not Owner.PARENT:
        cases.append(f"WHEN {_named_owner(model)} <> ALL (%(owners)s::uuid[]) THEN '{NOT_YOURS}'")
    return f"""broken AS MATERIALIZED (
    SELECT CASE
        {f"{chr(10)}        ".join(cases)}
    END AS name FROM {tables}
)"""


def _broken_reference(model: type[Model], reference: Reference, changed_only: bool) -> str:
    """A household's row names only what is its own of a kind that households own."""
    column, target = reference.column, registry.for_table(reference.target)
    condition = f"r.{column} IS NOT NULL"
    if changed_only:
        condition += f" AND r.{column} IS DISTINCT FROM o.{column}"
    if target is not None:
        owners = "owners" if reference.inherits else refer_parameter(target)
        seen = f"x.id = r.{column} AND x.owner_id = ANY (%({owners})s::uuid[])"
        if target.owner is Owner.HOUSEHOLD:
            seen += " AND x.owner_id = coalesce(r.auth_household_id, x.owner_id)"
        condition += f" AND NOT EXISTS (SELECT FROM {target.table} x WHERE {seen})"
    return f"WHEN {condition} THEN '{reference.json}'"


def _named_owner(model: type[Model]) -> str:
    """Whom a proposed row ``r`` says it belongs to; nobody if that is told by what it belongs to."""
    match model.owner:
        case Owner.HOUSEHOLD:
            return "r.auth_household_id"
        case Owner.ACCOUNT:
            return "r.auth_account_id"
        case Owner.SELF:
            return "r.id"
    inherited = [f"r.{reference.column} IS NULL" for reference in model.references() if reference.inherits]
    everybody = f"'{EVERYBODY}'::uuid"
    unnamed = f"CASE WHEN {' AND '.join(inherited)} THEN {everybody} END" if inherited else everybody
    return f"coalesce(r.auth_household_id, r.auth_account_id, {unnamed})"


def refer_parameter(target: type[Model]) -> str:
    """The parameter that holds whose objects of this kind may be referred to."""
    return f"viewed_{target.component.value}"


def _logged(model: type[Model], operation: int, source: str) -> str:
    if model.label is None:
        return ""
    return f""",
logged AS (
    INSERT INTO change (auth_account_id, auth_household_id, name, table_name, operation)
    SELECT %(account)s::uuid, auth_household_id, name, '{model.table}', {operation}
    FROM {source} WHERE auth_household_id IS NOT NULL
)"""


def _label(model: type[Model]) -> str:
    """The columns of a row ``t`` that the change log needs."""
    return f", t.auth_household_id, {model.fields[model.label].sql('t')} AS name" if model.label else ""


def _create(model: type[Model]) -> str:
    columns = model.stored_columns("C")
    same, conflict, made = "t.id = r.id", "(id)", "created"
    if model.named_once:
        named = (
            f"SELECT n.id FROM {model.table} n WHERE (n.owner_id, n.name) = ({_named_owner(model)}, r.name)"
        )
        same, conflict = f"t.id IN (r.id, ({named}))", ""
        # Who asks for a name that is there gets what has it, and the log tells of a create (contract B1 §6.5).
        made = "(TABLE created UNION ALL SELECT value, auth_household_id, name FROM existing WHERE named) m"
    return f"""WITH {GUARD},
proposed AS MATERIALIZED (
    SELECT r.* FROM jsonb_populate_record(NULL::{model.table}, %(row)s::jsonb) r
),
{_broken(model, "proposed r")},
accepted AS MATERIALIZED (
    SELECT * FROM proposed WHERE EXISTS (SELECT FROM actor) AND (SELECT name FROM broken) IS NULL
),
existing AS MATERIALIZED (
    SELECT {row_json(model)} AS value{_label(model)}, t.id <> r.id AS named FROM {model.table} t, accepted r
    WHERE {same} AND t.owner_id = ANY (%(owners)s::uuid[]){restricted(model)}
    ORDER BY named LIMIT 1
),
created AS (
    INSERT INTO {model.table} AS t ({", ".join(columns)})
    SELECT {", ".join(f"r.{column}" for column in columns)} FROM accepted r
    WHERE NOT EXISTS (SELECT FROM existing)
    ON CONFLICT {conflict} DO NOTHING
    RETURNING {row_json(model)} AS value{_label(model)}
){_logged(model, 0, made)}
SELECT EXISTS (SELECT FROM actor), (SELECT name FROM broken),
    coalesce((SELECT value FROM created), (SELECT value FROM existing))"""


def _update(model: type[Model]) -> str:
    columns = ", ".join(model.stored_columns("U"))
    proposed = ", ".join(f"r.{column}" for column in model.stored_columns("U"))
    patched = "jsonb_populate_record(t, %(row)s::jsonb) r"
    mine = _in_sight(model, "owners")
    if model.participation:
        mine += f" AND ({model.participation})"
    if model.owner is Owner.HOUSEHOLD:
        # A body that names another household means another object (contract B1 §2.2).
        named = "(%(row)s::jsonb ->> 'auth_household_id')::uuid"
        mine += f" AND t.auth_household_id = coalesce({named}, t.auth_household_id)"
    return f"""WITH {GUARD},
proposed AS MATERIALIZED (SELECT r.* FROM {model.table} t, {patched} WHERE {mine}),
stored AS MATERIALIZED (SELECT t.* FROM {model.table} t WHERE {mine}),
{_broken(model, "proposed r, stored o", changed_only=True)},
written AS (
    UPDATE {model.table} AS t SET ({columns}) = (SELECT {proposed} FROM {patched})
    WHERE {mine} AND EXISTS (SELECT FROM actor) AND (SELECT name FROM broken) IS NULL
    RETURNING {row_json(model)} AS value{_label(model)}
){_logged(model, 2, "written")}
SELECT EXISTS (SELECT FROM actor), (SELECT name FROM broken), (SELECT value FROM written), EXISTS (
    SELECT FROM {model.table} t
    WHERE {_in_sight(model, "viewed")} AND t.owner_id <> ALL (%(owners)s::uuid[]))"""


def _delete(model: type[Model]) -> str:
    return f"""WITH {GUARD},
gone AS (
    DELETE FROM {model.table} AS t
    WHERE {_in_sight(model, "owners")} AND EXISTS (SELECT FROM actor)
    RETURNING {row_json(model)} AS value{_label(model)}
){_logged(model, 1, "gone")}
SELECT EXISTS (SELECT FROM actor), (SELECT value FROM gone)"""
