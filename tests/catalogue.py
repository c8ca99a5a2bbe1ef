"""What the contract's catalogue says of objects on the wire, written down so that a drift fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from homechart_common.models.model import Model
from tests.callers import Answer

#: The members of every object in answers, by its name, and the kinds of their values.
WIRE: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
)
#: ``dataType`` of lists (contract §1.3).
PLURALS = {
    "Bookmark": "Bookmarks",
    "BudgetAccount": "BudgetAccounts",
    "BudgetCategory": "BudgetCategories",
    "BudgetPayee": "BudgetPayees",
    "BudgetRecurrence": "BudgetRecurrences",
    "BudgetTransaction": "BudgetTransactions",
    "CalendarEvent": "CalendarEvents",
    "CalendarICalendar": "CalendarICalendars",
    "Change": "Changes",
    "CookMealPlan": "CookMealPlans",
    "CookMealTime": "CookMealTimes",
    "CookRecipe": "CookRecipes",
    "HealthItem": "HealthItems",
    "HealthLog": "HealthLogs",
    "InventoryCollection": "InventoryCollections",
    "InventoryItem": "InventoryItems",
    "NotesPage": "NotesPages",
    "NotesPageVersion": "NotesPageVersions",
    "PlanProject": "PlanProjects",
    "PlanTask": "PlanTasks",
    "RewardCard": "RewardCards",
    "SecretsValue": "SecretsValues",
    "SecretsVault": "SecretsVaults",
    "ShopCategory": "ShopCategories",
    "ShopItem": "ShopItems",
    "ShopList": "ShopLists",
}
#: Objects that the contract does not have, and its clients do not know.
OURS: frozenset[str] = frozenset()
_HEX = "[0-9a-f]"
FORMS = {
    "uuid": rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}",
    "nanoid": "[0-9A-HJ-NP-Za-km-z]{14}",
    "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d",
}


def kind_of(value: Any, expected: str) -> str:
    """``expected`` if the value is of that kind, else what is wrong with it."""
    if value is None and expected.endswith("?"):
        return expected
    kind = expected.rstrip("?")
    match kind:
        case "bool":
            fits = isinstance(value, bool)
        case "int":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "text":
            fits = isinstance(value, str)
        case "texts":
            fits = isinstance(value, list) and all(isinstance(text, str) for text in value)
        case "map":
            fits = all(isinstance(member, str) for member in value.values())
        case "notes":
            members = {"complexity", "date", "note", "rating"}
            fits = isinstance(value, list) and all(note.keys() == members for note in value)
        case "counts":
            fits = all(isinstance(member, int) for member in value.values())
        case "keys":
            fits = all(entry.keys() == {"authAccountID", "key"} for entry in value)
        case "sort":
            fits = {name: type(member) for name, member in value.items()} == {"invert": bool, "property": str}
        case "recurrence":
            fits = value.keys() == {"day", "month", "monthWeek", "separation", "weekday", "weekdays"}
        case _ if kind.startswith("list of "):
            fits = isinstance(value, list) and {kind_of(each, kind[8:]) for each in value} <= {kind[8:]}
        case _ if kind in WIRE:
            fits = {name: kind_of(value[name], WIRE[kind].get(name, "")) for name in value} == WIRE[kind]
        case _:
            fits = isinstance(value, str) and re.fullmatch(FORMS[kind], value) is not None
    return expected if fits else f"{value!r} is not {expected}"


def assert_on_the_wire(model: type[Model], value: dict[str, Any]) -> None:
    """An object has exactly the members of the catalogue, of their kinds."""
    wire = WIRE[model.__name__]
    assert {name: kind_of(value[name], wire.get(name, "")) for name in value} == wire


def assert_single(model: type[Model], answer: Answer) -> None:
    """The wrapper around one object (contract §1.1)."""
    assert answer.body is not None
    envelope = {name: value for name, value in answer.body.items() if name not in ("dataValue", "requestID")}
    assert envelope == {
        "dataHash": "",
        "dataIDs": [],
        "dataTotal": 1,
        "dataType": model.__name__,
        "message": "",
        "status": 200,
        "success": True,
    }
    assert answer.body["requestID"]
    assert answer.headers["Content-Type"] == "application/json"
    assert_on_the_wire(model, answer.value)


def assert_list(model: type[Model], answer: Answer, *, index: int = 0) -> None:
    """The wrapper around a list."""
    assert answer.body is not None
    assert answer.body["dataType"] == PLURALS[model.__name__]
    assert answer.body["dataTotal"] == len(answer.values)
    assert answer.body["dataHash"]
    assert len(answer.body["dataIDs"]) == index
    assert answer.body["success"] is True
    for value in answer.values:
        assert_on_the_wire(model, value)
