"""Who may call the routes that are written by hand. A route that is not classified here fails a test."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from homechart_api.middleware.session import Gate
from homechart_api.route import Route
from homechart_api.routes import API, HAND_WRITTEN, routes
from homechart_common.ids import NIL_UUID
from homechart_common.models.permissions import Component
from homechart_common.postgresql.database import Database
from tests.callers import Answer, Caller, Client
from tests.factories import new_session
from tests.security.everybody import Everybody, Person, new_everybody
from tests.security.rules import EDIT, FORBIDDEN, NOTHING, SIGNED_OUT, VIEW

LET_IN = "let in"


def own(person: Person) -> bool:
    return person.is_ann


def own_editing(person: Person) -> bool:
    """Who can get into an account, and by which sessions, is for sessions that may edit ``auth``."""
    return person.is_ann and person.own["auth"] == EDIT


def admin(person: Person) -> bool:
    return person.admin


def own_or_admin(person: Person) -> bool:
    return own(person) or admin(person)


def own_editing_or_admin(person: Person) -> bool:
    return own_editing(person) or admin(person)


def member_or_admin(person: Person) -> bool:
    return person.home is not None or admin(person)


def editor(person: Person) -> bool:
    """Who administers the household."""
    return person.home is not None and person.home["auth"] == EDIT


def own_editing_editor(person: Person) -> bool:
    """Who administers the household, and can get into their account; no child can."""
    return editor(person) and person.own["auth"] == EDIT and person.name != "a child"


def viewer_of_budget(person: Person) -> bool:
    return person.home is not None and person.home["budget"] <= VIEW


def editor_or_self(person: Person) -> bool:
    """The path names the member Bob."""
    return editor(person) or person.name == "a member"


#: Who is let in where a path names Ann, one of her sessions, the household, or its member Bob.
LETS_IN: dict[str, Callable[[Person], bool]] = {
    "AuthAccountDelete": own_editing_or_admin,
    "AuthAccountKeysUpdate": own_editing,
    "AuthAccountRead": own_or_admin,
    "AuthAccountSessionsDelete": admin,
    "AuthAccountTOTPCreate": own_editing,
    "AuthAccountTOTPRead": own_editing,
    "AuthAccountTOTPUpdate": own_editing,
    "AuthAccountUpdate": own_or_admin,
    "AuthAccountWebAuthnRead": own_editing,
    "AuthAccountWebAuthnUpdate": own_editing,
    "AuthHouseholdDelete": editor,
    "AuthHouseholdExport": own_editing_editor,
    "AuthHouseholdImport": own_editing_editor,
    "AuthHouseholdInviteCreate": editor,
    "AuthHouseholdMemberDelete": editor_or_self,
    "AuthHouseholdMemberUpdate": editor,
    "AuthHouseholdRead": member_or_admin,
    "AuthHouseholdUpdate": editor,
    "AuthPasskeyDelete": own_editing,
    "AuthPasskeyUpdate": own_editing,
    "AuthPasskeysRead": own_editing,
    "AuthSessionDelete": own_editing,
    "AuthSessionUpdate": own_editing,
    "BudgetMonthRead": viewer_of_budget,
    "ChartDatasetsRead": viewer_of_budget,
}
COMPONENTS = {viewer_of_budget: Component.BUDGET}
#: These name an object, or an object of which they write a part; its tests say who is let in.
ABOUT_OBJECTS = {
    "BudgetAccountReconcile", "BudgetAccountTransactionsRead", "BudgetCategoryTransactionsRead",
    "BudgetCategoryTransactionsReadYearMonth", "BudgetMonthCategoryCreate", "BudgetMonthCategoryUpdate",
    "BudgetPayeeTransactionsRead", "BudgetTransactionCreate", "BudgetTransactionDelete", "BudgetTransactionUpdate",
    "CookRecipeImport", "CookRecipeRead",
}  # fmt: skip
#: What is in the path is a secret, and whoever knows it is let in.
BY_SECRET = {"AuthHouseholdInviteAccept", "AuthHouseholdInviteDelete", "SSERead"}
#: Whom these are about is in the query; their tests say who is let in.
BY_QUERY = {"HealthItemsInit"}
#: These name nobody and are about the caller.
ABOUT_ONESELF = {
    "AuthAccountsRead", "AuthHouseholdCreate", "AuthHouseholdsRead", "AuthSessionCreate", "AuthSessionsDelete",
    "AuthSessionsRead", "AuthSignInRead", "AuthVerifyRead", "ICalendarDelete", "ICalendarUpdate", "SyncRead",
}  # fmt: skip
#: These name nobody and are for administrators of the server.
FOR_ADMINISTRATORS = {
    "AdminFeatureVotesDelete", "AdminFeatureVotesRead", "NotificationCreate", "NotificationDelete",
    "NotificationDeliveriesRead", "NotificationUpdate", "NotificationsRead",
}  # fmt: skip
#: Anybody may call these, with or without a session.
PUBLIC = {
    "AuthAccountCreate", "AuthDemoRead", "AuthResetCreate", "AuthResetUpdate", "AuthSignInCreate", "AuthVerifyUpdate",
    "AuthWebAuthnCreate", "AuthWebAuthnRead",
    "DocumentationFileRead", "DocumentationPageRead", "DocumentationRead", "DocumentationReadYAML", "ICalRead",
    "ICalendarRead", "InfoRead", "OIDCProvidersRead", "OIDCRedirectRead", "SystemHealthCheck", "SystemHealthRead",
    "SystemMetricsRead", "TelemetryErrorCreate", "TelemetryTracesCreate",
}  # fmt: skip

GUARDED = [route for route in routes() if route.gate in (Gate.SESSION, Gate.ADMIN)]


def each(chosen: list[Route]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("route", [pytest.param(route, id=route.operation) for route in chosen])


def test_every_route_is_classified() -> None:
    classes = [set(LETS_IN), ABOUT_OBJECTS, BY_SECRET, BY_QUERY, ABOUT_ONESELF, FOR_ADMINISTRATORS, PUBLIC]
    assert sorted(route.operation for route in HAND_WRITTEN) == sorted(set().union(*classes))
    assert sum(map(len, classes)) == len(HAND_WRITTEN)
    guarded = {route.operation for route in GUARDED}
    assert {route.operation for route in routes()} - guarded == PUBLIC | {"CookRecipeRead", "SSERead"}
    assert {route.operation for route in GUARDED if route.gate is Gate.ADMIN} == FOR_ADMINISTRATORS | {
        "AuthAccountSessionsDelete"
    }
    named = {route.operation for route in HAND_WRITTEN if re.search(r"\{auth_\w+\}", route.path)}
    assert named == set(LETS_IN) | BY_SECRET


def path_to(route: Route, everybody: Everybody, **other: str) -> str:
    """The path with Ann, her session and the household in it; a member is Bob."""
    cast = everybody.cast
    member = "/members/" in route.path
    named = {
        "auth_account_id": (cast.bob if member else cast.ann).account,
        "auth_household_id": cast.home,
        "auth_session_id": cast.ann.headers["x-homechart-id"],
        "chart_type": "0",
        "year_month": "202311",
        **other,
    }
    return re.sub(r"\{(\w+)\}", lambda name: named.get(name[1], "0"), route.path).removeprefix(API)


async def stored(database: Database, everybody: Everybody) -> Any:
    """What is stored of Ann, her sessions and the household."""
    return await database.fetch(
        "SELECT to_jsonb(a)::text FROM auth_account a WHERE id = %(ann)s"
        " UNION ALL SELECT to_jsonb(h)::text FROM auth_household h WHERE id = %(home)s"
        " UNION ALL (SELECT to_jsonb(m)::text FROM auth_account_auth_household m"
        "  WHERE auth_household_id = %(home)s ORDER BY id)"
        " UNION ALL (SELECT to_jsonb(s)::text FROM auth_session s WHERE auth_account_id = %(ann)s ORDER BY id)",
        {"ann": everybody.cast.ann.account, "home": everybody.cast.home},
    )


def names_in(route: Route) -> list[str]:
    return re.findall(r"\{(auth_\w+)\}", route.path)


def said(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.message if answer.body else ""


def expected_of(route: Route, person: Person) -> str:
    """Of other people's sessions nobody is told whether there are any."""
    if not person.signed_in:
        return SIGNED_OUT
    if LETS_IN[route.operation](person):
        return LET_IN
    return NOTHING if "auth_session_id" in route.path and not person.is_ann else FORBIDDEN


@each([route for route in HAND_WRITTEN if route.operation in LETS_IN])
async def test_only_who_may_is_let_in(
    database: Database, client: Client, everybody: Everybody, route: Route
) -> None:
    destructive = route.method == "DELETE"
    if destructive:
        everybody = await new_everybody(database, client)
    people = everybody.who_ask_for(COMPONENTS.get(LETS_IN[route.operation], Component.AUTH))
    admitted = [person for person in people if expected_of(route, person) == LET_IN]
    refused = [person for person in people if person not in admitted]
    came = {}
    for person in [*refused, *(admitted[:1] if destructive else admitted)]:
        await person.arrive()
        before = await stored(database, everybody)
        answer = await person.caller.call(route.method, path_to(route, everybody), {})
        if person in admitted:
            came[person.name] = FORBIDDEN if answer.status in (403, 410) else LET_IN
            continue
        came[person.name] = str(answer.status)
        assert await stored(database, everybody) == before
        for name in names_in(route):
            nobody = path_to(route, everybody, **{name: str(uuid.uuid4())})
            assert said(await person.caller.call(route.method, nobody, {})) == said(answer)
    assert came == {person.name: expected_of(route, person) for person in people if person.name in came}


@each([route for route in HAND_WRITTEN if route.operation in FOR_ADMINISTRATORS])
async def test_what_names_nobody_is_for_administrators_alone(everybody: Everybody, route: Route) -> None:
    came = {}
    for person in everybody.people:
        await person.arrive()
        answer = await person.caller.call(route.method, path_to(route, everybody), {})
        came[person.name] = said(answer) if answer.status in (403, 410) else LET_IN
    refused = {True: (403, "Action forbidden"), False: (410, "Please sign in")}
    assert came == {
        person.name: LET_IN if person.admin else refused[person.signed_in] for person in everybody.people
    }


@each(GUARDED)
async def test_without_a_session_that_holds_nothing_is_answered(
    database: Database, everybody: Everybody, route: Route
) -> None:
    ann, cat = everybody.cast.ann, everybody.cast.cat
    expired = await new_session(database, ann.account, seconds=-1)
    revoked = await new_session(database, ann.account)
    await database.execute("DELETE FROM auth_session WHERE id = %(id)s", {"id": revoked.id})
    mixed = {**ann.headers, "x-homechart-id": cat.headers["x-homechart-id"]}
    path = re.sub(r"\{\w+\}", NIL_UUID, route.path).removeprefix(API)
    for headers in (
        {},
        expired.headers,
        revoked.headers,
        mixed,
        {**ann.headers, "x-homechart-key": ann.headers["x-homechart-id"]},
        {"x-homechart-id": ann.headers["x-homechart-id"]},
        {"x-homechart-id": NIL_UUID, "x-homechart-key": NIL_UUID},
        {"Authorization": f"Bearer {ann.headers['x-homechart-id']}"},
        {"Cookie": f"ID={ann.headers['x-homechart-id']}; Key={ann.headers['x-homechart-key']}"},
    ):
        answer = await Caller(ann.client, headers=headers).call(route.method, path, {})
        assert (answer.status, answer.message) == (410, "Please sign in"), headers


@pytest.mark.parametrize("query", ["", "filter=", "filter={home}", "filter={account}", "filter=@example.com"])
async def test_who_names_nobody_is_told_of_nobody_else(everybody: Everybody, query: str) -> None:
    cast = everybody.cast
    cat = next(person.caller for person in everybody.people if person.name == "another household")
    query = query.format(home=cast.home, account=cast.ann.account)
    cat.heard.clear()
    for route in HAND_WRITTEN:
        if route.operation in ABOUT_ONESELF and route.method == "GET":
            answer = await cat.call("GET", f"{route.path.removeprefix(API)}?{query}&offset=0")
            assert answer.status == 200
    strangers = [person.caller for person in everybody.people if person.caller.account != cat.account]
    assert cat.heard_of(cat.account, cast.away) == [cat.account, cast.away]
    assert cat.heard_of(cast.home, *(caller.account for caller in strangers if caller.account)) == []
