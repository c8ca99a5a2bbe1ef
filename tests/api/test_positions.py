"""Places among siblings: what the server gives, and when it leaves them alone (contract B2 §1.7)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.model import Model
from tests.callers import Caller
from tests.cast import Cast

PROJECT, TASK, ITEM, LIST = (registry[name] for name in ("PlanProject", "PlanTask", "ShopItem", "ShopList"))

each = pytest.mark.parametrize("model", [PROJECT, TASK, ITEM], ids=lambda model: model.__name__)


async def places(caller: Caller, model: type[Model], *wanted: str, **members: Any) -> list[str]:
    """Where new objects are put that want to be at these places."""
    return [(await caller.make(model, position=place, **members))["position"] for place in wanted]


@each
async def test_what_says_no_place_comes_last(cast: Cast, model: type[Model]) -> None:
    assert await places(cast.ann, model, "", "", "7:am", "", "3") == ["0", "1", "7:am", "8", "3"]


@each
async def test_a_place_that_is_taken_is_not_given_again(cast: Cast, model: type[Model]) -> None:
    assert await places(cast.ann, model, "2", "2", "2:a", "2:a") == ["2", "3", "2:a", "4"]


@each
async def test_places_are_counted_for_each_owner(cast: Cast, model: type[Model]) -> None:
    assert await places(cast.ann, model, "", "") == ["0", "1"]
    assert await places(cast.bob, model, "") == ["0"]
    assert await places(cast.ann, model, "", authHouseholdID=cast.home) == ["0"]
    assert await places(cast.bob, model, "", authHouseholdID=cast.home) == ["1"]


@pytest.mark.parametrize(
    ("model", "above", "reference"),
    [
        pytest.param(PROJECT, PROJECT, "parentID", id="project-project"),
        pytest.param(TASK, TASK, "parentID", id="task-task"),
        pytest.param(TASK, PROJECT, "planProjectID", id="task-project"),
        pytest.param(ITEM, LIST, "shopListID", id="item-list"),
    ],
)
async def test_places_are_counted_in_what_an_object_is_in(
    cast: Cast, model: type[Model], above: type[Model], reference: str
) -> None:
    await places(cast.ann, model, "5")
    one, other = [(await cast.ann.make(above))["id"] for _ in range(2)]
    assert await places(cast.ann, model, "", "", **{reference: one}) == ["0", "1"]
    assert await places(cast.ann, model, "", **{reference: other}) == ["0"]


@each
async def test_who_only_reorders_is_believed(cast: Cast, model: type[Model]) -> None:
    first, second = [await cast.ann.make(model, position="") for _ in range(2)]
    for place in ("9", "0:a", first["position"]):
        assert (await cast.ann.update(model, second["id"], {"position": place})).value["position"] == place


@pytest.mark.parametrize("model", [PROJECT, TASK], ids=lambda model: model.__name__)
async def test_a_place_cannot_be_taken_away(cast: Cast, model: type[Model]) -> None:
    value = await cast.ann.make(model)
    for nothing in ("", None):
        answer = await cast.ann.update(model, value["id"], {"position": nothing})
        assert (answer.status, answer.message) == (400, "position: must not be empty")


async def test_an_item_may_lose_its_place(cast: Cast) -> None:
    value = await cast.ann.make(ITEM)
    assert (await cast.ann.update(ITEM, value["id"], {"position": ""})).value["position"] == ""
    assert await places(cast.ann, ITEM, "") == ["0"]


@each
@pytest.mark.parametrize(("wanted", "given"), [("", "6"), ("5", "6"), ("3:b", "3:b")])
async def test_what_moves_keeps_its_place_if_that_is_free_there(
    cast: Cast, model: type[Model], wanted: str, given: str
) -> None:
    await places(cast.ann, model, "5", authHouseholdID=cast.home)
    value = await cast.ann.make(model)
    move = {"authAccountID": None, "authHouseholdID": cast.home, "position": wanted}
    assert (await cast.ann.update(model, value["id"], move)).value["position"] == given


async def test_what_moves_along_keeps_its_place(cast: Cast) -> None:
    project = await cast.ann.make(PROJECT)
    task = await cast.ann.make(TASK, planProjectID=project["id"], position="4")
    step = await cast.ann.make(TASK, parentID=task["id"], position="2:c")
    await places(cast.ann, TASK, "4", "2:c", authHouseholdID=cast.home)
    await cast.ann.update(PROJECT, project["id"], {"authHouseholdID": cast.home})
    for value in (task, step):
        assert (await cast.bob.read(TASK, value["id"])).value["position"] == value["position"]


@each
async def test_many_at_once_get_places_of_their_own(cast: Cast, model: type[Model]) -> None:
    made = await asyncio.gather(*(places(cast.ann, model, "", authHouseholdID=cast.home) for _ in range(12)))
    assert sorted((place for [place] in made), key=int) == [str(number) for number in range(12)]


@each
async def test_numbers_may_be_longer_than_any_integer(cast: Cast, model: type[Model]) -> None:
    huge = "9" * 30
    assert await places(cast.ann, model, huge, "") == [huge, f"1{'0' * 30}"]
