"""What everybody must be answered: the rules of contract §3.9 and §3.10, and nothing that we made of them.

An answer is named by its status and, where that tells cases apart, a few words.
"""

from __future__ import annotations

from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component
from tests.factories import needed_references
from tests.security.everybody import Permissions, Person

EDIT, VIEW, NONE = range(3)

#: Whose objects there are: the household's (its child's, if households own none), and Ann's own.
SIDES = ("household", "personal")

SIGNED_OUT, FORBIDDEN, NOT_FOUND, NOTHING = "410", "403", "400 Item not found", "204"
DONE, NOT_THERE, THEIR_OWN = "200", "200 without it", "200 as their own"
UNKNOWN_REFERENCE = "400 names nothing"


def in_household(granted: Permissions | None, component: Component) -> int:
    """How much a membership grants of what a household owns.

    Health only concerns a household's children, whom those who edit ``auth`` look after; they may also handle
    all reward cards.
    """
    if granted is None:
        return NONE
    if component is Component.HEALTH:
        return EDIT if granted["auth"] == EDIT else NONE
    if component is Component.REWARD and granted["auth"] == EDIT:
        return EDIT
    return granted[component.value]


def level(person: Person, model: type[Model], side: str) -> int:
    """How much somebody may do with the household's, or with Ann's own."""
    if side == "household":
        return in_household(person.home, model.component)
    return person.own[model.component.value] if person.is_ann else NONE


def sees_none(person: Person, model: type[Model], needed: int) -> bool:
    """Whether there is nobody whose objects of a kind somebody may view or edit."""
    levels = [in_household(granted, model.component) for granted in (person.home, person.away)]
    if model.owner is not Owner.HOUSEHOLD:
        levels.append(person.own[model.component.value])
    return min(levels) > needed


def on_list(person: Person, model: type[Model], side: str) -> str:
    """Listing is refused only to who may view nothing of the component at all, be it of another kind."""
    if not person.signed_in:
        return SIGNED_OUT
    if sees_none(person, model, VIEW) and person.own[model.component.value] > VIEW:
        return FORBIDDEN
    return DONE if level(person, model, side) <= VIEW else NOT_THERE


def on_read(person: Person, model: type[Model], side: str) -> str:
    """What can be listed can be read."""
    return _reached(person, model, side, VIEW)


def on_delete(person: Person, model: type[Model], side: str) -> str:
    """Who can only view is told the same as who cannot see it."""
    return _reached(person, model, side, EDIT)


def on_create(person: Person, model: type[Model], side: str) -> str:
    """An account that a body names is always taken for the caller's own, unless a child's could be meant."""
    if not person.signed_in:
        return SIGNED_OUT
    if needed_references(model) and model.owner is not Owner.HOUSEHOLD:
        if sees_none(person, model, EDIT):
            return FORBIDDEN
        return DONE if level(person, model, side) == EDIT else UNKNOWN_REFERENCE
    if side == "personal" and not person.is_ann and model.owner is not Owner.ACCOUNT:
        return THEIR_OWN if person.own[model.component.value] == EDIT else FORBIDDEN
    return DONE if level(person, model, side) == EDIT else FORBIDDEN


def on_update(person: Person, model: type[Model], side: str) -> str:
    """Who cannot see it, or takes no part in it, is told what is also told when nothing changes."""
    if not person.signed_in:
        return SIGNED_OUT
    found = level(person, model, side)
    if sees_none(person, model, EDIT) or found == VIEW:
        return FORBIDDEN
    takes_part = model.participation is None or person.is_ann
    return DONE if found == EDIT and takes_part else NOTHING


def on_take(person: Person, model: type[Model], side: str) -> str:
    """Making an object one's own needs to be allowed to edit it there and here."""
    if person.signed_in and person.own[model.component.value] != EDIT:
        return FORBIDDEN
    changed = on_update(person, model, side)
    return NOTHING if changed == DONE and side == "personal" else changed


def on_give(person: Person, model: type[Model], side: str) -> str:
    """Giving away what is one's own needs the same; to another member, nothing can be given."""
    if not person.signed_in:
        return SIGNED_OUT
    if person.own[model.component.value] != EDIT:
        return FORBIDDEN
    if side == "personal":
        return NOTHING
    return DONE if level(person, model, side) == EDIT else FORBIDDEN


def on_claim(person: Person, model: type[Model], side: str) -> str:
    """An id that somebody else has used is not used again; who may edit that object is answered it."""
    if not person.signed_in:
        return SIGNED_OUT
    if person.own[model.component.value] != EDIT:
        return FORBIDDEN
    return DONE if level(person, model, side) == EDIT else THEIR_OWN


def _reached(person: Person, model: type[Model], side: str, needed: int) -> str:
    if not person.signed_in:
        return SIGNED_OUT
    if sees_none(person, model, needed):
        return FORBIDDEN
    return DONE if level(person, model, side) <= needed else NOT_FOUND
