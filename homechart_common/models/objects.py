"""Reading and writing one object for an actor. Each is one statement, and answers the object's JSON text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from homechart_common.errors import Forbidden, InvalidInput, ItemNotFound
from homechart_common.ids import new_uuid
from homechart_common.models.actors import StaleActor
from homechart_common.models.bodies import Body, created_row, read_members, takes_long, updated_row
from homechart_common.models.fields import UUID, Field, Position
from homechart_common.models.model import Model, registry
from homechart_common.models.ownership import UnknownHousehold, own_created
from homechart_common.models.permissions import Actor, Level
from homechart_common.models.statements import NOT_YOURS, refer_parameter, statements
from homechart_common.postgresql.database import (
    Database,
    Parameters,
    Queryable,
    Row,
    Statement,
    array,
    persistently,
)
from homechart_common.postgresql.failures import ConstraintViolation, UniqueViolation
from homechart_common.threads import aside

_UNKNOWN = "names nothing that can be referred to here"

#: How often a statement that lost against others is run before the caller hears of it.
_ATTEMPTS = 5


async def read_object(database: Queryable, model: type[Model], actor: Actor, object_id: str) -> str:
    """The object's JSON. Raises :class:`ItemNotFound` when there is none that the actor may see."""
    (value,) = await answer(database, model, statements(model).read, actor, {"id": object_id}, Level.VIEW)
    if value is None:
        raise ItemNotFound
    return str(value)


async def create_object(database: Queryable, model: type[Model], actor: Actor, body: Body) -> str:
    """Make an object of a body; the JSON of the stored row.

    An ``id`` that is free is used. If the actor already has an object with it, that is the answer, so a retry
    is harmless; if somebody else does, the object gets another id.
    """
    row = await settled(database, created_row, model, body, actor)
    for attempt in range(3):
        try:
            broken, value = await answer(
                database, model, statements(model).create, actor, {"row": _json(row)}, Level.EDIT
            )
        except UniqueViolation:
            # of two creates with the same id at the same moment one may be told of another value they share
            if attempt or not body.get("id") or not isinstance(database, Database):
                raise
            continue
        _refuse(broken)
        if value is not None:
            return str(value)
        # A concurrent create with the same id: by the same owner it is visible now, else the id is taken.
        if attempt:
            row["id"] = new_uuid()
    raise InvalidInput.field("id", "could not be used")


async def require_creatable(
    database: Queryable, model: type[Model], actor: Actor, body: Body
) -> dict[str, Any]:
    """Raise what :func:`create_object` would if the actor may not make an object for whom a body names.

    Else the columns that would say whose it is.
    """

    def settle(model: type[Model], body: Body, actor: Actor) -> dict[str, Any]:
        row = read_members(model, body, ("authAccountID", "authHouseholdID"))
        own_created(model, actor, row)
        return row

    return await settled(database, settle, model, body, actor)


async def update_object(
    database: Queryable, model: type[Model], actor: Actor, object_id: str, body: Body
) -> str | None:
    """Overwrite the members that a body has; the JSON of the new row, or ``None`` when nothing changed.

    ``None`` also when there is no such object. Raises :class:`Forbidden` when the actor can only see it.
    """
    row = await settled(database, updated_row, model, body, actor)
    broken, value, out_of_reach = await answer(
        database, model, statements(model).update, actor, {"id": object_id, "row": _json(row)}, Level.EDIT
    )
    _refuse(broken)
    if out_of_reach:
        raise Forbidden
    return None if value is None else str(value)


async def delete_object(database: Queryable, model: type[Model], actor: Actor, object_id: str) -> str:
    """Delete an object; its JSON as it was. Raises :class:`ItemNotFound` if the actor can edit none."""
    (value,) = await answer(database, model, statements(model).delete, actor, {"id": object_id}, Level.EDIT)
    if value is None:
        raise ItemNotFound
    return str(value)


async def answer(
    database: Queryable,
    model: type[Model],
    statement: Statement,
    actor: Actor,
    parameters: dict[str, Any],
    needed: Level,
) -> tuple[Any, ...]:
    """What a statement about objects of a kind answers beside whether its guard held, which comes first.

    Raises :class:`StaleActor` when it did not, :class:`Forbidden` when there is nobody whose objects the
    actor may reach as ``needed``.
    """
    owners = model.owners(actor, needed)
    if not owners:
        raise Forbidden
    parameters |= {
        "session": actor.session_id,
        "access": actor.access,
        "account": actor.account_id,
        "owners": array(owners),
        "viewed": array(model.owners(actor, Level.VIEW)),
        "viewer": model.viewer(actor) if model.restriction else "",
        **_referable(model, actor),
    }
    try:
        row = await _persistently(database, statement, parameters)
    except ConstraintViolation as violation:
        raise explained(model, violation) from None
    assert row is not None  # noqa: S101  # every statement answers one row
    if not row[0]:
        raise StaleActor
    return row[1:]


async def _persistently(database: Queryable, statement: Statement, parameters: Parameters) -> Row | None:
    """Run a statement; again if, as a transaction of its own, it lost against another one (a deadlock)."""
    if isinstance(database, Database):
        return await persistently(lambda: database.fetch_row(statement, parameters), _ATTEMPTS)
    return await database.fetch_row(statement, parameters)


def _referable(model: type[Model], actor: Actor) -> dict[str, str]:
    """Whose objects each reference may name."""
    targets = (
        registry.for_table(reference.target) for reference in model.references() if not reference.inherits
    )
    return {refer_parameter(target): array(target.owners(actor, Level.VIEW)) for target in targets if target}


def _refuse(broken: str | None) -> None:
    if broken == NOT_YOURS:
        raise Forbidden
    if broken:
        raise InvalidInput.field(broken, _UNKNOWN)


def explained(model: type[Model], violation: ConstraintViolation) -> ConstraintViolation:
    """The same refusal, in words that name the member."""
    name = violation.constraint or ""
    field = _member(model, violation.column or name.removeprefix(f"{model.table}_").rpartition("_")[0])
    if name in model.constraints:
        violation.message = model.constraints[name]
    elif name == f"{model.table}_owner":
        violation.message = "authAccountID, authHouseholdID: exactly one of them must be given"
    elif field is not None and violation.message == type(violation).default_message:
        violation.message = f"{field.json}: {_reason(field, violation)}"
    return violation


def _member(model: type[Model], columns: str) -> Field | None:
    """The member that a constraint on these columns is about: of several, the last."""
    members = {**model.fields, **(model.archived or {})}
    named = (column for column in members if f"_{columns}".endswith(f"_{column}"))
    return members.get(max(named, key=len, default=""))


def _reason(field: Field, violation: ConstraintViolation) -> str:
    if isinstance(violation, UniqueViolation):
        return "another one has it already"
    if field.refers or isinstance(field, UUID):
        return _UNKNOWN
    if isinstance(field, Position) and field.placed:
        return "must not be empty"
    return violation.message


async def settled(
    database: Queryable,
    settle: Callable[[type[Model], Body, Actor], dict[str, Any]],
    model: type[Model],
    body: Body,
    actor: Actor,
) -> dict[str, Any]:
    """The row for a body. A household that does not exist is another failure than one the actor is not in."""
    try:
        if not takes_long(model, body):
            return settle(model, body, actor)
        return await aside(settle, model, body, actor)
    except UnknownHousehold as unknown:
        exists = await database.fetch_value(
            "SELECT EXISTS (SELECT FROM auth_household WHERE id = %(id)s)", {"id": unknown.household_id}
        )
        raise (Forbidden() if exists else ItemNotFound()) from None


def _json(row: dict[str, Any]) -> str:
    return orjson.dumps(row).decode()
