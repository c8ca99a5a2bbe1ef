"""Everything that changed in one request: with a cursor the difference, without one everything."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.callers import Caller, serving
from tests.cast import Cast, new_cast
from tests.factories import change_to, new_session
from tests.sync.change_log import purge
from tests.sync.news import everything, news, nothing_new

BOOKMARK, PROJECT, TASK = registry["Bookmark"], registry["PlanProject"], registry["PlanTask"]
PAGE, VERSION = registry["NotesPage"], registry["NotesPageVersion"]
CATEGORY, LIST, ITEM = registry["ShopCategory"], registry["ShopList"], registry["ShopItem"]
WRITTEN = [model for model in registry if "create" in model.routes]

each_kind = pytest.mark.parametrize("model", [pytest.param(model, id=model.__name__) for model in WRITTEN])


async def fill(cast: Cast) -> None:
    """Something of every kind, of the household and of two of its members."""
    for model in WRITTEN:
        await cast.ann.make(model, authHouseholdID=cast.home)
    for caller in (cast.ann, cast.bob):
        for model in WRITTEN:
            if model.personal():
                await caller.make(model)


# Without a cursor


async def test_without_a_cursor_everything_in_sight_is_answered(cast: Cast) -> None:
    await fill(cast)
    for caller in (cast.ann, cast.bob, cast.vic):
        found = await news(caller)
        own = (await caller.call("GET", f"/auth/accounts/{caller.account}")).value
        household = (await caller.call("GET", f"/auth/households/{cast.home}")).value
        assert (found.full, found.deleted) == (True, {})
        assert found.changed == {
            "AuthAccount": [own],
            "AuthHousehold": [household],
            **await everything(caller),
        }


async def test_a_stranger_is_answered_nothing_of_a_household(cast: Cast) -> None:
    await fill(cast)
    assert (await news(cast.cat)).changed.keys() == {"AuthAccount", "AuthHousehold"}
    assert (await news(cast.nel)).changed.keys() == {"AuthAccount"}
    assert (await cast.nobody.call("GET", "/sync")).status == 410


# With a cursor


async def test_nothing_is_answered_while_nothing_changed(
    cast: Cast, through: Callable[[Caller], Caller]
) -> None:
    await fill(cast)
    cursor = (await news(cast.ann)).cursor
    assert await nothing_new(cast.ann, cursor)
    assert await nothing_new(through(cast.ann), cursor)
    await cast.cat.make(BOOKMARK)
    await cast.bob.make(BOOKMARK)
    assert await nothing_new(cast.ann, cursor)


@each_kind
async def test_what_changed_since_a_cursor_is_answered(cast: Cast, model: type[Model]) -> None:
    witness = cast.witness(model)
    changed, gone = [await cast.ann.make(model, authHouseholdID=cast.home) for _ in range(2)]
    before = await news(witness)
    assert {value["id"] for value in before.changed[model.__name__]} == {changed["id"], gone["id"]}

    if "update" in model.routes:
        changed = (await cast.ann.update(model, changed["id"], change_to(model))).value
    else:
        changed = await cast.ann.make(model, authHouseholdID=cast.home)
    await cast.ann.delete(model, gone["id"])
    after = await news(witness, before.cursor)
    assert after.full is False
    assert after.changed[model.__name__] == [changed]
    assert after.deleted[model.__name__] == [gone["id"]]
    assert await nothing_new(witness, after.cursor)


async def test_an_object_is_answered_once_as_it_is_now(cast: Cast) -> None:
    cursor = (await news(cast.ann)).cursor
    task = await cast.ann.make(TASK)
    for name in ("One", "Two", "Three"):
        task = (await cast.ann.update(TASK, task["id"], {"name": name})).value
    passing = await cast.ann.make(TASK)
    await cast.ann.delete(TASK, passing["id"])
    found = await news(cast.ann, cursor)
    assert found.changed == {"PlanTask": [task]}
    assert found.deleted == {"PlanTask": [passing["id"]]}


async def test_an_old_cursor_can_be_used_again(cast: Cast) -> None:
    first = (await news(cast.ann)).cursor
    tasks = [await cast.ann.make(TASK) for _ in range(3)]
    assert len((await news(cast.ann, first)).changed["PlanTask"]) == 3
    await cast.ann.delete(TASK, tasks[0]["id"])
    again = await news(cast.ann, first)
    assert {task["id"] for task in again.changed["PlanTask"]} == {task["id"] for task in tasks[1:]}
    assert again.deleted == {"PlanTask": [tasks[0]["id"]]}


async def test_a_change_out_of_sight_moves_the_cursor_and_nothing_else(
    cast: Cast, database: Database
) -> None:
    cursor = (await news(cast.ann)).cursor
    await new_session(database, cast.ann.account)
    found = await news(cast.ann, cursor)
    assert (found.full, found.changed, found.deleted) == (False, {}, {})
    assert found.cursor != cursor


# Several owners, and what follows from a change


async def test_changes_for_several_owners_are_answered_together(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT)
    task = await cast.ann.make(TASK, planProjectID=project["id"])
    ann, bob = (await news(cast.ann)).cursor, (await news(cast.bob)).cursor

    await cast.ann.update(PROJECT, project["id"], {"authHouseholdID": cast.home})
    moved = {
        kind: [(await cast.ann.read(model, of["id"])).value]
        for kind, model, of in (
            ("PlanProject", PROJECT, project),
            ("PlanTask", TASK, task),
        )
    }
    for caller, cursor in ((cast.ann, ann), (cast.bob, bob)):
        found = await news(caller, cursor)
        assert {kind: found.changed[kind] for kind in moved} == moved
        assert found.changed.keys() == {*moved, "Change"}
        assert found.deleted == {}


async def test_what_goes_with_a_project_is_answered(cast: Cast) -> None:
    home = {"authHouseholdID": cast.home}
    above = await cast.ann.make(PROJECT, **home)
    below = await cast.ann.make(PROJECT, parentID=above["id"])
    task = await cast.ann.make(TASK, planProjectID=below["id"])
    under = await cast.ann.make(TASK, parentID=task["id"])
    item = await cast.ann.make(ITEM, **home, planProjectID=above["id"])
    cursor = (await news(cast.vic)).cursor

    await cast.ann.delete(PROJECT, above["id"])
    found = await news(cast.vic, cursor)
    assert {kind: set(ids) for kind, ids in found.deleted.items()} == {
        "PlanProject": {above["id"], below["id"]},
        "PlanTask": {task["id"], under["id"]},
    }
    assert found.changed["ShopItem"] == [(await cast.ann.read(ITEM, item["id"])).value]
    assert found.changed["ShopItem"][0]["planProjectID"] is None


async def test_what_goes_with_a_page_or_a_list_is_answered(cast: Cast) -> None:
    page = await cast.ann.make(PAGE)
    version = await cast.ann.make(VERSION, notesPageID=page["id"])
    shopping = await cast.ann.make(LIST)
    item = await cast.ann.make(ITEM, shopListID=shopping["id"])
    cursor = (await news(cast.ann)).cursor
    await cast.ann.delete(PAGE, page["id"])
    await cast.ann.delete(LIST, shopping["id"])
    assert (await news(cast.ann, cursor)).deleted == {
        "NotesPage": [page["id"]],
        "NotesPageVersion": [version["id"]],
        "ShopList": [shopping["id"]],
        "ShopItem": [item["id"]],
    }


async def test_counts_that_follow_from_a_change_are_answered(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT)
    shopping = await cast.ann.make(LIST)
    cursor = (await news(cast.ann)).cursor
    await cast.ann.make(TASK, planProjectID=project["id"], done=False)
    await cast.ann.make(ITEM, shopListID=shopping["id"], planProjectID=project["id"])
    found = await news(cast.ann, cursor)
    [project], [shopping] = found.changed["PlanProject"], found.changed["ShopList"]
    assert (project["planTaskCount"], project["shopItemCount"], shopping["shopItemCount"]) == (1, 1, 1)


async def test_of_a_deleted_household_nothing_is_left(cast: Cast, database: Database) -> None:
    await fill(cast)
    own = await news(cast.bob)
    await database.execute("DELETE FROM auth_household WHERE id = %(id)s", {"id": cast.home})
    found = await news(cast.bob, own.cursor)
    assert found.full
    assert found.changed == (await news(cast.bob)).changed
    assert "AuthHousehold" not in found.changed
    assert {task["authAccountID"] for task in found.changed["PlanTask"]} == {cast.bob.account}
    assert await nothing_new(cast.bob, found.cursor)


async def test_a_member_who_is_shown_in_a_household_changes_it(cast: Cast) -> None:
    cursor = (await news(cast.vic)).cursor
    await cast.bob.call("PUT", f"/auth/accounts/{cast.bob.account}", {"name": "Robert"})
    [household] = (await news(cast.vic, cursor)).changed["AuthHousehold"]
    assert "Robert" in {member["name"] for member in household["members"]}


# Cursors that say nothing


@pytest.mark.parametrize(
    "form",
    ["nonsense", "-", "--", "a-b-c", "{epoch}", "{epoch}-{scope}", "{epoch}-{scope}-", "{epoch}-{scope}-1",
     "{epoch}-{scope}-{versions}.1", "{epoch}-{scope}-{versions}x", "{epoch}-00000000-{versions}",
     "00000000-{scope}-{versions}", "\0-{scope}-{versions}", "%\xff-{scope}-{versions}", "🏠-{scope}-{versions}",
     "{epoch}-{scope}-" + "9" * 5000, "{epoch}-{scope}-99999999999999999999.1.1", " {epoch}-{scope}-{versions}"],
)  # fmt: skip
async def test_a_cursor_that_was_not_given_out_is_answered_with_everything(cast: Cast, form: str) -> None:
    await cast.ann.make(TASK)
    whole = await news(cast.ann)
    epoch, scope, versions = whole.cursor.split("-")
    cursor = form.format(epoch=epoch, scope=scope, versions=versions)
    assert await news(cast.ann, cursor) == whole


async def test_a_cursor_ahead_of_the_database_is_answered_with_everything(cast: Cast) -> None:
    whole = await news(cast.ann)
    epoch, scope, versions = whole.cursor.split("-")
    ahead = ".".join(str(int(version) + 1) for version in versions.split("."))
    assert await news(cast.ann, f"{epoch}-{scope}-{ahead}") == whole


async def test_a_cursor_of_somebody_else_is_answered_with_everything_of_ones_own(cast: Cast) -> None:
    await fill(cast)
    for other in (cast.bob, cast.vic, cast.nel, cast.cat):
        assert await news(cast.ann, (await news(other)).cursor) == await news(cast.ann)


async def test_a_cursor_from_another_session_of_the_same_rights_will_do(
    cast: Cast, database: Database
) -> None:
    session = await new_session(database, cast.ann.account)
    other = Caller(cast.ann.client, cast.ann.account, session.headers)
    cursor = (await news(cast.ann)).cursor
    assert await nothing_new(other, cursor)


async def test_a_cursor_from_before_the_log_begins_is_answered_with_everything(
    cast: Cast, database: Database
) -> None:
    before = (await news(cast.ann)).cursor
    gone = await cast.ann.make(TASK, authHouseholdID=cast.home)
    await cast.ann.delete(TASK, gone["id"])
    for _ in range(2):
        await cast.ann.make(TASK, authHouseholdID=cast.home)
    current = (await news(cast.ann)).cursor
    await purge(database, cast.home, cast.ann.account)

    found = await news(cast.ann, before)
    assert found.full
    assert found == await news(cast.ann)
    assert await nothing_new(cast.ann, current)
    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    later = await news(cast.ann, current)
    assert (later.full, later.changed["PlanTask"]) == (False, [task])


async def test_the_cursor_of_a_database_that_was_copied_or_restored_is_not_its_own(
    fresh_database: Database,
) -> None:
    renew = "CALL sync_epoch_renew()"
    await fresh_database.execute(renew)
    async with serving(fresh_database.settings) as client:
        cast = await new_cast(fresh_database, client)
        task = await cast.ann.make(TASK)
        cursor, token = (await news(cast.ann)).cursor, (await cast.ann.list(TASK)).token
        await fresh_database.execute(renew)
        assert await nothing_new(cast.ann, cursor), "the same database stays the same"

        await fresh_database.execute("UPDATE sync_epoch SET server = 'another'")
        await fresh_database.execute(renew)
        found = await news(cast.ann, cursor)
        assert (found.full, found.changed["PlanTask"]) == (True, [task])
        again = await cast.ann.list(TASK, token=token, updated=task["updated"])
        assert (again.status, again.index) == (200, [{"id": task["id"], "updated": task["updated"]}])
        assert await news(cast.ann, cursor.replace(cursor[:8], str(uuid.uuid4())[:8])) == found
