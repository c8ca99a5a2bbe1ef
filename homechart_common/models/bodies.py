"""From the body of a request to a row: which members count, and what absent ones become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow

from homechart_common.errors import InvalidInput
from homechart_common.ids import NIL_UUID, new_uuid, parse_uuid
from homechart_common.models.fields import reader_time_zone
from homechart_common.models.model import Model, Row, derived
from homechart_common.models.ownership import own_created, own_updated
from homechart_common.models.permissions import Actor

Body = Mapping[str, Any]


def created_row(model: type[Model], body: Body, actor: Actor) -> Row:
    """The row to insert for the body of a create: defaults for what is absent, an owner the actor may edit.

    A UUID in ``id`` is used, so that a retried create finds what the first one made. Raises
    :class:`InvalidInput` naming each wrong member, :class:`Forbidden` where the actor may not create.
    """
    row = complete_row(model, read_members(model, body, writable(model, "C"), actor.time_zone))
    row["id"] = chosen_id(body)
    model.fill_in(actor, row)
    model.resolve(actor, row)
    own_created(model, actor, row)
    return row


def chosen_id(body: Body) -> str:
    """The id of a new object: the one that the client chose for it, if any."""
    client_id = parse_uuid(body.get("id"))
    return client_id if client_id and client_id != NIL_UUID else new_uuid()


def updated_row(model: type[Model], body: Body, actor: Actor) -> Row:
    """The columns to overwrite for the body of an update: exactly those whose members are present.

    Raises as above.
    """
    row = read_members(model, body, writable(model, "U"), actor.time_zone)
    model.resolve(actor, row)
    own_updated(model, actor, row)
    return row


def complete_row(model: type[Model], row: Row) -> Row:
    """The row to insert when a client said ``row``: what it left out has its default.

    Raises :class:`InvalidInput` for a member that must be given.
    """
    complete = dict(row)
    for column in model.stored_columns("C"):
        field = model.fields[column]
        if column not in row:
            if field.must_be_given:
                raise InvalidInput.field(field.json, "must be given")
            complete[column] = field.default()
    return complete


@derived
def writable(model: type[Model], write: str) -> tuple[str, ...]:
    """The names of the members that count for a create (``C``) or an update (``U``)."""
    return tuple(field.json for field in model.fields.values() if write in field.write)


def read_members(model: type[Model], body: Body, names: tuple[str, ...], time_zone: str = "UTC") -> Row:
    """Those of the named members that a body has, by column, checked and normalised.

    A date without a time means midnight in ``time_zone``. Raises :class:`InvalidInput` naming each wrong
    member.
    """
    token = reader_time_zone.set(time_zone)
    try:
        loaded: Row = _schema(model, names).load(_exact_names(model, body), partial=True)
        return loaded
    except marshmallow.ValidationError as error:
        raise InvalidInput.fields(_sentences(error.messages_dict)) from None
    finally:
        reader_time_zone.reset(token)


def takes_long(model: type[Model], body: Body) -> bool:
    """Whether a body has something that is read so slowly that it is to be done in a thread."""
    slow = _slow(model)
    return bool(slow) and any(value and name in slow for name, value in _exact_names(model, body).items())


@derived
def _slow(model: type[Model]) -> frozenset[str]:
    return frozenset(field.json for field in model.fields.values() if field.slow)


@derived
def _schema(model: type[Model], names: tuple[str, ...]) -> marshmallow.Schema:
    members: dict[str, Any] = {column: field for column, field in model.fields.items() if field.json in names}
    return marshmallow.Schema.from_dict(members, name=model.__name__)(unknown=marshmallow.EXCLUDE)


@derived
def _names(model: type[Model]) -> dict[str, str]:
    return {field.json.lower(): field.json for field in model.fields.values()}


def _exact_names(model: type[Model], body: Body) -> Body:
    """Member names are matched without regard to case; the exact spelling wins (contract B2 §1.1)."""
    names = _names(model)
    return {names.get(key.lower(), key): value for key, value in body.items()} | {
        key: value for key, value in body.items() if key in names.values()
    }


def _sentences(messages: Mapping[str, Any]) -> dict[str, str]:
    return {name: " ".join(str(text) for text in texts) for name, texts in messages.items()}
