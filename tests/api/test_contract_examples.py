"""The contract's examples, word for word: what the official client sends, and what it is answered (contract B2 §14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from homechart_common import clock
from homechart_common.models import registry
from homechart_common.models.model import Model
from tests.callers import Answer
from tests.cast import Cast
from tests.catalogue import FORMS, OURS, WIRE

EXAMPLES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("contract_examples.yaml").read_text())
_PLACE = re.compile(r"<(\w+)>")


def filled(example: Any, known: Mapping[str, str]) -> Any:
    """An example with what is known in the places for it."""
    if isinstance(example, dict):
        return {name: filled(value, known) for name, value in example.items()}
    if isinstance(example, list):
        return [filled(value, known) for value in example]
    place = _PLACE.fullmatch(example) if isinstance(example, str) else None
    return known.get(place[1], example) if place else example


def assert_like(value: Any, example: Any) -> None:
    """Member by member the same; where the example says so, only of the same form."""
    if isinstance(example, dict):
        assert value.keys() == example.keys()
        for name in example:
            assert_like(value[name], example[name])
    elif isinstance(example, list):
        for there, wanted in zip(value, example, strict=True):
            assert_like(there, wanted)
    elif isinstance(example, str) and (place := _PLACE.fullmatch(example)):
        assert re.fullmatch(FORMS[place[1]], value)
    else:
        assert (type(value), value) == (type(example), example)


async def made(cast: Cast, until: str = "") -> dict[str, Answer]:
    """The answers to the examples, up to and including one of them, each given the ids of those before."""
    known = {
        "household": cast.home,
        "me": cast.ann.account,
        "other": cast.bob.account,
        "today": clock.today("UTC").isoformat(),
    }
    answers = {}
    for name, example in EXAMPLES.items():
        answers[name] = await cast.ann.create(registry[name], filled(example["body"], known))
        assert_like(answers[name].value, filled(example["answer"], known))
        known[name] = answers[name].value["id"]
        if name == until:
            break
    return answers


def test_there_is_an_example_of_every_object_of_that_part() -> None:
    part = ("cook", "health", "inventory", "notes", "plan", "reward", "secrets", "shop")
    known = {model.__name__ for model in registry if model.component.value in part}
    assert EXAMPLES.keys() == known - OURS
    for name, example in EXAMPLES.items():
        assert example["answer"].keys() == WIRE[name].keys()


async def test_every_example_is_answered_as_it_says(cast: Cast) -> None:
    for name, answer in (await made(cast)).items():
        assert answer.body is not None
        assert re.fullmatch(r"\w+", answer.body["requestID"])
        assert {**answer.body, "dataValue": None, "requestID": ""} == {
            "dataHash": "",
            "dataIDs": [],
            "dataTotal": 1,
            "dataType": name,
            "dataValue": None,
            "message": "",
            "requestID": "",
            "status": 200,
            "success": True,
        }


@pytest.mark.parametrize(
    "model",
    [model for model in registry if model.__name__ in EXAMPLES and "update" in model.routes],
    ids=lambda model: model.__name__,
)
async def test_an_example_that_is_sent_back_changes_nothing(cast: Cast, model: type[Model]) -> None:
    value = (await made(cast, model.__name__))[model.__name__].value
    said = {**value, "created": None, "updated": None}
    assert (await cast.ann.update(model, value["id"], said)).status == 204


async def test_what_counts_others_is_counted_when_all_examples_are_there(cast: Cast) -> None:
    answers = await made(cast)
    recipe = (await cast.ann.read(registry["CookRecipe"], answers["CookRecipe"].value["id"])).value
    assert (recipe["cookMealPlanCount"], recipe["cookMealPlanLast"]) == (1, "2026-12-04")
    project = (await cast.ann.read(registry["PlanProject"], answers["PlanProject"].value["id"])).value
    assert project["planTaskCount"] == 1


async def test_a_list_with_one_change_shows_it_and_the_index(cast: Cast) -> None:
    pages = registry["NotesPage"]
    old = (await made(cast, "NotesPage"))["NotesPage"].value
    new = await cast.ann.make(pages, authHouseholdID=cast.home)
    answer = await cast.ann.list(pages, updated=old["updated"])
    assert answer.body is not None
    assert answer.body.pop("requestID")
    assert answer.body.pop("dataHash")
    assert answer.body == {
        "dataIDs": [{"id": page["id"], "updated": page["updated"]} for page in (new, old)],
        "dataTotal": 1,
        "dataType": "NotesPages",
        "dataValue": [new],
        "message": "",
        "status": 200,
        "success": True,
    }


async def test_what_is_not_there_is_answered_as_it_says(cast: Cast) -> None:
    nothing = "11111111-1111-4111-8111-111111111111"
    for answer in (
        await cast.ann.read(registry["NotesPage"], nothing),
        await cast.ann.delete(registry["NotesPage"], nothing),
    ):
        assert answer.body is not None
        assert answer.body.pop("requestID")
        assert answer.body == {
            "dataHash": "",
            "dataIDs": None,
            "dataTotal": 0,
            "dataType": "",
            "dataValue": None,
            "message": "Item not found",
            "status": 400,
            "success": False,
        }
