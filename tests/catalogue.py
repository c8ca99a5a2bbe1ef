"""What the contract's catalogue says of objects on the wire, written down so that a drift fails."""

from __future__ import annotations

import re
from typing import Any

from homechart_common.models.model import Model
from tests.callers import Answer

#: The members of every object in answers and the kinds of their values; a question mark stands for "or null".
#: From objects-1 and objects-2; the web client drops its cache when a member is missing or new.
WIRE = {
    "Bookmark": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "created": "moment",
        "home": "bool",
        "iconLink": "text",
        "iconName": "text",
        "id": "uuid",
        "link": "text",
        "name": "text",
        "newWindow": "bool",
        "shortID": "nanoid",
        "tags": "texts",
        "updated": "moment",
        "updatedBy": "uuid?",
    },
    "BudgetAccount": {
        "authHouseholdID": "uuid",
        "budget": "bool",
        "budgetTransactionAmount": "int",
        "budgetTransactionAmountCleared": "int",
        "budgetTransactionAmountReconciled": "int",
        "created": "moment",
        "hidden": "bool",
        "icon": "text",
        "id": "uuid",
        "name": "text",
        "shortID": "nanoid",
        "updated": "moment",
    },
    "BudgetCategory": {
        "authHouseholdID": "uuid",
        "budgetMonthCategoryAmount": "int",
        "budgetTransactionAmount": "int",
        "created": "moment",
        "grouping": "text",
        "id": "uuid",
        "income": "bool",
        "name": "text",
        "shortID": "nanoid",
        "targetAmount": "int",
        "targetMonth": "int",
        "targetYear": "int",
        "updated": "moment",
    },
    "BudgetMonth": {
        "authHouseholdID": "uuid",
        "budgetMonthCategories": "list of BudgetMonthCategory",
        "budgetMonthCategoryAmount": "int",
        "budgetTransactionAmountIncome": "int",
        "budgetTransactionAmountIncomeRemaining": "int",
        "yearMonth": "int",
    },
    "BudgetMonthCategory": {
        "amount": "int",
        "authHouseholdID": "uuid",
        "balance": "int",
        "budgetCategory": "BudgetCategory",
        "budgetCategoryID": "uuid",
        "budgetTransactionAmount": "int",
        "created": "moment",
        "yearMonth": "int",
    },
    "BudgetPayee": {
        "address": "text",
        "authHouseholdID": "uuid",
        "budgetCategoryID": "uuid?",
        "budgetTransactionAmount": "int",
        "created": "moment",
        "icon": "text",
        "id": "uuid",
        "name": "text",
        "shopStore": "bool",
        "shortID": "nanoid",
        "updated": "moment",
    },
    "BudgetRecurrence": {
        "authHouseholdID": "uuid",
        "budgetAccountID": "uuid",
        "created": "moment",
        "id": "uuid",
        "recurrence": "recurrence",
        "template": "BudgetTransaction",
        "updated": "moment",
    },
    "BudgetTransaction": {
        "accounts": "list of BudgetTransactionAccount?",
        "amount": "int",
        "authHouseholdID": "uuid",
        "balance": "int",
        "budgetPayeeID": "uuid?",
        "budgetPayeeName": "text",
        "categories": "list of BudgetTransactionCategory?",
        "created": "moment",
        "date": "date",
        "id": "uuid",
        "keep": "bool",
        "note": "text",
    },
    "BudgetTransactionAccount": {
        "amount": "int",
        "authHouseholdID": "uuid?",
        "budgetAccountID": "uuid?",
        "budgetTransactionID": "uuid?",
        "id": "uuid?",
        "status": "int",
    },
    "BudgetTransactionCategory": {
        "amount": "int",
        "authHouseholdID": "uuid?",
        "budgetCategoryID": "uuid?",
        "budgetTransactionID": "uuid?",
        "id": "uuid?",
        "yearMonth": "int",
    },
    "CalendarEvent": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "calendarICalendarID": "uuid?",
        "color": "int",
        "created": "moment",
        "dateEnd": "date?",
        "dateStart": "date",
        "details": "text",
        "duration": "int",
        "id": "uuid",
        "location": "text",
        "name": "text",
        "notifyOffset": "int?",
        "participants": "texts",
        "recurrence": "recurrence?",
        "skipDays": "list of date",
        "timeStart": "text",
        "timeZone": "text",
        "timestampEnd": "moment",
        "timestampStart": "moment",
        "travelTime": "int",
        "updated": "moment",
    },
    "CalendarICalendar": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "created": "moment",
        "ics": "text",
        "id": "uuid",
        "name": "text",
        "updated": "moment",
        "url": "text",
    },
    "Change": {
        "authAccountID": "uuid",
        "authHouseholdID": "uuid",
        "created": "moment",
        "id": "uuid",
        "name": "text",
        "operation": "int",
        "tableName": "text",
        "updated": "moment",
    },
    "CookMealPlan": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid",
        "cookMealTimeID": "uuid",
        "cookRecipeID": "uuid?",
        "cookRecipeScale": "text",
        "created": "moment",
        "customRecipe": "text",
        "date": "date",
        "id": "uuid",
        "notificationTimeCook": "moment?",
        "notificationTimePrep": "moment?",
        "time": "time",
        "updated": "moment",
    },
    "CookMealTime": {
        "authHouseholdID": "uuid",
        "created": "moment",
        "id": "uuid",
        "name": "text",
        "time": "time",
        "updated": "moment",
    },
    "CookRecipe": {
        "authHouseholdID": "uuid",
        "complexity": "int",
        "cookMealPlanCount": "int",
        "cookMealPlanLast": "date?",
        "created": "moment",
        "deleted": "moment?",
        "directions": "text",
        "id": "uuid",
        "image": "text",
        "ingredients": "text",
        "name": "text",
        "notes": "notes",
        "public": "bool",
        "rating": "int",
        "servings": "text",
        "shortID": "nanoid",
        "source": "text",
        "tags": "texts",
        "timeCook": "int",
        "timePrep": "int",
        "updated": "moment",
    },
    "HealthItem": {
        "authAccountID": "uuid",
        "color": "int",
        "correlations": "counts",
        "created": "moment",
        "id": "uuid",
        "name": "text",
        "output": "bool",
        "totalCorrelations": "int",
        "updated": "moment",
    },
    "HealthLog": {
        "authAccountID": "uuid",
        "created": "moment",
        "date": "date",
        "healthItemID": "uuid",
        "id": "uuid",
        "updated": "moment",
    },
    "InventoryCollection": {
        "authHouseholdID": "uuid",
        "columns": "map",
        "created": "moment",
        "grouping": "text",
        "icon": "text",
        "id": "uuid",
        "name": "text",
        "shortID": "nanoid",
        "sort": "sort",
        "updated": "moment",
    },
    "InventoryItem": {
        "authHouseholdID": "uuid",
        "created": "moment",
        "id": "uuid",
        "image": "text",
        "lastPurchased": "date",
        "name": "text",
        "properties": "map",
        "quantity": "int",
        "shortID": "nanoid",
        "upc": "text",
        "updated": "moment",
    },
    "NotesPage": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "color": "int",
        "created": "moment",
        "deleted": "moment?",
        "icon": "text",
        "id": "uuid",
        "name": "text",
        "parentID": "uuid?",
        "shortID": "nanoid",
        "tags": "texts",
        "updated": "moment",
    },
    "NotesPageVersion": {
        "body": "text",
        "createdBy": "uuid?",
        "id": "uuid",
        "notesPageID": "uuid",
        "updated": "moment",
    },
    "PlanProject": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "budgetCategoryID": "uuid?",
        "color": "int",
        "created": "moment",
        "icon": "text",
        "id": "uuid",
        "name": "text",
        "parentID": "uuid?",
        "planTaskCount": "int",
        "position": "text",
        "shopItemCount": "int",
        "shortID": "nanoid",
        "tags": "texts",
        "updated": "moment",
    },
    "PlanTask": {
        "assignees": "texts",
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "color": "int",
        "created": "moment",
        "dateEnd": "date?",
        "details": "text",
        "done": "bool",
        "dueDate": "moment?",
        "duration": "int",
        "id": "uuid",
        "inventoryItemID": "uuid?",
        "lastDoneBy": "uuid?",
        "lastDoneDate": "date?",
        "name": "text",
        "notify": "bool",
        "parentID": "uuid?",
        "planProjectID": "uuid?",
        "position": "text",
        "recurOnDone": "bool",
        "recurrence": "recurrence?",
        "shortID": "nanoid",
        "tags": "texts",
        "template": "bool",
        "updated": "moment",
    },
    "RewardCard": {
        "authHouseholdID": "uuid",
        "created": "moment",
        "details": "text",
        "id": "uuid",
        "invert": "bool",
        "name": "text",
        "recipients": "texts",
        "reward": "text",
        "senders": "texts",
        "shortID": "nanoid",
        "stampCount": "int",
        "stampGoal": "int",
        "updated": "moment",
    },
    "SecretsValue": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "dataEncrypted": "texts",
        "deleted": "moment?",
        "id": "uuid",
        "nameEncrypted": "text",
        "secretsVaultID": "uuid",
        "shortID": "nanoid",
        "tagsEncrypted": "text",
        "updated": "moment",
    },
    "SecretsVault": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "created": "moment",
        "icon": "text",
        "id": "uuid",
        "keys": "keys",
        "name": "text",
        "shortID": "nanoid",
        "updated": "moment",
    },
    "ShopCategory": {
        "authHouseholdID": "uuid",
        "budgetPayeeID": "uuid?",
        "created": "moment",
        "id": "uuid",
        "match": "text",
        "name": "text",
        "updated": "moment",
    },
    "ShopItem": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "budgetCategoryID": "uuid?",
        "budgetPayeeID": "uuid?",
        "cookMealPlanID": "uuid?",
        "cookRecipeID": "uuid?",
        "created": "moment",
        "id": "uuid",
        "inCart": "bool",
        "name": "text",
        "nextDate": "date?",
        "planProjectID": "uuid?",
        "position": "text",
        "price": "int",
        "recurrence": "recurrence?",
        "shopCategoryID": "uuid?",
        "shopListID": "uuid?",
        "updated": "moment",
    },
    "ShopList": {
        "authAccountID": "uuid?",
        "authHouseholdID": "uuid?",
        "budgetCategoryID": "uuid?",
        "created": "moment",
        "icon": "text",
        "id": "uuid",
        "name": "text",
        "shopItemCount": "int",
        "shortID": "nanoid",
        "updated": "moment",
    },
}
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
