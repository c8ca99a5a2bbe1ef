"""Who may see and change what: from a session to the owners it may view and edit (contract §3.9, §3.10).

Every statement on an owned table takes the owners that :meth:`Actor.owners` answers; there is no other way to
reach a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any

from homechart_common.ids import NIL_UUID

#: Owner of what belongs to everybody, such as global task templates.
EVERYBODY = NIL_UUID


class Level(IntEnum):
    """How much is granted; smaller is more. What is granted must be at most what is needed."""

    EDIT = 0
    VIEW = 1
    NONE = 2


class Component(Enum):
    """A part of the product that permissions are given for; the values are the JSON keys."""

    AUTH = "auth"
    BUDGET = "budget"
    CALENDAR = "calendar"
    COOK = "cook"
    HEALTH = "health"
    INVENTORY = "inventory"
    NOTES = "notes"
    PLAN = "plan"
    REWARD = "reward"
    SECRETS = "secrets"
    SHOP = "shop"


@dataclass(frozen=True, slots=True)
class Permissions:
    """A level for every component; what is not named is granted in full."""

    levels: Mapping[Component, Level]

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> Permissions:
        """From the JSON form, in which missing keys mean edit."""
        return cls({c: Level(min((stored or {}).get(c.value, 0), 2)) for c in Component})

    def restricted_by(self, other: Permissions) -> Permissions:
        """The more restrictive of both, component by component."""
        return Permissions({c: max(level, other.levels[c]) for c, level in self.levels.items()})

    def exceeds(self, other: Permissions) -> bool:
        """Whether some component is granted more here than there."""
        return any(level < other.levels[c] for c, level in self.levels.items())

    def allows(self, component: Component, needed: Level) -> bool:
        """Whether a household's objects of this component may be viewed or edited.

        Health only ever concerns a household's children, which needs edit on auth; reward cards may also be
        handled by whoever administers the household.
        """
        if component is Component.HEALTH:
            return self.levels[Component.AUTH] == Level.EDIT
        if component is Component.REWARD and self.levels[Component.AUTH] == Level.EDIT:
            return True
        return self.levels[component] <= needed

    def allows_personally(self, component: Component, needed: Level) -> bool:
        """Whether the account's own objects of this component may be viewed or edited."""
        return self.levels[component] <= needed

    def to_json(self) -> dict[str, int]:
        """The JSON form, every component named."""
        return {c.value: int(level) for c, level in self.levels.items()}


FULL = Permissions.of({})


def clamped(permissions: Mapping[str, int]) -> dict[str, int]:
    """Permissions as they are stored: auth is at most view, as everybody may see who is in a household."""
    return {**FULL.to_json(), **permissions, "auth": min(permissions.get("auth", 0), int(Level.VIEW))}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: a session, its account, and what it may do while its ``access`` stands still."""

    session_id: str
    access: int
    account_id: str
    name: str = ""
    admin: bool = False
    child: bool = False
    language: str = "en"
    time_zone: str = "UTC"
    primary_household_id: str | None = None
    permissions: Permissions = FULL
    households: Mapping[str, Permissions] = field(default_factory=lambda: MappingProxyType({}))
    #: Children, each with its primary household, which is one of these.
    children: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def controls_account(self) -> bool:
        """Whether this session decides how one gets into the account: password, other sessions, secrets."""
        return self.permissions.allows_personally(Component.AUTH, Level.EDIT)

    def allows(self, household_id: str, component: Component, needed: Level) -> bool:
        """Whether this session may view or edit a component of that household."""
        permissions = self.households.get(household_id)
        return permissions is not None and permissions.allows(component, needed)

    def owners(self, component: Component, needed: Level, *, personal: bool = True) -> tuple[str, ...]:
        """Whose objects may be reached: the account's, where they can be ``personal``, then households'."""
        households = tuple(h for h, granted in self.households.items() if granted.allows(component, needed))
        if personal and self.permissions.allows_personally(component, needed):
            return (self.account_id, *households)
        return households

    def accounts(self, component: Component, needed: Level) -> tuple[str, ...]:
        """Whose objects may be reached that no household owns: the account's, then those of children."""
        own = (self.account_id,) if self.permissions.allows_personally(component, needed) else ()
        return own + tuple(
            child for child, household in self.children.items() if self.allows(household, component, needed)
        )

    def may_list(self, component: Component) -> bool:
        """Whether listing is allowed at all: not with nobody's objects in sight (contract B1 §2.4)."""
        return self.permissions.allows_personally(component, Level.VIEW) or bool(
            self.owners(component, Level.VIEW)
        )


def effective(
    memberships: Iterable[tuple[str, Mapping[str, Any]]], session: Iterable[Mapping[str, Any]]
) -> dict[str, Permissions]:
    """What a session may do in each household of its account: the membership, restricted by what the session
    says.

    ``memberships`` are pairs of household id and stored permissions, ``session`` the entries of the session;
    a household that the session does not name is granted as the membership says.
    """
    lowered = {entry["authHouseholdID"]: Permissions.of(entry.get("permissions")) for entry in session}
    return {
        household: Permissions.of(granted).restricted_by(lowered.get(household, FULL))
        for household, granted in memberships
    }
