"""Every member of every body takes what it is meant to take; anything else is refused by its name, and is no defect."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from homechart_api import schemas
from homechart_api.middleware.session import Gate
from homechart_api.route import Members, Route
from homechart_api.routes import API, routes
from homechart_common.models import BudgetCategory
from homechart_common.postgresql.database import Database
from tests.callers import Answer, Caller, Client
from tests.factories import new_account, new_household, new_passkey, new_session
from tests.security.hostile import Place, places, values_for

#: What a body says beside the member that is tried out, so that only that one can be wrong.
BESIDE: dict[str, dict[str, Any]] = {
    "AuthAccountCreate": {
        "emailAddress": "somebody@example.com",
        "password": "correct-horse-9",
        "tosAccepted": False,
    },
    "AuthAccountTOTPUpdate": {"totpSecret": "JBSWY3DPEHPK3PXP", "totpCode": "1"},
    "AuthHouseholdInviteCreate": {"emailAddress": "guest@example.com"},
    "AuthResetCreate": {"emailAddress": "nobody@example.com"},
    "BudgetMonthCategoryCreate": {"yearMonth": 202311, "amount": 7},
    "BudgetMonthCategoryUpdate": {"yearMonth": 202311, "amount": 7},
    "BudgetTransactionCreate": {"date": "2023-11-24", "accounts": [{"amount": 7}]},
    "NotificationCreate": {"sendAfter": "2999-09-09T08:00:00Z"},
    "AuthResetUpdate": {"emailAddress": "nobody@example.com", "password": ""},
    "AuthSignInCreate": {"emailAddress": "nobody@example.com", "password": ""},
}
#: What is said of somebody's credentials, which do not fit whatever they are.
ABOUT_PEOPLE = ("Account does not exist", "Incorrect password")
#: Who is created without a name gets one; of a calendar without a name only the events are taken in.
MAY_BE_EMPTY = {"AuthAccountCreate", "AuthHouseholdCreate", "CalendarICalendarCreate"}
#: What clients report of themselves is taken as it comes, or dropped, and refused to nobody.
WITH_BODY = [route for route in routes() if isinstance(route.body, type | Members)]


def schema_of(route: Route) -> dict[str, Any]:
    """What the document says of the body of a route."""
    if isinstance(route.body, Members):
        return schemas.some_members(route.body)
    assert isinstance(route.body, type)
    return schemas.accepted(route.body, creating=route.method == "POST")


class Target:
    """A route, and somebody new whom every request to it is about."""

    def __init__(self, route: Route, caller: Caller, path: str, beside: dict[str, Any]) -> None:
        self.route = route
        self.caller = caller
        self.path = path
        self.beside = beside

    async def send(self, body: bytes | dict[str, Any]) -> Answer:
        """Call the route."""
        return await self.caller.call(self.route.method, self.path, body)


async def target_of_route(database: Database, client: Client, route: Route) -> Target:
    account = await new_account(database)
    household = await new_household(database, account)
    session = await new_session(database, account, admin=route.gate is Gate.ADMIN)
    caller = Caller(client, account, session.headers)
    about = await new_session(database, account)
    ids = {
        "auth_account_id": account,
        "auth_household_id": household,
        "auth_passkey_id": await new_passkey(database, account),
        "auth_session_id": about.id,
    }
    beside = BESIDE.get(route.operation, {})
    if route.model is not None:
        ids["id"] = (await caller.make(route.model))["id"]
        beside = await caller.body(route.model) if route.method == "POST" else {}
    elif "{id}" in route.path:
        path, create = (
            route.path.removeprefix(API).removesuffix("/{id}"),
            route.operation.replace("Update", "Create"),
        )
        ids["id"] = (await caller.call("POST", path, BESIDE[create])).value["id"]
    if route.operation.startswith("BudgetMonthCategory"):
        beside = {**beside, "budgetCategoryID": (await caller.make(BudgetCategory))["id"]}
    path = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], route.path).removeprefix(API)
    return Target(route, caller, path, beside)


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.operation)
async def test_a_member_takes_what_the_document_says_or_is_refused_by_name(
    database: Database, client: Client, route: Route
) -> None:
    target = await target_of_route(database, client, route)
    usual = await target.send(target.beside)
    wrong = {}
    for place in places(schema_of(route)):
        for name, value in values_for(place):
            answer = await target.send(place.filled(target.beside, value))
            if value in ('""', "null") and place.name == "name" and route.operation in MAY_BE_EMPTY:
                continue
            if problem := problem_of(place, json.loads(value), answer, usual):
                wrong[f"{place.path} {name}"] = problem
    assert wrong == {}
    assert (await target.caller.call("GET", "/auth/signin")).status == 200


def problem_of(place: Place, value: Any, answer: Answer, usual: Answer) -> str:
    """What is wrong with an answer."""
    said = (answer.body or {}).get("message", "")
    if answer.status >= 500:
        return f"a defect: {said}"
    if answer.status == 400 and said not in ((usual.body or {}).get("message"), *ABOUT_PEOPLE):
        return "" if re.search(rf"\b{place.name}\b", said) else f"not named: {said}"
    if place.name == "id" or place.admits(value):
        return ""
    return f"accepted: {answer.status} {said}"
