"""References to objects that are not the caller's: nothing is stored, and nobody learns whether they exist."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from homechart_common.models import fields, registry
from homechart_common.models.fields import Reference
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.database import Database
from tests.callers import Answer
from tests.factories import body_for, target_of, what_it_needs
from tests.security.everybody import Everybody
from tests.security.test_access_objects import MADE, MOVED, sides_of

Value = dict[str, Any]

REFERENCES = [(model, reference) for model in MADE for reference in model.references() if reference.write]
DECLARED = [pair for pair in REFERENCES if registry.for_table(pair[1].target)]


def each(pairs: list[tuple[type[Model], Reference]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("model", "reference"),
        [pytest.param(*pair, id=f"{pair[0].__name__}-{pair[1].json}") for pair in pairs],
    )


async def out_of_reach(everybody: Everybody, reference: Reference) -> dict[str, str]:
    """Ids of what Ann cannot refer to."""
    cast, target = everybody.cast, registry.for_table(reference.target)
    found = {"nothing": str(uuid.uuid4())}
    if target is None:
        return found
    theirs = await cast.cat.make(
        target, **({} if target.owner is Owner.PARENT else {"authHouseholdID": cast.away})
    )
    found["another household's"] = theirs["id"]
    if target.personal():
        found["another member's own"] = (await cast.bob.make(target))["id"]
        found["a stranger's own"] = (await cast.cat.make(target))["id"]
    return found


async def rows_of(database: Database, model: type[Model]) -> list[Any]:
    return await database.fetch(f"SELECT to_jsonb(t)::text FROM {model.table} t ORDER BY id")


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.message


def refusal(reference: Reference) -> tuple[int, str]:
    return 400, f"{reference.json}: names nothing that can be referred to here"


@each(REFERENCES)
async def test_a_reference_out_of_reach_is_refused_by_name_and_tells_nothing(
    database: Database, everybody: Everybody, model: type[Model], reference: Reference
) -> None:
    cast = everybody.cast
    for side in sides_of(model):
        owner = {"authHouseholdID": cast.home} if side == "household" else {"authAccountID": cast.ann.account}
        value = await cast.ann.make(model, **owner)
        owner = {} if model.owner is Owner.PARENT else owner
        owner |= what_it_needs(model, value)
        for what, object_id in (await out_of_reach(everybody, reference)).items():
            before = await rows_of(database, model)
            members = {**owner, reference.json: object_id}
            made = await cast.ann.create(model, body_for(model, by=cast.ann.account, **members))
            assert refused(made) == refusal(reference), what
            if "update" in model.routes and "U" in reference.write:
                changed = await cast.ann.update(model, value["id"], {reference.json: object_id})
                assert refused(changed) == refusal(reference), what
            assert await rows_of(database, model) == before


@each([pair for pair in DECLARED if pair[1].inherits])
async def test_who_may_only_view_puts_nothing_into_an_object(
    everybody: Everybody, model: type[Model], reference: Reference
) -> None:
    target, cast = target_of(reference), everybody.cast
    above = await cast.ann.make(target, authHouseholdID=cast.home)
    made = await cast.vic.create(model, body_for(model, **{reference.json: above["id"]}))
    assert refused(made) == refusal(reference)
    if "U" in reference.write:
        own = await cast.vic.make(model)
        moved = await cast.vic.update(model, own["id"], {reference.json: above["id"]})
        assert refused(moved) == refusal(reference)
        assert (await cast.vic.read(model, own["id"])).value == own


@each([pair for pair in DECLARED if pair[0].component is not target_of(pair[1]).component])
async def test_a_reference_needs_the_permissions_of_what_it_names(
    everybody: Everybody, model: type[Model], reference: Reference
) -> None:
    target, cast = target_of(reference), everybody.cast
    named = await cast.ann.make(target, authHouseholdID=cast.home)
    without, _ = everybody.specialists[target.component]
    body = body_for(model, authHouseholdID=cast.home, **{reference.json: named["id"]})
    assert refused(await without.caller.create(model, body)) == refusal(reference)
    assert (await cast.vic.read(target, named["id"])).value == named


@each([pair for pair in DECLARED if pair[0].owner in MOVED and not pair[1].inherits])
async def test_an_object_shows_nothing_of_what_others_own_and_refers_to_it(
    everybody: Everybody, model: type[Model], reference: Reference
) -> None:
    target, cast = target_of(reference), everybody.cast
    named = await cast.ann.make(target, authHouseholdID=cast.home)

    async def shown_to_others() -> Value:
        return (await cast.ann.read(target, named["id"])).value

    for person in (cast.vic, cast.bob):
        own = await person.make(model, **{reference.json: named["id"]})
        assert await shown_to_others() == named
        assert (await person.update(model, own["id"], {"name": "Renamed"})).status == 200
        assert (await person.delete(model, own["id"])).status == 200
        assert await shown_to_others() == named


def accounts_named_by(model: type[Model]) -> list[str]:
    """Members in which clients name accounts, beside the owner."""
    columns = ("assignees", "created_by", "last_done_by", "senders", "recipients", "participants")
    return [model.fields[column].json for column in columns if column in model.fields]


@pytest.mark.parametrize("model", [m for m in MADE if accounts_named_by(m)], ids=lambda model: model.__name__)
async def test_naming_an_account_tells_nothing_of_it(everybody: Everybody, model: type[Model]) -> None:
    cast = everybody.cast
    usual = await cast.ann.body(model, authHouseholdID=cast.home)
    for name in accounts_named_by(model):
        several = isinstance(next(f for f in model.fields.values() if f.json == name), fields.Strings)
        came = []
        for account in (cast.cat.account, str(uuid.uuid4())):
            body = {**usual, name: [account] if several else account}
            value = (await cast.ann.create(model, body)).value
            different = {"id", "created", "updated", "shortID", "position", "name", name, *body}
            came.append({key: member for key, member in value.items() if key not in different})
            await cast.ann.delete(model, value["id"])
        assert came[0] == came[1]
