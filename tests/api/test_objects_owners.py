"""Whose an object is: what a body may say about it, what follows when it says nothing, and whose an id is."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import (
    EDIT,
    NONE,
    VIEW,
    body_for,
    change_to,
    join,
    leave,
    needed_references,
    new_household,
    new_session,
)

NOBODYS = "11111111-1111-4111-8111-111111111111"
NIL = "00000000-0000-0000-0000-000000000000"
TASK, PROJECT, PAGE = registry["PlanTask"], registry["PlanProject"], registry["NotesPage"]


def each(*owners: Owner, verb: str = "create") -> pytest.MarkDecorator:
    """Every object that can be owned so."""
    models = [model for model in registry if verb in model.routes and model.owner in owners]
    return pytest.mark.parametrize("model", [pytest.param(model, id=model.__name__) for model in models])


OWNED = (Owner.HOUSEHOLD, Owner.ACCOUNT_OR_HOUSEHOLD, Owner.ASSIGNABLE)
PERSONAL = (Owner.ACCOUNT_OR_HOUSEHOLD, Owner.ASSIGNABLE)


def unmakeable(model: type[Model], caller: Caller, **members: Any) -> dict[str, Any]:
    """A body whose object cannot be made, as what it cannot be without is not there."""
    needed = {reference.json: NOBODYS for reference in needed_references(model)}
    return body_for(model, by=caller.account, **needed, **members)


def owners_of(value: dict[str, Any]) -> tuple[str | None, str | None]:
    return value.get("authAccountID"), value["authHouseholdID"]


async def lowered(
    database: Database, caller: Caller, own: dict[str, int], **households: dict[str, int]
) -> Caller:
    """The same person in a session that may do less."""
    session = await new_session(database, caller.account, own, households)
    return Caller(caller.client, caller.account, session.headers)


# Owners on create


@each(*PERSONAL)
async def test_an_object_without_an_owner_is_the_callers(cast: Cast, model: type[Model]) -> None:
    for said in ({}, {"authAccountID": None, "authHouseholdID": None}):
        assert owners_of(await cast.ann.make(model, **said)) == (cast.ann.account, None)


@each(Owner.HOUSEHOLD)
async def test_what_only_households_own_is_the_primary_households(cast: Cast, model: type[Model]) -> None:
    assert (await cast.ann.make(model))["authHouseholdID"] == cast.home
    homeless = await cast.root.create(model, unmakeable(model, cast.root))
    assert (homeless.status, homeless.message) == (400, "Item not found")


async def test_a_task_without_an_owner_that_names_members_is_the_primary_households(cast: Cast) -> None:
    task = await cast.ann.make(TASK, assignees=[cast.bob.account])
    assert owners_of(task) == (None, cast.home)
    assert task["assignees"] == [cast.bob.account]


async def test_an_object_without_an_owner_belongs_to_whom_it_is_put_into_belongs(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    for model, members in ((TASK, {"planProjectID": project["id"]}), (PROJECT, {"parentID": project["id"]})):
        assert owners_of(await cast.bob.make(model, **members)) == (None, cast.home)


@each(*PERSONAL)
async def test_an_account_that_is_named_is_always_the_callers_own(cast: Cast, model: type[Model]) -> None:
    for account in (cast.ann.account, cast.bob.account, cast.cat.account, NOBODYS):
        value = await cast.ann.make(model, authAccountID=account)
        assert owners_of(value) == (cast.ann.account, None)


@each(*OWNED)
async def test_a_household_that_is_named_must_be_one_the_caller_may_edit(
    cast: Cast, model: type[Model]
) -> None:
    body = await cast.ann.body(model)
    for household, status, message in (
        (NOBODYS, 400, "Item not found"),
        (cast.away, 403, "Action forbidden"),
    ):
        answer = await cast.ann.create(model, unmakeable(model, cast.ann, authHouseholdID=household))
        assert (answer.status, answer.message) == (status, message)
    for caller in (cast.vic, cast.nel, cast.cat):
        body = unmakeable(model, caller, authHouseholdID=cast.home)
        assert (await caller.create(model, body)).status == 403
    assert (await cast.ann.list(model)).values == []


@each(Owner.ACCOUNT_OR_HOUSEHOLD)
async def test_an_object_has_one_owner(cast: Cast, model: type[Model]) -> None:
    answer = await cast.ann.create(
        model, await cast.ann.body(model, authAccountID=cast.ann.account, authHouseholdID=cast.home)
    )
    if model is PAGE:
        assert owners_of(answer.value) == (None, cast.home)
    else:
        assert answer.status == 400
        assert "authAccountID, authHouseholdID" in answer.message


@each(*PERSONAL)
async def test_personal_objects_need_edit_permission_of_the_session(
    database: Database, cast: Cast, model: type[Model]
) -> None:
    for own in (VIEW, NONE):
        ann = await lowered(database, cast.ann, own)
        for said in ({}, {"authAccountID": cast.ann.account}):
            assert (await ann.create(model, await ann.body(model, **said))).status == 403


# Owners on update


@each(Owner.ACCOUNT_OR_HOUSEHOLD, Owner.ASSIGNABLE, verb="update")
async def test_an_update_moves_an_object_between_a_member_and_the_household(
    cast: Cast, model: type[Model]
) -> None:
    value = await cast.ann.make(model)
    moved = await cast.ann.update(model, value["id"], {"authAccountID": None, "authHouseholdID": cast.home})
    assert owners_of(moved.value) == (None, cast.home)
    assert (await cast.bob.read(model, value["id"])).value == moved.value
    own = await cast.bob.body(model, authAccountID=cast.cat.account, authHouseholdID=None)
    taken = await cast.bob.update(model, value["id"], own)
    assert owners_of(taken.value) == (cast.bob.account, None)
    assert (await cast.ann.read(model, value["id"])).message == "Item not found"


@each(Owner.ACCOUNT_OR_HOUSEHOLD, verb="update")
async def test_naming_one_owner_moves_an_object_there(cast: Cast, model: type[Model]) -> None:
    value = await cast.ann.make(model)
    shared = await cast.ann.update(model, value["id"], {"authHouseholdID": cast.home})
    assert owners_of(shared.value) == (None, cast.home)
    own = await cast.ann.update(model, value["id"], {"authAccountID": cast.ann.account})
    assert owners_of(own.value) == (cast.ann.account, None)


@each(*PERSONAL, verb="update")
async def test_an_object_cannot_be_left_without_an_owner(cast: Cast, model: type[Model]) -> None:
    value = await cast.ann.make(model)
    orphaned = await cast.ann.update(model, value["id"], {"authAccountID": None, "authHouseholdID": None})
    assert orphaned.status == 403
    assert (await cast.ann.read(model, value["id"])).value == value


@each(*PERSONAL, verb="update")
async def test_an_object_cannot_be_moved_where_the_caller_may_not_edit(
    database: Database, cast: Cast, model: type[Model]
) -> None:
    value = await cast.vic.make(model)
    for household, status in ((cast.home, 403), (cast.away, 403), (NOBODYS, 400)):
        move = {"authAccountID": None, "authHouseholdID": household}
        assert (await cast.vic.update(model, value["id"], move)).status == status
    kept = await cast.ann.make(model, authHouseholdID=cast.home)
    ann = await lowered(database, cast.ann, VIEW)
    take = {"authAccountID": cast.ann.account, "authHouseholdID": None}
    assert (await ann.update(model, kept["id"], take)).status == 403
    assert (await cast.ann.read(model, kept["id"])).value == kept


@each(Owner.HOUSEHOLD, verb="update")
async def test_what_only_households_own_stays_in_its_household(
    database: Database, cast: Cast, model: type[Model]
) -> None:
    second = await new_household(database, cast.ann.account)
    value = await cast.ann.make(model, authHouseholdID=cast.home)
    change = change_to(model)
    elsewhere = await cast.ann.update(model, value["id"], {"authHouseholdID": second, **change})
    assert elsewhere.status == 204
    assert (await cast.ann.read(model, value["id"])).value == value
    for household, status in ((cast.away, 403), (NOBODYS, 400)):
        answer = await cast.ann.update(model, value["id"], {"authHouseholdID": household, **change})
        assert answer.status == status
    changed = await cast.ann.update(model, value["id"], {"authHouseholdID": cast.home, **change})
    assert changed.value | change == changed.value


# Whom a task is assigned to


async def test_a_households_task_is_assigned_to_one_of_its_members(cast: Cast) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home, authAccountID=cast.bob.account)
    assert owners_of(task) == (cast.bob.account, cast.home)
    given = await cast.bob.update(TASK, task["id"], {"authAccountID": cast.kid.account})
    assert owners_of(given.value) == (cast.kid.account, cast.home)
    freed = await cast.bob.update(TASK, task["id"], {"authAccountID": None})
    assert owners_of(freed.value) == (None, cast.home)
    for stranger in (cast.cat.account, NOBODYS):
        answer = await cast.ann.update(TASK, task["id"], {"authAccountID": stranger})
        assert (answer.status, answer.message) == (400, "authAccountID: must be a member of the household")
        answer = await cast.ann.create(
            TASK, body_for(TASK, authHouseholdID=cast.home, authAccountID=stranger)
        )
        assert (answer.status, answer.message) == (400, "authAccountID: must be a member of the household")


async def test_who_takes_turns_is_only_kept_of_a_households_task(cast: Cast) -> None:
    turns = [cast.ann.account, cast.bob.account]
    task = await cast.ann.make(TASK, authHouseholdID=cast.home, assignees=turns)
    assert task["assignees"] == turns
    own = await cast.ann.update(
        TASK, task["id"], {"authAccountID": cast.ann.account, "authHouseholdID": None}
    )
    assert own.value["assignees"] == []
    assert (await cast.ann.make(TASK, authAccountID=cast.ann.account, assignees=turns))["assignees"] == []


async def test_a_task_is_free_again_when_its_member_leaves(database: Database, cast: Cast) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home, authAccountID=cast.bob.account)
    own = await cast.bob.make(TASK)
    await leave(database, cast.home, cast.bob.account)
    assert owners_of((await cast.ann.read(TASK, task["id"])).value) == (None, cast.home)
    assert (await cast.bob.read(TASK, task["id"])).message == "Item not found"
    assert owners_of((await cast.bob.read(TASK, own["id"])).value) == (cast.bob.account, None)


async def test_being_assigned_a_task_is_no_permission_to_change_it(cast: Cast) -> None:
    task = await cast.ann.make(TASK, authHouseholdID=cast.home, authAccountID=cast.vic.account)
    assert (await cast.vic.update(TASK, task["id"], {"done": False})).status == 403
    assert (await cast.vic.delete(TASK, task["id"])).message == "Item not found"
    assert (await cast.vic.read(TASK, task["id"])).value == task


# Templates for everybody


@pytest.fixture
async def everybodys(cast: Cast, database: Database) -> AsyncIterator[dict[str, Any]]:
    """A template for everybody, gone when the test is over."""
    yield await cast.root.make(TASK, template=True)
    await database.execute(
        "DELETE FROM plan_task WHERE auth_account_id IS NULL AND auth_household_id IS NULL"
    )


async def test_an_administrators_template_without_an_owner_is_everybodys(
    cast: Cast, everybodys: dict[str, Any]
) -> None:
    assert owners_of(everybodys) == (None, None)
    for caller in (cast.ann, cast.vic, cast.cat):
        assert everybodys in (await caller.list(TASK)).values
        assert (await caller.read(TASK, everybodys["id"])).value == everybodys
        assert (await caller.update(TASK, everybodys["id"], {"name": "Mine"})).status == 403
        assert (await caller.delete(TASK, everybodys["id"])).message == "Item not found"
    child = await cast.root.make(TASK, parentID=everybodys["id"])
    assert owners_of(child) == (None, None)
    assert child["template"] is True
    assert (await cast.cat.read(TASK, child["id"])).value == child
    assert (await cast.root.update(TASK, everybodys["id"], {"name": "Spring clean"})).status == 200
    assert (await cast.root.delete(TASK, everybodys["id"])).status == 200
    assert (await cast.ann.read(TASK, child["id"])).message == "Item not found"


async def test_nobody_else_makes_anything_for_everybody(cast: Cast, everybodys: dict[str, Any]) -> None:
    own = await cast.ann.make(TASK, template=True)
    assert owners_of(own) == (cast.ann.account, None)
    answer = await cast.ann.create(TASK, body_for(TASK, parentID=everybodys["id"]))
    assert (answer.status, answer.message) == (
        400,
        "parentID: names nothing that can be referred to here",
    )
    for move in (
        {"authAccountID": None, "authHouseholdID": None},
        {"authAccountID": None},
        {"parentID": everybodys["id"]},
    ):
        assert (await cast.ann.update(TASK, own["id"], move)).status in (400, 403)
    assert (await cast.ann.read(TASK, own["id"])).value == own


async def test_an_administrators_task_that_is_no_template_is_their_own(cast: Cast) -> None:
    assert owners_of(await cast.root.make(TASK)) == (cast.root.account, None)


# Ids from clients


@each(*Owner)
async def test_an_id_that_is_free_is_used(cast: Cast, model: type[Model]) -> None:
    chosen = str(uuid.uuid4())
    assert (await cast.ann.make(model, id=chosen.upper()))["id"] == chosen


@each(*Owner)
async def test_a_create_that_is_sent_again_finds_what_the_first_one_made(
    cast: Cast, model: type[Model]
) -> None:
    value = await cast.ann.make(model, id=str(uuid.uuid4()))
    body = {**value, **change_to(model)} if "update" in model.routes else {**value, "body": "Another"}
    assert (await cast.ann.create(model, body)).value == value
    assert len((await cast.ann.list(model)).values) == 1


@each(*Owner)
async def test_a_create_that_is_sent_many_times_at_once_makes_one_object(
    cast: Cast, model: type[Model]
) -> None:
    body = await cast.ann.body(model, id=str(uuid.uuid4()))
    answers = await asyncio.gather(*(cast.ann.create(model, body) for _ in range(8)))
    assert {answer.value["id"] for answer in answers} == {body["id"]}
    assert len({str(answer.value) for answer in answers}) == 1


@each(*Owner)
async def test_an_id_of_somebody_else_is_not_used(cast: Cast, model: type[Model]) -> None:
    theirs = await cast.cat.make(model)
    value = await cast.ann.make(model, id=theirs["id"])
    assert value["id"] != theirs["id"]
    assert (await cast.cat.read(model, theirs["id"])).value == theirs
    seen = await cast.ann.make(model, authHouseholdID=cast.home)
    if model.owner is not Owner.HOUSEHOLD:
        assert (await cast.vic.make(model, id=seen["id"]))["id"] != seen["id"]
        assert (await cast.ann.read(model, seen["id"])).value == seen


@each(*Owner)
async def test_what_is_no_id_is_ignored_on_create(cast: Cast, model: type[Model]) -> None:
    ids = set()
    for said in (None, "", "nope", NIL, 5, ["x"], {"id": 1}):
        value = await cast.ann.make(model, id=said)
        ids.add(value["id"])
    assert len(ids) == 7
    assert NIL not in ids


@each(Owner.ACCOUNT_OR_HOUSEHOLD, Owner.ASSIGNABLE, verb="update")
async def test_the_id_in_the_path_of_an_update_counts(cast: Cast, model: type[Model]) -> None:
    value, other = [await cast.ann.make(model) for _ in range(2)]
    answer = await cast.ann.update(model, value["id"], {"id": other["id"], "name": "Renamed"})
    assert answer.value["id"] == value["id"]
    assert (await cast.ann.read(model, other["id"])).value == other


async def test_a_membership_counts_from_the_moment_it_is_there(database: Database, cast: Cast) -> None:
    assert (await cast.cat.create(PAGE, body_for(PAGE, authHouseholdID=cast.home))).status == 403
    await join(database, cast.home, cast.cat.account, EDIT)
    assert owners_of(await cast.cat.make(PAGE, authHouseholdID=cast.home)) == (None, cast.home)
