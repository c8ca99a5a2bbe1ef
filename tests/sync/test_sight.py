"""What leaves somebody's sight counts as gone for them, whatever became of it, and what comes into it is new."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import EDIT, NONE, VIEW, join, leave, new_household
from tests.sync.news import everything, news, nothing_new

CARD, CHANGE = registry["RewardCard"], registry["Change"]
PROJECT, TASK = registry["PlanProject"], registry["PlanTask"]
PAGE, VERSION = registry["NotesPage"], registry["NotesPageVersion"]
MOVABLE = [
    model
    for model in registry
    if "update" in model.routes and model.owner in (Owner.ACCOUNT_OR_HOUSEHOLD, Owner.ASSIGNABLE)
]

each_movable = pytest.mark.parametrize("model", [pytest.param(model, id=model.__name__) for model in MOVABLE])


async def make_personal(caller: Caller, model: type[Model], value: dict[str, Any]) -> dict[str, Any]:
    """Take an object out of its household."""
    own = {"authAccountID": caller.account, "authHouseholdID": None}
    return (await caller.update(model, value["id"], own)).value


async def sees(caller: Caller) -> dict[str, Any]:
    """All that a caller is answered, with the lists compared on the way."""
    found = (await news(caller)).changed
    lists = {kind: values for kind, values in found.items() if kind not in ("AuthAccount", "AuthHousehold")}
    assert lists == await everything(caller)
    return found


# Objects that move


@each_movable
async def test_what_is_made_personal_is_gone_for_the_others(cast: Cast, model: type[Model]) -> None:
    value = await cast.ann.make(model, authHouseholdID=cast.home)
    listed = await cast.bob.list(model)
    ann, bob = (await news(cast.ann)).cursor, (await news(cast.bob)).cursor

    value = await make_personal(cast.ann, model, value)
    gone = await news(cast.bob, bob)
    assert (gone.full, gone.deleted) == (False, {model.__name__: [value["id"]]})
    assert model.__name__ not in gone.changed
    kept = await news(cast.ann, ann)
    assert (kept.changed[model.__name__], kept.deleted) == ([value], {})
    again = await cast.bob.list(model, token=listed.token, updated=listed.values[0]["updated"])
    assert (again.status, again.values, again.index) == (200, [], [])

    value = (await cast.ann.update(model, value["id"], {"authHouseholdID": cast.home})).value
    back = await news(cast.bob, gone.cursor)
    assert (back.changed[model.__name__], back.deleted) == ([value], {})


async def test_what_moves_to_another_household_is_gone_for_the_members_of_the_first(
    cast: Cast, database: Database
) -> None:
    second = await new_household(database, cast.ann.account, cast.kid.account, name="Second")
    value = await cast.ann.make(TASK, authHouseholdID=cast.home)
    cursors = {caller.account: (await news(caller)).cursor for caller in (cast.ann, cast.bob, cast.kid)}

    moved = (await cast.ann.update(TASK, value["id"], {"authHouseholdID": second})).value
    for caller in (cast.ann, cast.kid):
        found = await news(caller, cursors[caller.account])
        assert (found.changed["PlanTask"], found.deleted) == ([moved], {})
    assert (await news(cast.bob, cursors[cast.bob.account])).deleted == {"PlanTask": [value["id"]]}


async def test_what_is_below_goes_along(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    task = await cast.ann.make(TASK, planProjectID=project["id"])
    page = await cast.ann.make(PAGE, authHouseholdID=cast.home)
    version = await cast.ann.make(VERSION, notesPageID=page["id"])
    ann, bob = (await news(cast.ann)).cursor, (await news(cast.bob)).cursor

    await make_personal(cast.ann, PROJECT, project)
    await make_personal(cast.ann, PAGE, page)
    found = await news(cast.bob, bob)
    assert found.deleted == {
        "NotesPage": [page["id"]],
        "NotesPageVersion": [version["id"]],
        "PlanProject": [project["id"]],
        "PlanTask": [task["id"]],
    }
    kept = await news(cast.ann, ann)
    assert kept.deleted == {}
    assert kept.changed["NotesPageVersion"] == [version]


async def test_a_card_comes_into_the_sight_of_who_is_named_and_goes_again(cast: Cast) -> None:
    card = await cast.ann.make(CARD, authHouseholdID=cast.home, recipients=[cast.kid.account])
    listed = await cast.bob.list(CARD)
    before = await news(cast.bob)
    assert (listed.values, before.changed.get("RewardCard")) == ([], None)

    both = [cast.kid.account, cast.bob.account]
    card = (await cast.ann.update(CARD, card["id"], {"recipients": both})).value
    come = await news(cast.bob, before.cursor)
    assert (come.full, come.changed["RewardCard"], come.deleted) == (False, [card], {})
    again = await cast.bob.list(CARD, token=listed.token)
    assert again.values == [card]

    await cast.ann.update(CARD, card["id"], {"recipients": [cast.kid.account]})
    gone = await news(cast.bob, come.cursor)
    assert (gone.full, gone.deleted) == (False, {"RewardCard": [card["id"]]})
    emptied = await cast.bob.list(CARD, token=again.token, updated=card["updated"])
    assert (emptied.status, emptied.values, emptied.index) == (200, [], [])
    assert len((await news(cast.kid)).changed["RewardCard"]) == 1


# Members who go and come back


async def test_who_leaves_sees_nothing_of_the_household_any_more(cast: Cast, database: Database) -> None:
    own = await cast.bob.make(TASK)
    await cast.ann.make(TASK, authHouseholdID=cast.home)
    before = await news(cast.bob)
    await leave(database, cast.home, cast.bob.account)

    found = await news(cast.bob, before.cursor)
    assert (found.full, found.changed["PlanTask"]) == (True, [own])
    assert found.changed.keys() == {"AuthAccount", "PlanTask"}
    await cast.ann.make(TASK, authHouseholdID=cast.home)
    assert await nothing_new(cast.bob, found.cursor)

    await join(database, cast.home, cast.bob.account)
    again = await news(cast.bob, found.cursor)
    assert again.full
    assert again.changed == await sees(cast.bob)
    assert len(again.changed["PlanTask"]) == 3


async def test_who_was_away_meanwhile_is_answered_exactly_what_changed(
    cast: Cast, database: Database
) -> None:
    gone, kept = [await cast.ann.make(TASK, authHouseholdID=cast.home) for _ in range(2)]
    cursor = (await news(cast.bob)).cursor
    await leave(database, cast.home, cast.bob.account)
    await cast.ann.delete(TASK, gone["id"])
    new = await cast.ann.make(TASK, authHouseholdID=cast.home)
    await join(database, cast.home, cast.bob.account)

    found = await news(cast.bob, cursor)
    assert found.full is False
    assert found.changed["PlanTask"] == [new]
    assert found.deleted == {"PlanTask": [gone["id"]]}
    assert kept in (await sees(cast.bob))["PlanTask"]


# What a session may do


async def lower(database: Database, caller: Caller, household: str, **levels: int) -> None:
    """Lower what a session may do in a household; nothing gives it all back."""
    await database.execute(
        "UPDATE auth_session SET permissions_households = jsonb_build_array(jsonb_build_object("
        "'authHouseholdID', %(household)s::text, 'permissions', %(levels)s::jsonb)) WHERE id = %(id)s::uuid",
        {
            "household": household,
            "levels": str(levels).replace("'", '"'),
            "id": caller.headers["x-homechart-id"],
        },
    )


@pytest.mark.parametrize("how", ["membership", "session"])
async def test_permissions_that_are_lowered_take_out_of_sight(
    cast: Cast, database: Database, how: str
) -> None:
    async def allow(**levels: int) -> None:
        if how == "session":
            await lower(database, cast.bob, cast.home, **levels)
        else:
            await join(database, cast.home, cast.bob.account, levels)

    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    page = await cast.ann.make(PAGE, authHouseholdID=cast.home)
    all_of_it = await news(cast.bob)
    token = (await cast.bob.list(TASK)).token
    assert len(all_of_it.changed["Change"]) == 2

    await allow(plan=2)
    found = await news(cast.bob, all_of_it.cursor)
    assert found.full
    assert found.changed == await sees(cast.bob)
    assert "PlanTask" not in found.changed
    assert found.changed["NotesPage"] == [page]
    assert [change["tableName"] for change in found.changed["Change"]] == ["notes_page"]
    emptied = await cast.bob.list(TASK, token=token, updated=task["updated"])
    assert (emptied.values, emptied.index) == ([], [])

    await cast.ann.make(TASK, authHouseholdID=cast.home)
    assert (await news(cast.bob, found.cursor)).changed == {}

    await allow()
    back = await news(cast.bob, found.cursor)
    assert back.full
    assert back.changed == await sees(cast.bob)
    assert len(back.changed["PlanTask"]) == 2


async def test_permissions_that_change_nothing_in_sight_change_no_cursor(
    cast: Cast, database: Database
) -> None:
    await cast.ann.make(TASK, authHouseholdID=cast.home)
    cursor = (await news(cast.bob)).cursor
    await join(database, cast.home, cast.bob.account, {**VIEW, "auth": EDIT["auth"]})
    found = await news(cast.bob, cursor)
    assert (found.full, found.changed.keys()) == (False, {"AuthHousehold"})


async def test_without_any_permission_one_still_follows_ones_account(cast: Cast, database: Database) -> None:
    before = await news(cast.bob)
    await join(database, cast.home, cast.bob.account, NONE)
    await database.execute(
        "UPDATE auth_session SET permissions_account = %(none)s::jsonb WHERE id = %(id)s::uuid",
        {"none": str(NONE).replace("'", '"'), "id": cast.bob.headers["x-homechart-id"]},
    )
    found = await news(cast.bob, before.cursor)
    assert (found.full, found.changed.keys()) == (True, {"AuthAccount"})
    assert await nothing_new(cast.bob, found.cursor)


async def test_who_may_not_see_a_kind_is_not_told_of_it_in_the_change_log(
    cast: Cast, database: Database
) -> None:
    await join(database, cast.home, cast.vic.account, {**VIEW, "plan": 2})
    cursor = (await news(cast.vic)).cursor
    await cast.ann.make(TASK, authHouseholdID=cast.home)
    await cast.ann.make(PAGE, authHouseholdID=cast.home)
    found = await news(cast.vic, cursor)
    assert [change["tableName"] for change in found.changed["Change"]] == ["notes_page"]
    assert "PlanTask" not in found.changed
    assert (await cast.vic.list(CHANGE)).values == found.changed["Change"]


# Sessions that end


async def test_a_session_that_ended_is_answered_nothing(cast: Cast, database: Database) -> None:
    cursor = (await news(cast.bob)).cursor
    await database.execute(
        "UPDATE auth_session SET expires = now() WHERE id = %(id)s",
        {"id": cast.bob.headers["x-homechart-id"]},
    )
    assert (await cast.bob.call("GET", f"/sync?cursor={cursor}")).status == 410
    await database.execute(
        "DELETE FROM auth_session WHERE id = %(id)s", {"id": cast.ann.headers["x-homechart-id"]}
    )
    assert (await cast.ann.call("GET", "/sync")).status == 410
