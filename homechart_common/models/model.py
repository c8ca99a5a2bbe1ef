"""The declaration of an object, and the registry of all.

An object is a class with a table, a path, a component, an owner shape and fields. Its five routes,
validation, SQL, sync, notifications, OpenAPI and the access tests follow from that: ``homechart-api show
PlanTask`` prints it all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

from homechart_common.ids import NIL_UUID
from homechart_common.models.fields import UUID, ZERO_TIME, Field, Reference, Schema, Timestamp
from homechart_common.models.permissions import Actor, Component, Level

#: A row on its way into the database, or some columns of one.
Row = dict[str, Any]

F = TypeVar("F", bound=Callable[..., Any])


def derived(function: F) -> F:
    """Work out only once what follows from a declaration (``cache``, which mypy allows no classes)."""
    return cast(F, cache(function))


class Owner(Enum):
    """Whose an object can be. A row's owner is its household if it names one, else its account."""

    HOUSEHOLD = "household"
    ACCOUNT_OR_HOUSEHOLD = "account or household"
    #: As above, and what a household owns may name an account too: the member a task is assigned to.
    ASSIGNABLE = "account, or household and perhaps one of its members"
    #: One's own, or that of a child in one's care; never a household's.
    ACCOUNT = "account"
    #: Whoever owns the object it belongs to; the owner columns are there but not on the wire.
    PARENT = "parent"
    #: Accounts and households own themselves.
    SELF = "self"


CRUD = ("list", "create", "read", "update", "delete")


class Model:
    """A kind of object. Subclasses declare; nothing is instantiated."""

    table: ClassVar[str]
    path: ClassVar[str]
    component: ClassVar[Component]
    owner: ClassVar[Owner]
    #: Which of the five generic routes exist.
    routes: ClassVar[tuple[str, ...]] = CRUD
    #: The member that names an object in its household's change log, if it is logged at all.
    label: ClassVar[str | None] = None
    #: Whether an owner has only one of each name, so that creating it again answers the one there is.
    named_once: ClassVar[bool] = False
    #: The column that lists are ordered by. It comes first in the JSON, so rendered rows sort as texts.
    order: ClassVar[str] = "created"
    #: ``dataType`` of a list.
    plural: ClassVar[str]
    #: SQL over the row ``t`` and ``%(viewer)s`` that says which of an owner's rows a viewer sees; such lists
    #: are not cached.
    restriction: ClassVar[str | None] = None
    #: The same for which of the rows that a viewer sees an update may change; else it changes nothing.
    participation: ClassVar[str | None] = None
    #: Members, by JSON name, that only who may edit ``auth`` of a row's owner is shown, and what others are
    #: shown instead; see :mod:`homechart_common.models.confidences`.
    confidential: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    #: What a CHECK constraint that spans columns demands, in words, by its name.
    constraints: ClassVar[Mapping[str, str]] = {}
    #: What an archive of a household holds of such an object beside its id, its times and what clients write,
    #: by column; ``None`` if it holds none of them, as other objects tell everything about it.
    archived: ClassVar[Mapping[str, Field] | None] = {}
    #: Whether the object is part of ``GET /api/v1/sync``; what can be listed is.
    synced: ClassVar[bool]
    #: Every member, by column.
    fields: ClassVar[dict[str, Field]]

    # What an object has unless it says otherwise (``created = None``).
    id: ClassVar[Field | None] = UUID(write="", made=True, answer=NIL_UUID)
    auth_account_id: ClassVar[Field | None] = UUID()
    auth_household_id: ClassVar[Field | None] = UUID()
    created: ClassVar[Field | None] = Timestamp(write="", answer=ZERO_TIME)
    updated: ClassVar[Field | None] = Timestamp(write="", answer=ZERO_TIME)

    def __init_subclass__(cls) -> None:
        inherited = {
            name: value for name, value in vars(Model).items() if name not in _NOT_ON_WIRE.get(cls.owner, ())
        }
        fields = {
            name: value for name, value in {**inherited, **vars(cls)}.items() if isinstance(value, Field)
        }
        for name, field in (*fields.items(), *(cls.archived or {}).items()):
            field.named(name)
        cls.fields = {cls.order: fields.pop(cls.order), **fields}
        cls.plural = vars(cls).get("plural") or f"{cls.__name__}s"
        cls.synced = vars(cls).get("synced", "list" in cls.routes)
        registry.append(cls)

    @classmethod
    def personal(cls) -> bool:
        """Whether an account alone can own such an object."""
        return cls.owner is not Owner.HOUSEHOLD

    @classmethod
    def owners(cls, actor: Actor, needed: Level) -> tuple[str, ...]:
        """Whose objects of this kind the actor may view or edit."""
        if cls.owner is Owner.ACCOUNT:
            return actor.accounts(cls.component, needed)
        return actor.owners(cls.component, needed, personal=cls.personal())

    @classmethod
    def viewer(cls, actor: Actor) -> str:
        """The value of ``%(viewer)s`` in :attr:`restriction`."""
        return actor.account_id

    @classmethod
    def fill_in(cls, actor: Actor, row: Row) -> None:
        """Give a new object what its creator left to the server, before anything else is settled."""

    @classmethod
    def resolve(cls, actor: Actor, row: Row) -> None:
        """Apply the object's own rules to what a client wrote, before it is given an owner."""

    @classmethod
    def is_for_everybody(cls, actor: Actor, row: Row) -> bool:
        """Whether a new object that names no owner is meant to have none, instead of becoming the actor's."""
        return False

    @classmethod
    def schema(cls) -> Schema:
        """The JSON Schema of such an object inside another one."""
        return {
            "type": "object",
            "properties": {field.json: field.schema() for field in cls.fields.values() if field.wire},
        }

    @classmethod
    def references(cls) -> list[Reference]:
        """The members that name other objects."""
        return [field for field in cls.fields.values() if isinstance(field, Reference)]

    @classmethod
    def stored_columns(cls, write: str) -> list[str]:
        """The columns that a create (``C``) or an update (``U``) writes."""
        fixed = _FIXED.get(cls.owner) if write == "U" else None
        return [
            name
            for name, field in cls.fields.items()
            if field.stored and name != fixed and (write in field.write or (write == "C" and field.made))
        ]


#: Owner columns that are not members of objects with that owner shape.
_NOT_ON_WIRE = {
    Owner.HOUSEHOLD: {"auth_account_id"},
    Owner.ACCOUNT: {"auth_household_id"},
    Owner.PARENT: {"auth_account_id", "auth_household_id"},
    Owner.SELF: {"auth_account_id", "auth_household_id"},
}
#: The owner column of objects that stay with their owner.
_FIXED = {Owner.HOUSEHOLD: "auth_household_id", Owner.ACCOUNT: "auth_account_id"}


class Registry:
    """Every declared object, in the order of declaration."""

    def __init__(self) -> None:
        self._models: dict[str, type[Model]] = {}

    def append(self, model: type[Model]) -> None:
        """Take in a newly declared object."""
        self._models[model.__name__] = model

    def __iter__(self) -> Iterator[type[Model]]:
        return iter(self._models.values())

    def __getitem__(self, name: str) -> type[Model]:
        return self._models[name]

    def for_table(self, table: str) -> type[Model] | None:
        """The object a table holds, if one is declared."""
        return next((model for model in self if model.table == table), None)


registry = Registry()
