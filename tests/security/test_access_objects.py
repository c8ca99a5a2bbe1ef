"""Who may do what with whose objects: every declared object, every verb, everybody.

What must come of it is in the rules; here everybody tries.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from homechart_common.models import fields, registry
from homechart_common.models.budget_recurrence import Template
from homechart_common.models.encrypted import Encrypted
from homechart_common.models.model import Model, Owner
from homechart_common.models.statements import statements
from tests.factories import example
from tests.security import rules
from tests.security.deeds import Attempt
from tests.security.everybody import Everybody, Person

MADE = [model for model in registry if "create" in model.routes]
MOVED = (Owner.ACCOUNT_OR_HOUSEHOLD, Owner.ASSIGNABLE)

Rule = Callable[[Person, type[Model], str], str]

#: What can be tried, and the rule for it.
RULES: dict[str, Rule] = {
    "list": rules.on_list,
    "read": rules.on_read,
    "create": rules.on_create,
    "update": rules.on_update,
    "delete": rules.on_delete,
    "take": rules.on_take,
    "give": rules.on_give,
    "claim": rules.on_claim,
}
#: Of these the object is another one afterwards, or gone.
CHANGING = ("update", "delete", "take")


def sides_of(model: type[Model]) -> tuple[str, ...]:
    return rules.SIDES if model.personal() else ("household",)


def possible(model: type[Model], deed: str) -> bool:
    if deed in ("take", "give"):
        return model.owner in MOVED and "update" in model.routes
    if deed == "claim":
        return model.owner in MOVED
    return deed in model.routes


def each(*deeds: str) -> pytest.MarkDecorator:
    """Every deed at every object of the household's, and of Ann's own where that can be."""
    return pytest.mark.parametrize(
        ("model", "side", "deed"),
        [
            pytest.param(model, side, deed, id=f"{model.__name__}-{side}-{deed}")
            for model in MADE
            for side in sides_of(model)
            for deed in deeds
            if possible(model, deed)
        ],
    )


def marked(model: type[Model], secret: str) -> dict[str, Any]:
    """A member with a text that nothing else has, if there is one for texts."""
    for field in model.fields.values():
        if isinstance(field, fields.Text) and "C" in field.write and field.max > len(secret):
            if isinstance(field, Encrypted):
                return {field.json: f"{field.methods[0]}${secret}"}
            if type(field) is fields.Text:
                return {field.json: secret}
        if type(field) is Template:
            return {field.json: {**example(field), "note": secret}}
    return {}


@each(*RULES)
async def test_everybody_may_do_what_the_rules_say(
    everybody: Everybody, model: type[Model], side: str, deed: str
) -> None:
    attempt, rule = Attempt(everybody, model, side), RULES[deed]
    came, expected = {}, {}
    for person in everybody.who_ask_for(model.component):
        secret = uuid.uuid4().hex
        value = await attempt.make(**marked(model, secret))
        await person.arrive()
        person.caller.heard.clear()
        came[person.name] = await getattr(attempt, deed)(person, value)
        expected[person.name] = rule(person, model, side)
        if rules.level(person, model, side) > rules.VIEW or not person.signed_in:
            came[person.name] += " and told" * len(person.caller.heard_of(secret, value["id"]))
        if deed not in CHANGING or expected[person.name] != rules.DONE:
            stored = await attempt.ann.read(model, value["id"])
            came[person.name] += " and changed it" * (stored.body is None or stored.values != [value])
        await attempt.ann.delete(model, value["id"])
    assert came == expected


@pytest.mark.parametrize("model", [m for m in registry if m.restriction], ids=lambda model: model.__name__)
def test_no_statement_reaches_what_a_restriction_hides(model: type[Model]) -> None:
    for statement in statements(model):
        reached = statement.sql.count(f"FROM {model.table} t") + statement.sql.count(
            f"{model.table} AS t SET"
        )
        assert statement.sql.count(f"AND ({model.restriction})") >= max(reached, 1), statement


def test_what_is_listed_can_be_made_or_has_tests_of_its_own() -> None:
    assert {model.__name__ for model in registry if model.routes and model not in MADE} == {"Change"}
