"""The change log that people read: how much is kept, and who sees what of it (contract B1 §9)."""

from __future__ import annotations

import pytest

from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.models.permissions import Component
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import join, new_account, new_session

CHANGE, BOOKMARK, TASK = registry["Change"], registry["Bookmark"], registry["PlanTask"]
EARLIER = "2020-01-01T00:00:00Z"
LOGGED = [model for model in registry if model.label]


async def names(caller: Caller) -> list[str]:
    return [change["name"] for change in (await caller.list(CHANGE)).values]


async def test_the_newest_50_of_a_household_are_kept(cast: Cast) -> None:
    other = (await cast.cat.make(BOOKMARK, authHouseholdID=cast.away))["name"]
    made = [(await cast.ann.make(BOOKMARK, authHouseholdID=cast.home))["name"] for _ in range(53)]
    assert await names(cast.bob) == made[-50:]
    assert await names(cast.cat) == [other]


@pytest.mark.parametrize("model", LOGGED, ids=lambda model: model.__name__)
async def test_a_change_is_seen_by_who_may_view_what_it_was_about(
    database: Database, cast: Cast, model: type[Model]
) -> None:
    await cast.ann.make(model, authHouseholdID=cast.home)
    changes = (await cast.ann.list(CHANGE)).values
    assert changes
    for component in set(Component) - {Component.AUTH}:
        account = await new_account(database)
        await join(database, cast.home, account, {"auth": 1, component.value: 2})
        member = Caller(cast.ann.client, account, (await new_session(database, account)).headers)
        seen = component is not model.component
        assert (await member.list(CHANGE)).values == (changes if seen else [])
        index = (await member.list(CHANGE, updated=EARLIER)).index
        assert {entry["id"] for entry in index} == ({change["id"] for change in changes} if seen else set())
        for change in changes:
            assert (await member.read(CHANGE, change["id"])).status == (200 if seen else 400)


async def test_what_follows_from_a_change_is_not_logged_with_it(cast: Cast) -> None:
    project = await cast.ann.make(registry["PlanProject"], authHouseholdID=cast.home)
    await cast.ann.make(TASK, planProjectID=project["id"])
    await cast.ann.delete(registry["PlanProject"], project["id"])
    changes = [(change["tableName"], change["operation"]) for change in (await cast.ann.list(CHANGE)).values]
    assert changes == [("plan_project", 0), ("plan_task", 0), ("plan_project", 1)]


async def test_a_change_tells_what_the_object_was_called_then(cast: Cast) -> None:
    value = await cast.ann.make(BOOKMARK, authHouseholdID=cast.home, name="Before")
    await cast.bob.update(BOOKMARK, value["id"], {"name": "After"})
    assert await names(cast.vic) == ["Before", "After"]


async def test_taking_an_object_out_of_its_household_is_not_told_to_it(cast: Cast) -> None:
    value = await cast.ann.make(BOOKMARK, authHouseholdID=cast.home)
    await cast.ann.update(BOOKMARK, value["id"], {"authAccountID": cast.ann.account, "name": "Secret"})
    assert await names(cast.bob) == [value["name"]]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_the_log_cannot_be_written(cast: Cast, method: str) -> None:
    await cast.ann.make(BOOKMARK, authHouseholdID=cast.home)
    [change] = (await cast.ann.list(CHANGE)).values
    path = "/changes" if method == "POST" else f"/changes/{change['id']}"
    assert (await cast.ann.call(method, path, {"name": "Forged"})).status == 405
    assert (await cast.ann.list(CHANGE)).values == [change]
