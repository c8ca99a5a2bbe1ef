"""Projects and tasks: trees that share their owner, counts of what is open, and templates (contract B2 §7)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, new_household

PROJECT, TASK, ITEM, LIST = (registry[name] for name in ("PlanProject", "PlanTask", "ShopItem", "ShopList"))


async def project_of(caller: Caller, value: dict[str, Any]) -> dict[str, Any]:
    """A project as it is now."""
    return (await caller.read(PROJECT, value["id"])).value


async def task_of(caller: Caller, value: dict[str, Any]) -> dict[str, Any]:
    """A task as it is now."""
    return (await caller.read(TASK, value["id"])).value


async def open_tasks(caller: Caller, *projects: dict[str, Any]) -> list[int]:
    return [(await project_of(caller, project))["planTaskCount"] for project in projects]


# Trees of projects


async def test_a_project_in_another_belongs_to_whom_that_one_belongs(cast: Cast) -> None:
    above = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    below = await cast.ann.make(PROJECT, parentID=above["id"], authAccountID=cast.ann.account)
    assert (below["authAccountID"], below["authHouseholdID"]) == (None, cast.home)
    own = await cast.ann.make(PROJECT)
    moved = (await cast.ann.update(PROJECT, own["id"], {"parentID": below["id"]})).value
    assert (moved["authAccountID"], moved["authHouseholdID"]) == (None, cast.home)
    taken_out = await cast.ann.update(PROJECT, own["id"], {**moved, "authHouseholdID": None})
    assert taken_out.status == 204, "it is still below another one, so nothing changed"
    assert (await cast.ann.read(PROJECT, own["id"])).value == moved


async def test_everything_in_a_project_moves_with_it(database: Database, cast: Cast) -> None:
    project = await cast.ann.make(PROJECT)
    inner = await cast.ann.make(PROJECT, parentID=project["id"])
    task = await cast.ann.make(TASK, planProjectID=inner["id"], done=False)
    step = await cast.ann.make(TASK, parentID=task["id"], done=False)
    item = await cast.ann.make(ITEM, planProjectID=inner["id"])
    listed = await cast.ann.make(
        ITEM, planProjectID=inner["id"], shopListID=(await cast.ann.make(LIST))["id"]
    )
    moved = await cast.ann.update(PROJECT, project["id"], {"authHouseholdID": cast.home})
    assert moved.value["authAccountID"] is None
    for model, value in ((PROJECT, inner), (TASK, task), (TASK, step), (ITEM, item)):
        now = (await cast.bob.read(model, value["id"])).value
        assert (now["authAccountID"], now["authHouseholdID"]) == (None, cast.home)
        assert now["updated"] > value["updated"]
    assert (await cast.ann.read(ITEM, listed["id"])).value == listed, "it belongs to whom its list belongs"
    now = await project_of(cast.bob, inner)
    assert (now["planTaskCount"], now["shopItemCount"]) == (2, 1), "what others own is not counted"


async def test_a_project_counts_the_shopping_of_whom_it_belongs_to(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    await cast.ann.make(ITEM, planProjectID=project["id"])
    shared = await cast.ann.make(ITEM, planProjectID=project["id"], authHouseholdID=cast.home)
    assert (await project_of(cast.bob, project))["shopItemCount"] == 1
    own = {"authAccountID": cast.ann.account, "authHouseholdID": None}
    assert (await cast.ann.update(PROJECT, project["id"], own)).value["shopItemCount"] == 1
    assert (await project_of(cast.ann, project))["shopItemCount"] == 2, "one came along"
    await cast.ann.update(ITEM, shared["id"], {"authHouseholdID": cast.home})
    assert (await project_of(cast.ann, project))["shopItemCount"] == 1
    await cast.ann.update(PROJECT, project["id"], {"authHouseholdID": cast.home})
    assert (await project_of(cast.bob, project))["shopItemCount"] == 2
    await cast.bob.delete(ITEM, shared["id"])
    assert (await project_of(cast.bob, project))["shopItemCount"] == 1


async def test_deleting_a_project_deletes_what_is_in_it_and_frees_its_shopping(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    inner = await cast.ann.make(PROJECT, parentID=project["id"])
    task = await cast.ann.make(TASK, planProjectID=inner["id"])
    step = await cast.ann.make(TASK, parentID=task["id"])
    item = await cast.ann.make(ITEM, planProjectID=inner["id"], authHouseholdID=cast.home)
    await cast.bob.delete(PROJECT, project["id"])
    for model, value in ((PROJECT, inner), (TASK, task), (TASK, step)):
        assert (await cast.ann.read(model, value["id"])).message == "Item not found"
    assert (await cast.ann.read(ITEM, item["id"])).value["planProjectID"] is None


@pytest.mark.parametrize("model", [PROJECT, TASK, registry["NotesPage"]], ids=lambda model: model.__name__)
async def test_nothing_can_be_put_below_itself(cast: Cast, model: Any) -> None:
    top = await cast.ann.make(model)
    middle = await cast.ann.make(model, parentID=top["id"])
    bottom = await cast.ann.make(model, parentID=middle["id"])
    for parent in (top, middle, bottom):
        answer = await cast.ann.update(model, top["id"], {"parentID": parent["id"]})
        assert answer.status == 400
        assert answer.message == "parentID: must not be the object itself or one below it"
    assert (await cast.ann.read(model, top["id"])).value == top
    chosen = {"id": "6f0c1b7e-52a4-4d0e-9a51-2b8f7f0e11aa"}
    assert (await cast.ann.create(model, body_for(model, parentID=chosen["id"], **chosen))).status == 400


# Trees of tasks


async def test_what_is_below_a_task_is_in_its_project_and_belongs_to_whom_it_belongs(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    elsewhere = await cast.ann.make(PROJECT)
    task = await cast.ann.make(TASK, planProjectID=project["id"])
    step = await cast.ann.make(
        TASK,
        parentID=task["id"],
        planProjectID=elsewhere["id"],
        authHouseholdID=cast.home,
        authAccountID=cast.bob.account,
    )
    assert step["planProjectID"] == project["id"]
    assert (step["authAccountID"], step["authHouseholdID"]) == (cast.bob.account, cast.home)


async def test_what_is_below_a_task_moves_with_it(cast: Cast) -> None:
    project, other = [await cast.ann.make(PROJECT, authHouseholdID=cast.home) for _ in range(2)]
    task = await cast.ann.make(TASK, planProjectID=project["id"], done=False)
    step = await cast.ann.make(TASK, parentID=task["id"], done=False)
    detail = await cast.ann.make(TASK, parentID=step["id"], done=True)

    await cast.ann.update(TASK, task["id"], {"planProjectID": other["id"]})
    assert [(await task_of(cast.ann, value))["planProjectID"] for value in (step, detail)] == [
        other["id"]
    ] * 2
    assert await open_tasks(cast.ann, project, other) == [0, 2]

    await cast.ann.update(TASK, task["id"], {"authAccountID": cast.bob.account})
    assert (await task_of(cast.ann, detail))["authAccountID"] == cast.bob.account

    alone = {"planProjectID": None, "authAccountID": cast.ann.account, "authHouseholdID": None}
    await cast.ann.update(TASK, task["id"], alone)
    for value in (task, step, detail):
        now = await task_of(cast.ann, value)
        assert {name: now[name] for name in alone} == alone
    assert await open_tasks(cast.ann, project, other) == [0, 0]


async def test_deleting_a_task_deletes_what_is_below_it(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT)
    task = await cast.ann.make(TASK, planProjectID=project["id"], done=False)
    step = await cast.ann.make(TASK, parentID=task["id"], done=False)
    await cast.ann.delete(TASK, task["id"])
    assert (await cast.ann.read(TASK, step["id"])).message == "Item not found"
    assert await open_tasks(cast.ann, project) == [0]


async def test_a_task_that_leaves_its_project_stays_with_its_owner(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    task = await cast.ann.make(TASK, planProjectID=project["id"])
    now = (await cast.bob.update(TASK, task["id"], {"planProjectID": None})).value
    assert (now["planProjectID"], now["authHouseholdID"]) == (None, cast.home)


async def test_a_task_moved_to_another_household_is_free_unless_its_member_lives_there_too(
    database: Database, cast: Cast
) -> None:
    second = await new_household(database, cast.ann.account, cast.bob.account)
    project = await cast.ann.make(PROJECT, authHouseholdID=second)
    for member, kept in ((cast.bob.account, cast.bob.account), (cast.kid.account, None)):
        task = await cast.ann.make(TASK, authHouseholdID=cast.home, authAccountID=member)
        now = (await cast.ann.update(TASK, task["id"], {"planProjectID": project["id"]})).value
        assert (now["authAccountID"], now["authHouseholdID"]) == (kept, second)


# Counts


async def test_a_project_counts_its_open_tasks(cast: Cast) -> None:
    project, other = [await cast.ann.make(PROJECT) for _ in range(2)]
    first = await cast.ann.make(TASK, planProjectID=project["id"], done=False)
    await cast.ann.make(TASK, planProjectID=project["id"], done=True)
    second = await cast.ann.make(TASK, planProjectID=project["id"], done=False)
    assert await open_tasks(cast.ann, project) == [2]
    await cast.ann.update(TASK, first["id"], {"done": True})
    assert await open_tasks(cast.ann, project) == [1]
    await cast.ann.update(TASK, first["id"], {"done": False})
    await cast.ann.update(TASK, second["id"], {"planProjectID": other["id"]})
    assert await open_tasks(cast.ann, project, other) == [1, 1]
    await cast.ann.delete(TASK, first["id"])
    await cast.ann.update(TASK, second["id"], {"name": "Renamed"})
    assert await open_tasks(cast.ann, project, other) == [0, 1]


async def test_a_count_that_changes_is_an_update_of_the_project(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    seen = await cast.bob.list(PROJECT)
    await cast.ann.make(TASK, planProjectID=project["id"], done=False)
    changed = await cast.bob.list(PROJECT, token=seen.token, updated=project["updated"])
    assert [value["planTaskCount"] for value in changed.values] == [1]
    assert changed.values[0]["updated"] > project["updated"]
    changes = (await cast.bob.list(registry["Change"])).values
    assert "plan_project" not in {change["tableName"] for change in changes if change["operation"] == 2}


async def test_a_count_that_is_said_does_not_count(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, planTaskCount=7, shopItemCount=7)
    assert (project["planTaskCount"], project["shopItemCount"]) == (0, 0)
    assert (await cast.ann.update(PROJECT, project["id"], {"planTaskCount": 7})).status == 204


# Templates


async def test_a_template_is_in_no_project(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT)
    template = await cast.ann.make(TASK, template=True, planProjectID=project["id"], done=False)
    assert template["planProjectID"] is None
    task = await cast.ann.make(TASK, planProjectID=project["id"], done=False)
    step = await cast.ann.make(TASK, parentID=task["id"], done=False)
    now = (await cast.ann.update(TASK, task["id"], {"template": True})).value
    assert (now["template"], now["planProjectID"]) == (True, None)
    below = await task_of(cast.ann, step)
    assert (below["template"], below["planProjectID"]) == (True, None)
    assert await open_tasks(cast.ann, project) == [0]
    answer = await cast.ann.update(TASK, task["id"], {"planProjectID": project["id"]})
    assert (answer.status, answer.message) == (400, "planProjectID: a template is in no project")


async def test_what_is_below_a_template_is_a_template(cast: Cast) -> None:
    template = await cast.ann.make(TASK, template=True)
    assert (await cast.ann.make(TASK, parentID=template["id"], template=False))["template"] is True


# What people have collapsed


@pytest.mark.parametrize(
    ("model", "column"),
    [
        (PROJECT, "collapsed_plan_projects"),
        (TASK, "collapsed_plan_tasks"),
        (registry["NotesPage"], "collapsed_notes_pages"),
    ],
    ids=["PlanProject", "PlanTask", "NotesPage"],
)
async def test_what_is_deleted_is_forgotten_by_those_who_collapsed_it(
    database: Database, cast: Cast, model: Any, column: str
) -> None:
    gone = await cast.ann.make(model, authHouseholdID=cast.home)
    below = await cast.ann.make(model, parentID=gone["id"])
    kept = await cast.ann.make(model, authHouseholdID=cast.home)
    ids = [below["id"], kept["id"], gone["id"]]
    await database.execute(
        f"UPDATE auth_account SET {column} = %(ids)s::text[] WHERE id = ANY (%(accounts)s::uuid[])",
        {"ids": ids, "accounts": [cast.bob.account, cast.cat.account]},
    )
    await cast.ann.delete(model, gone["id"])
    for account, collapsed in ((cast.bob.account, [kept["id"]]), (cast.cat.account, ids)):
        assert (
            await database.fetch_value(
                f"SELECT {column} FROM auth_account WHERE id = %(id)s", {"id": account}
            )
            == collapsed
        )


# What a task says of itself


async def test_a_date_alone_is_midnight_where_the_account_is(database: Database, cast: Cast) -> None:
    await database.execute(
        "UPDATE auth_account SET time_zone = 'Europe/Lisbon' WHERE id = %(id)s", {"id": cast.ann.account}
    )
    task = await cast.ann.make(TASK, dueDate="2026-07-01")
    assert task["dueDate"] == "2026-06-30T23:00:00.000000Z"


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("position", "nope", "position: must be formatted as <number>:<a-z>"),
        ("recurrence", {"separation": 0}, "recurrence: separation must be a whole number"),
        ("recurrence", {}, "recurrence: separation must be a whole number"),
        ("duration", -1, "duration: must not be negative"),
        ("details", "x" * 999, "details: must not be longer than 998 characters"),
        ("planProjectID", "11111111-1111-4111-8111-111111111111", "planProjectID: names nothing"),
        ("inventoryItemID", "11111111-1111-4111-8111-111111111111", "inventoryItemID: names nothing"),
        ("color", 14, "color: must be between 0 and 13"),
        ("name", "", "name: must not be empty"),
        ("name", None, "name: must not be empty"),
    ],
)
async def test_what_a_task_cannot_say_is_refused_by_its_member(
    cast: Cast, member: str, value: Any, message: str
) -> None:
    answer = await cast.ann.create(TASK, body_for(TASK, **{member: value}))
    assert answer.status == 400
    assert answer.message.startswith(message)
    task = await cast.ann.make(TASK)
    answer = await cast.ann.update(TASK, task["id"], {member: value})
    assert answer.status == 400
    assert answer.message.startswith(message)
