"""What is in an archive, derived from the declared objects: which kinds, in which order, with which members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from homechart_common.models import AuthAccount, registry
from homechart_common.models.budget_transaction import Entries
from homechart_common.models.fields import Field
from homechart_common.models.model import Model

#: The form of archives that this program writes. It reads older ones, too.
FORMAT = 1

#: Members that no archive holds: an account's primary household is the one that is restored with it.
_FOLLOWS = {(AuthAccount.table, "primary_auth_household_id")}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Objects of one kind, as an archive holds them."""

    model: type[Model]
    #: The name of their list.
    key: str
    #: Their members, by column.
    columns: Mapping[str, Field]
    #: Members that are rows of tables of their own.
    entries: Mapping[str, Entries]

    @property
    def members(self) -> Mapping[str, Field]:
        """Everything that a row says."""
        return {**self.columns, **self.entries}


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by its key. What others refer to comes before them."""
    ordered: dict[str, Kind] = {}

    def add(model: type[Model]) -> None:
        key = _key(model)
        if model.archived is None or key in ordered:
            return
        for reference in model.references():
            target = registry.for_table(reference.target)
            if target is not None and target is not model:
                add(target)
        entries = {name: field for name, field in model.fields.items() if isinstance(field, Entries)}
        ordered[key] = Kind(model, key, _columns(model, model.archived), entries)

    # what members did is told last, as it is about all the others
    for model in sorted(registry, key=lambda model: model.__name__ == "Change"):
        add(model)
    return ordered


def _key(model: type[Model]) -> str:
    return model.plural[:1].lower() + model.plural[1:]


def _columns(model: type[Model], also: Mapping[str, Field]) -> dict[str, Field]:
    """What clients write, what was made for them, and times; not what follows from other objects."""
    said = {
        column: field
        for column, field in model.fields.items()
        if field.stored
        and field.wire
        and (field.write or field.made or column in ("created", "updated"))
        and (model.table, column) not in _FOLLOWS
    }
    return {**said, **also}
