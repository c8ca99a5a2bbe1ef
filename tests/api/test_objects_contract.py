"""The life of every object over its generic routes, as the contract describes it."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.fields import Field
from homechart_common.models.model import Model, Owner
from tests.callers import OWNERS
from tests.cast import Cast
from tests.catalogue import assert_list, assert_on_the_wire, assert_single
from tests.factories import body_for, change_to, named_by, what_it_needs

WRITTEN = [model for model in registry if "create" in model.routes]
CHANGED = [model for model in registry if "update" in model.routes]
NOBODYS_ID = "11111111-1111-4111-8111-111111111111"
EARLIER = "2020-01-01T00:00:00.000000Z"


def clearable(model: type[Model]) -> list[Field]:
    """The members that an update may clear, of those that something is said of."""
    said = body_for(model, "U")
    return [
        field
        for column, field in model.fields.items()
        if "U" in field.write
        and not field.must_be_given
        and column != "position"
        and field.json not in (*OWNERS, named_by(model))
        and said[field.json]
    ]


def sides(models: list[type[Model]]) -> pytest.MarkDecorator:
    """Every object as a person's own and as the household's, where that can be."""
    return pytest.mark.parametrize(
        ("model", "side"),
        [
            pytest.param(model, side, id=f"{model.__name__}-{side}")
            for model in models
            for side in ("personal", "household")
            if model.owner is not {"personal": Owner.HOUSEHOLD, "household": Owner.ACCOUNT}[side]
        ],
    )


def worked_out(model: type[Model]) -> set[str]:
    """The members that the server makes of others."""
    return {
        field.json
        for column, field in model.fields.items()
        if field.stored and not field.write and column not in ("id", "created", "updated", "short_id")
    }


def without(names: set[str], value: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in value.items() if name not in names}


def owned(cast: Cast, side: str) -> dict[str, str]:
    """The owner of an object of the household, or of Ann's own."""
    return {"authHouseholdID": cast.home} if side == "household" else {"authAccountID": cast.ann.account}


def known(*values: dict[str, Any]) -> list[dict[str, Any]]:
    """The index of objects that ``dataIDs`` shows, newest first."""
    index = ({"updated": value["updated"], "id": value["id"]} for value in values)
    return sorted(index, key=lambda entry: (entry["updated"], entry["id"]), reverse=True)


def assert_said(value: Any, said: Any) -> None:
    """What a body says is there, whatever there is beside it."""
    if isinstance(said, dict):
        for name in said:
            assert_said(value[name], said[name])
    elif isinstance(said, list):
        for there, wanted in zip(value, said, strict=True):
            assert_said(there, wanted)
    else:
        assert value == said


def called(model: type[Model], value: dict[str, Any]) -> str:
    """What the change log calls an object; a secret's name is not for everybody to read."""
    return str(value.get(named_by(model)) or f"#secretvalue/{value['shortID']}")


def without_owners(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in OWNERS}


@sides(WRITTEN)
async def test_what_is_created_is_answered_and_read_again(cast: Cast, model: type[Model], side: str) -> None:
    owner = owned(cast, side)
    value = await cast.ann.make(model, **owner)
    answer = await cast.ann.read(model, value["id"])
    assert_single(model, answer)
    assert answer.value == value
    assert {value[name] for name in OWNERS if name in value} <= {None, *owner.values()}


@sides(WRITTEN)
async def test_every_member_that_a_create_says_is_stored(cast: Cast, model: type[Model], side: str) -> None:
    body = await cast.ann.body(model, **owned(cast, side))
    answer = await cast.ann.create(model, body)
    assert_single(model, answer)
    assert_said(answer.value, without_owners(body))


@sides(CHANGED)
async def test_every_member_that_an_update_says_is_stored(cast: Cast, model: type[Model], side: str) -> None:
    value = await cast.ann.make(model, **owned(cast, side))
    body = without_owners(body_for(model, "U", by=cast.ann.account, **what_it_needs(model, value)))
    answer = await cast.ann.update(model, value["id"], body)
    assert_single(model, answer)
    assert_said(answer.value, body)
    unsaid = without({*body, "updated", *worked_out(model)}, value)
    assert answer.value | unsaid == answer.value
    assert answer.value["updated"] > value["updated"]
    assert (await cast.ann.read(model, value["id"])).value == answer.value


@sides(CHANGED)
async def test_an_update_that_changes_nothing_answers_204_and_leaves_no_trace(
    cast: Cast, model: type[Model], side: str
) -> None:
    value = await cast.ann.make(model, **owned(cast, side))
    changes = (await cast.ann.list(registry["Change"])).values
    said = {name: value[name] for name in change_to(model)}
    for body in (value, {}, said, {**value, "created": EARLIER, "zzz": 1}):
        answer = await cast.ann.update(model, value["id"], body)
        assert (answer.status, answer.body) == (204, None)
    assert (await cast.ann.read(model, value["id"])).value == value
    assert (await cast.ann.list(registry["Change"])).values == changes


@sides(CHANGED)
async def test_an_update_keeps_what_it_does_not_mention(cast: Cast, model: type[Model], side: str) -> None:
    value = await cast.ann.make(model, **owned(cast, side))
    change = change_to(model)
    answer = await cast.ann.update(model, value["id"], change)
    assert answer.value == {**value, **change, "updated": answer.value["updated"]}


@sides([model for model in CHANGED if clearable(model)])
async def test_null_and_the_zero_value_clear_a_member(cast: Cast, model: type[Model], side: str) -> None:
    for clearing in (lambda field: None, lambda field: field.zero):
        value = await cast.ann.make(model, **owned(cast, side))
        cleared = {field.json: clearing(field) for field in clearable(model)}
        answer = await cast.ann.update(model, value["id"], cleared)
        zeros = {field.json: field.blank() for field in clearable(model)}
        expected = {**value, **zeros, "updated": answer.value["updated"]}
        assert without(worked_out(model), answer.value) == without(worked_out(model), expected)
        assert_single(model, answer)


@sides(WRITTEN)
async def test_what_only_the_server_sets_is_ignored_in_bodies(
    cast: Cast, model: type[Model], side: str
) -> None:
    forged = {
        field.json: EARLIER
        if column in ("created", "updated")
        else 99
        if isinstance(field.zero, int)
        else "forged"
        for column, field in model.fields.items()
        if field.wire and not field.write and column != "id" and field.json not in OWNERS
    }
    value = await cast.ann.make(model, **owned(cast, side), **forged)
    assert_on_the_wire(model, value)
    assert not [name for name in forged if value.get(name) == forged[name]]
    if "update" in model.routes:
        assert (await cast.ann.update(model, value["id"], {**forged, "id": NOBODYS_ID})).status == 204


@sides(WRITTEN)
async def test_a_list_has_everything_in_the_order_of_creation(
    cast: Cast, model: type[Model], side: str
) -> None:
    made = [await cast.ann.make(model, **owned(cast, side)) for _ in range(3)]
    listed = await cast.ann.list(model)
    assert_list(model, listed)
    assert listed.values == sorted(made, key=lambda value: (value[model.order], value["id"]))


@sides(WRITTEN)
async def test_a_list_answers_204_while_nothing_changed(cast: Cast, model: type[Model], side: str) -> None:
    empty = await cast.ann.list(model)
    assert_list(model, empty)
    assert (await cast.ann.list(model, token=empty.token)).status == 204
    value = await cast.ann.make(model, **owned(cast, side))
    full = await cast.ann.list(model, token=empty.token)
    assert full.values == [value]
    for updated in ("", value["updated"], EARLIER):
        answer = await cast.ann.list(model, token=full.token, updated=updated)
        assert (answer.status, answer.body) == (204, None)


@sides(WRITTEN)
async def test_a_list_tells_what_changed_and_what_is_gone(cast: Cast, model: type[Model], side: str) -> None:
    old, gone = [await cast.ann.make(model, **owned(cast, side)) for _ in range(2)]
    before = await cast.ann.list(model)
    newest = max(old["updated"], gone["updated"])

    new = await cast.ann.make(model, **owned(cast, side))
    added = await cast.ann.list(model, token=before.token, updated=newest)
    assert_list(model, added, index=3)
    assert added.values == [new]
    assert added.index == known(old, gone, new)

    assert (await cast.ann.delete(model, gone["id"])).value == gone
    removed = await cast.ann.list(model, token=added.token, updated=new["updated"])
    assert removed.values == []
    assert removed.index == known(old, new)


@sides(CHANGED)
async def test_a_list_tells_clients_without_a_token_what_changed_since_a_time(
    cast: Cast, model: type[Model], side: str
) -> None:
    first, second = [await cast.ann.make(model, **owned(cast, side)) for _ in range(2)]
    changed = (await cast.ann.update(model, first["id"], change_to(model))).value
    both = sorted((changed, second), key=lambda value: (value[model.order], value["id"]))

    assert (await cast.ann.list(model, updated=second["updated"])).values == [changed]
    newest = await cast.ann.list(model, updated=changed["updated"])
    assert (newest.values, newest.index) == ([], known(changed, second))
    everything = await cast.ann.list(model, updated=EARLIER)
    assert (everything.values, everything.index) == (both, known(changed, second))
    future = await cast.ann.list(model, updated="2999-01-01T00:00:00Z")
    assert (future.values, future.index) == ([], known(changed, second))
    unreadable = await cast.ann.list(model, updated="yesterday")
    assert (unreadable.values, unreadable.index) == (both, [])


@sides(WRITTEN)
async def test_a_deleted_object_is_answered_once_and_then_gone(
    cast: Cast, model: type[Model], side: str
) -> None:
    value = await cast.ann.make(model, **owned(cast, side))
    deleted = await cast.ann.delete(model, value["id"])
    assert_single(model, deleted)
    assert deleted.value == value
    for answer in (await cast.ann.delete(model, value["id"]), await cast.ann.read(model, value["id"])):
        assert (answer.status, answer.message) == (400, "Item not found")
    assert (await cast.ann.list(model)).values == []
    if "update" in model.routes:
        assert (await cast.ann.update(model, value["id"], change_to(model))).status == 204


@sides(WRITTEN)
async def test_members_share_what_the_household_owns(cast: Cast, model: type[Model], side: str) -> None:
    value = await cast.ann.make(model, **owned(cast, side))
    for member in (cast.bob, cast.kid, cast.vic):
        shared = [value] if side == "household" else []
        assert (await member.list(model)).values == shared
        assert (await member.read(model, value["id"])).status == (200 if shared else 400)
    if side == "household":
        assert (await cast.bob.delete(model, value["id"])).value == value


@sides([model for model in WRITTEN if model.label])
async def test_the_change_log_tells_who_did_what_to_the_households_objects(
    cast: Cast, model: type[Model], side: str
) -> None:
    value = changed = await cast.ann.make(model, **owned(cast, side))
    changer = cast.ann if model.participation else cast.bob
    if side == "household":
        changed = (await changer.update(model, value["id"], change_to(model))).value
        await cast.kid.delete(model, value["id"])
    listed = await cast.vic.list(registry["Change"])
    assert_list(registry["Change"], listed)
    changes = [change for change in listed.values if change["tableName"] == model.table]
    assert [
        (
            change["authAccountID"],
            change["authHouseholdID"],
            change["tableName"],
            change["name"],
            change["operation"],
        )
        for change in changes
    ] == [
        (cast.ann.account, cast.home, model.table, called(model, value), 0),
        (changer.account, cast.home, model.table, called(model, changed), 2),
        (cast.kid.account, cast.home, model.table, called(model, changed), 1),
    ][: 3 if side == "household" else 0]


@sides([model for model in WRITTEN if not model.label])
async def test_what_has_no_name_is_not_in_the_change_log(cast: Cast, model: type[Model], side: str) -> None:
    value = await cast.ann.make(model, **owned(cast, side))
    await cast.ann.delete(model, value["id"])
    changes = (await cast.ann.list(registry["Change"])).values
    assert model.table not in {change["tableName"] for change in changes}
