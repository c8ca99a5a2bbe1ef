"""Whose a row will be: what a body says, and what follows when it says nothing (contract §3.10, decision 9).

Only what can be told from the body and the actor is settled here. Who owns an object that belongs to another
one, and whether that is somebody the actor may write for, is settled by the statement that writes the row.
"""

from __future__ import annotations

from homechart_common.errors import Forbidden, ItemNotFound
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Level


class UnknownHousehold(Forbidden):
    """A body names a household that the caller is not in. What they are told depends on whether it exists."""

    def __init__(self, household_id: str) -> None:
        super().__init__()
        self.household_id = household_id


def own_created(model: type[Model], actor: Actor, row: Row) -> None:
    """Give a row to be inserted the owner that it names, or one if it names none.

    An account that is named is always the actor's own, except where a child's can be meant. Raises
    :class:`Forbidden` where the actor may not create, :class:`ItemNotFound` when there is no household for
    what needs one.
    """
    if model.owner in (Owner.PARENT, Owner.SELF):
        return
    if model.owner is Owner.ACCOUNT:
        row["auth_account_id"] = row["auth_account_id"] or actor.account_id
    elif row.get("auth_household_id"):
        _require_household(model, actor, row["auth_household_id"])
    elif row.get("auth_account_id") and model.personal():
        _require_personal(model, actor)
        row["auth_account_id"] = actor.account_id
    elif not (_belongs_to_another(model, row) or model.is_for_everybody(actor, row)):
        _give_owner(model, actor, row)


def own_updated(model: type[Model], actor: Actor, row: Row) -> None:
    """Settle the owner that the body of an update names, if any: naming one of both moves the object there.

    Of a household's object that can be assigned, naming an account alone assigns it. Raises as above.
    """
    if model.owner in (Owner.PARENT, Owner.SELF):
        return
    if model.owner is Owner.ACCOUNT:
        row.pop("auth_account_id", None)
    elif row.get("auth_household_id"):
        _require_household(model, actor, row["auth_household_id"])
        if model.owner is Owner.ACCOUNT_OR_HOUSEHOLD:
            row.setdefault("auth_account_id", None)
    elif row.get("auth_account_id") and _is_moved(model, row):
        _require_personal(model, actor)
        row |= {"auth_account_id": actor.account_id, "auth_household_id": None}


def _is_moved(model: type[Model], row: Row) -> bool:
    """Whether naming an account makes it the owner, and does not just say who has to do with the object."""
    return model.personal() and (model.owner is not Owner.ASSIGNABLE or "auth_household_id" in row)


def _belongs_to_another(model: type[Model], row: Row) -> bool:
    return any(reference.inherits and row.get(reference.column) for reference in model.references())


def _give_owner(model: type[Model], actor: Actor, row: Row) -> None:
    """The primary household where the object needs one or names members, else the caller."""
    if model.personal() and not (model.owner is Owner.ASSIGNABLE and row.get("assignees")):
        row["auth_account_id"] = actor.account_id
    elif actor.primary_household_id is None:
        raise ItemNotFound
    else:
        row["auth_household_id"] = actor.primary_household_id


def _require_household(model: type[Model], actor: Actor, household_id: str) -> None:
    if household_id not in actor.households:
        raise UnknownHousehold(household_id)
    if not actor.allows(household_id, model.component, Level.EDIT):
        raise Forbidden


def _require_personal(model: type[Model], actor: Actor) -> None:
    if not actor.permissions.allows_personally(model.component, Level.EDIT):
        raise Forbidden
