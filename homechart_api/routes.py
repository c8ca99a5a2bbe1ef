"""THE route table: five routes for every declared object, then every route written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api import crud
from homechart_api.controllers import (
    accounts,
    archives,
    budget_accounts,
    budget_months,
    budget_transactions,
    charts,
    demo,
    documentation,
    feature_votes,
    health,
    households,
    icalendar,
    icalendars,
    invites,
    keys,
    members,
    notifications,
    oidc,
    passkey_signin,
    passkeys,
    plan_tasks,
    recipes,
    reset,
    sessions,
    signin,
    signup,
    sync,
    system,
    telemetry,
    totp,
    verify,
)
from homechart_api.middleware.limits import Limit
from homechart_api.middleware.session import Gate
from homechart_api.route import Content, Route, meet_expectation
from homechart_common import watch
from homechart_common.models import (
    AuthAccount,
    AuthHousehold,
    AuthSession,
    BudgetTransaction,
    CalendarICalendar,
    CookRecipe,
    Notification,
    PlanTask,
    registry,
)
from homechart_common.models.model import Model

API = "/api/v1"

_GENERIC: tuple[tuple[str, str, str, str, Callable[[type[Model]], Handler]], ...] = (
    ("list", "GET", "", "{plural}Read", crud.list_route),
    ("create", "POST", "", "{name}Create", crud.create_route),
    ("read", "GET", "/{id}", "{name}Read", crud.read_route),
    ("update", "PUT", "/{id}", "{name}Update", crud.update_route),
    ("delete", "DELETE", "/{id}", "{name}Delete", crud.delete_route),
)

#: Handlers of those among them that do more.
_MORE: dict[tuple[type[Model], str], Handler] = {
    (CalendarICalendar, "create"): icalendars.create,
    (CalendarICalendar, "update"): icalendars.update,
    (PlanTask, "update"): plan_tasks.update,
}


def generic_routes() -> Iterator[Route]:
    """The routes that follow from the declarations."""
    for model in registry:
        for verb, method, suffix, operation, make in _GENERIC:
            if verb in model.routes:
                handler = _MORE.get((model, verb)) or make(model)
                yield Route(
                    method,
                    f"{API}{model.path}{suffix}",
                    handler,
                    operation.format(name=model.__name__, plural=model.plural),
                    model=model,
                    checked=True,
                    body=model if method in ("POST", "PUT") else None,
                    answer=model.plural if verb == "list" else model.__name__,
                    meaning=handler.__doc__ or "",
                )


# One route an entry, as short as it goes: the table is to be read at a glance.
# fmt: off
_ACCOUNT = f"{API}/auth/accounts/{{auth_account_id}}"
_HOUSEHOLD = f"{API}/auth/households/{{auth_household_id}}"
_MEMBER = f"{_HOUSEHOLD}/members/{{auth_account_id}}"
_INVITE = f"{_HOUSEHOLD}/invites/{{invite_token}}"
_PASSKEY = f"{_ACCOUNT}/passkeys/{{auth_passkey_id}}"
_SESSION = f"{API}/auth/sessions/{{auth_session_id}}"

_AUTH: tuple[Route, ...] = (
    Route("GET", f"{API}/auth/accounts", accounts.read_all, "AuthAccountsRead", answer="AuthAccounts",
        query=accounts.SEARCH),
    Route("POST", f"{API}/auth/accounts", signup.create, "AuthAccountCreate", Gate.OPTIONAL, Limit.EVERY,
        body=AuthAccount, answer="AuthSession"),
    Route("GET", _ACCOUNT, accounts.read, "AuthAccountRead", answer="AuthAccount", statuses=(204,)),
    Route("PUT", _ACCOUNT, accounts.update, "AuthAccountUpdate", body=AuthAccount, answer="AuthAccount",
        statuses=(204, 429)),
    Route("DELETE", _ACCOUNT, accounts.delete, "AuthAccountDelete", statuses=(204,)),
    Route("PUT", f"{_ACCOUNT}/keys", keys.update, "AuthAccountKeysUpdate", body=keys.UPDATE,
        answer="AuthAccount", statuses=(204,)),
    Route("DELETE", f"{_ACCOUNT}/sessions", sessions.delete_of_account, "AuthAccountSessionsDelete",
        Gate.ADMIN, statuses=(204,)),
    Route("GET", f"{_ACCOUNT}/totp", totp.read, "AuthAccountTOTPRead", answer="AuthAccount", statuses=(204,)),
    Route("POST", f"{_ACCOUNT}/totp", totp.create, "AuthAccountTOTPCreate", answer="AuthAccount", statuses=(204,)),
    Route("PUT", f"{_ACCOUNT}/totp", totp.update, "AuthAccountTOTPUpdate", limited=Limit.EVERY,
        body=totp.UPDATE, answer="AuthAccount", statuses=(204,)),
    Route("GET", f"{_ACCOUNT}/webauthn", passkeys.offer, "AuthAccountWebAuthnRead", limited=Limit.EVERY,
        answer=passkeys.OFFER),
    Route("PUT", f"{_ACCOUNT}/webauthn", passkeys.create, "AuthAccountWebAuthnUpdate", limited=Limit.EVERY,
        body=passkeys.CREATE, answer="AuthPasskey"),
    Route("GET", f"{_ACCOUNT}/passkeys", passkeys.read_all, "AuthPasskeysRead", answer="AuthPasskeys"),
    Route("PUT", _PASSKEY, passkeys.update, "AuthPasskeyUpdate", body=passkeys.UPDATE, answer="AuthPasskey",
        statuses=(204,)),
    Route("DELETE", _PASSKEY, passkeys.delete, "AuthPasskeyDelete", statuses=(204,)),
    Route("PUT", f"{API}/icalendar", icalendar.update, "ICalendarUpdate", answer="AuthAccount"),
    Route("DELETE", f"{API}/icalendar", icalendar.delete, "ICalendarDelete", answer="AuthAccount", statuses=(204,)),
    Route("POST", f"{API}/auth/reset", reset.create, "AuthResetCreate", Gate.PUBLIC, Limit.EVERY, body=reset.CREATE),
    Route("PUT", f"{API}/auth/reset", reset.update, "AuthResetUpdate", Gate.PUBLIC, Limit.EVERY,
        body=reset.UPDATE, statuses=(204,)),
    Route("GET", f"{API}/auth/verify", verify.read, "AuthVerifyRead", limited=Limit.EVERY, answer="AuthAccount"),
    Route("PUT", f"{API}/auth/verify", verify.update, "AuthVerifyUpdate", Gate.PUBLIC, answer="AuthAccount",
        query=verify.TOKEN),
    Route("GET", f"{API}/auth/signin", signin.read, "AuthSignInRead", limited=Limit.EVERY, answer="AuthSession"),
    Route("POST", f"{API}/auth/signin", signin.create, "AuthSignInCreate", Gate.PUBLIC, Limit.EVERY,
        body=signin.SIGN_IN, answer="AuthSession"),
    Route("GET", f"{API}/auth/webauthn", passkey_signin.offer, "AuthWebAuthnRead", Gate.PUBLIC, Limit.EVERY,
        answer=passkey_signin.OFFER, statuses=(400,)),
    Route("POST", f"{API}/auth/webauthn", passkey_signin.create, "AuthWebAuthnCreate", Gate.PUBLIC, Limit.EVERY,
        body=passkey_signin.SIGN_IN, answer="AuthSession"),
    Route("GET", f"{API}/auth/demo", demo.read, "AuthDemoRead", Gate.PUBLIC, Limit.EVERY, answer="AuthSession",
        query=demo.VISITOR, statuses=(404,)),
    Route("GET", f"{API}/auth/sessions", sessions.read_all, "AuthSessionsRead", answer="AuthSessions"),
    Route("POST", f"{API}/auth/sessions", sessions.create, "AuthSessionCreate", body=AuthSession,
        answer="AuthSession"),
    Route("DELETE", f"{API}/auth/sessions", sessions.delete_all, "AuthSessionsDelete"),
    Route("PUT", _SESSION, sessions.update, "AuthSessionUpdate", body=sessions.UPDATE, answer="AuthSession",
        statuses=(204,)),
    Route("DELETE", _SESSION, sessions.delete, "AuthSessionDelete", statuses=(204,)),
    Route("GET", f"{API}/auth/households", households.read_all, "AuthHouseholdsRead", answer="AuthHouseholds",
        query=households.SEARCH),
    Route("POST", f"{API}/auth/households", households.create, "AuthHouseholdCreate", body=AuthHousehold,
        answer="AuthHousehold"),
    Route("GET", _HOUSEHOLD, households.read, "AuthHouseholdRead", answer="AuthHousehold", statuses=(204,)),
    Route("PUT", _HOUSEHOLD, households.update, "AuthHouseholdUpdate", body=AuthHousehold,
        answer="AuthHousehold", statuses=(204,)),
    Route("DELETE", _HOUSEHOLD, households.delete, "AuthHouseholdDelete", statuses=(204,)),
    Route("POST", f"{_HOUSEHOLD}/invites", invites.create, "AuthHouseholdInviteCreate", limited=Limit.EVERY,
        body=invites.CREATE),
    Route("GET", _INVITE, invites.accept, "AuthHouseholdInviteAccept", limited=Limit.EVERY, statuses=(204, 409)),
    Route("DELETE", _INVITE, invites.delete, "AuthHouseholdInviteDelete", limited=Limit.EVERY, statuses=(204,)),
    Route("PUT", _MEMBER, members.update, "AuthHouseholdMemberUpdate", body=members.UPDATE, statuses=(204,)),
    Route("DELETE", _MEMBER, members.delete, "AuthHouseholdMemberDelete", statuses=(204,)),
    Route("GET", f"{API}/oidc", oidc.read_all, "OIDCProvidersRead", Gate.PUBLIC, answer=oidc.PROVIDERS),
    Route("GET", f"{API}/oidc/{{name}}", oidc.read, "OIDCRedirectRead", Gate.PUBLIC, Limit.EVERY),
)

_ARCHIVES: tuple[Route, ...] = (
    Route("GET", f"{_HOUSEHOLD}/export", archives.export, "AuthHouseholdExport", answer=archives.EXPORT,
        statuses=(429,)),
    Route("POST", f"{_HOUSEHOLD}/import", archives.import_, "AuthHouseholdImport", body=archives.IMPORT,
        statuses=(413, 429)),
)

_BUDGET: tuple[Route, ...] = (
    Route("POST", f"{API}/budget/accounts/{{id}}/reconcile", budget_accounts.reconcile,
        "BudgetAccountReconcile", checked=True, statuses=(204,)),
    Route("GET", f"{API}/budget/accounts/{{id}}/transactions", budget_transactions.read_of_account,
        "BudgetAccountTransactionsRead", checked=True, answer="BudgetTransactions",
        query=budget_transactions.OFFSET),
    Route("GET", f"{API}/budget/categories/{{id}}/transactions", budget_transactions.read_of_category,
        "BudgetCategoryTransactionsRead", checked=True, answer="BudgetTransactions",
        query=budget_transactions.OFFSET),
    Route("GET", f"{API}/budget/categories/{{id}}/transactions/{{year_month}}",
        budget_transactions.read_of_category, "BudgetCategoryTransactionsReadYearMonth", checked=True,
        answer="BudgetTransactions", query=budget_transactions.OFFSET),
    Route("GET", f"{API}/budget/payees/{{id}}/transactions", budget_transactions.read_of_payee,
        "BudgetPayeeTransactionsRead", checked=True, answer="BudgetTransactions",
        query=budget_transactions.OFFSET),
    Route("POST", f"{API}/budget/transactions", budget_transactions.create, "BudgetTransactionCreate",
        checked=True, body=BudgetTransaction, answer="BudgetTransaction"),
    Route("PUT", f"{API}/budget/transactions/{{id}}", budget_transactions.update, "BudgetTransactionUpdate",
        checked=True, body=BudgetTransaction, answer="BudgetTransaction", statuses=(204,)),
    Route("DELETE", f"{API}/budget/transactions/{{id}}", budget_transactions.delete, "BudgetTransactionDelete",
        checked=True, answer="BudgetTransaction"),
    Route("GET", f"{API}/budget/months/{{auth_household_id}}/{{year_month}}", budget_months.read,
        "BudgetMonthRead", checked=True, answer="BudgetMonth", statuses=(204,)),
    Route("POST", f"{API}/budget/month-categories", budget_months.allocate, "BudgetMonthCategoryCreate",
        checked=True, body=budget_months.ALLOCATION, answer="BudgetMonthCategory"),
    Route("PUT", f"{API}/budget/month-categories", budget_months.reallocate, "BudgetMonthCategoryUpdate",
        checked=True, body=budget_months.ALLOCATION, answer="BudgetMonthCategory", statuses=(204,)),
    Route("GET", f"{API}/charts/datasets/{{auth_household_id}}/{{chart_type}}", charts.read,
        "ChartDatasetsRead", checked=True, answer=charts.DATASETS, query=charts.MONTHS),
)

_COOK: tuple[Route, ...] = (
    Route("GET", f"{API}{CookRecipe.path}/{{id}}", recipes.read, "CookRecipeRead", Gate.OPTIONAL,
        answer="CookRecipe"),
    Route("POST", f"{API}/import/recipe", recipes.create, "CookRecipeImport", body=recipes.IMPORT,
        answer="CookRecipe"),
)

_CALENDAR: tuple[Route, ...] = (
    Route("GET", f"{API}/icalendar/{{icalendar_id}}.ics", icalendar.read, "ICalendarRead", Gate.PUBLIC,
        answer=icalendar.FEED, query=icalendar.PARTS, statuses=(304,)),
    Route("GET", f"{API}/ical/{{icalendar_id}}.ics", icalendar.read, "ICalRead", Gate.PUBLIC,
        answer=icalendar.FEED, query=icalendar.PARTS, statuses=(304,),
        meaning="The address that feeds had in earlier versions."),
)

_ADMIN: tuple[Route, ...] = (
    Route("GET", f"{API}/admin/feature-votes", feature_votes.read_all, "AdminFeatureVotesRead", Gate.ADMIN,
        answer=feature_votes.VOTES),
    Route("DELETE", f"{API}/admin/feature-votes", feature_votes.delete_all, "AdminFeatureVotesDelete", Gate.ADMIN),
    Route("GET", f"{API}/notifications", notifications.read_all, "NotificationsRead", Gate.ADMIN,
        answer=Notification.plural),
    Route("POST", f"{API}/notifications", notifications.create, "NotificationCreate", Gate.ADMIN,
        body=Notification, answer="Notification"),
    Route("GET", f"{API}/notifications/deliveries", notifications.read_deliveries, "NotificationDeliveriesRead",
        Gate.ADMIN, answer=notifications.DELIVERIES, query=notifications.OF_WHAT),
    Route("PUT", f"{API}/notifications/{{id}}", notifications.update, "NotificationUpdate", Gate.ADMIN,
        body=Notification, answer="Notification", statuses=(204,)),
    Route("DELETE", f"{API}/notifications/{{id}}", notifications.delete, "NotificationDelete", Gate.ADMIN),
)

_HEALTH: tuple[Route, ...] = (
    Route("PUT", f"{API}/health/items", health.furnish, "HealthItemsInit", query=health.WHOSE),
)

_PLATFORM: tuple[Route, ...] = (
    Route("GET", f"{API}/sync", sync.read, "SyncRead", checked=True, answer=sync.SYNC, query=sync.CURSOR,
        statuses=(204,)),
    Route("GET", f"{API}/sse/{{auth_session_id}}", sync.follow, "SSERead", Gate.PUBLIC, Limit.REFUSED,
        answer=sync.EVENTS, query=sync.SINCE),
    Route("GET", "/api", system.info, "InfoRead", Gate.PUBLIC, answer=system.INFO),
    Route("GET", watch.HEALTH, system.health, "SystemHealthRead", Gate.PUBLIC, Limit.REFUSED,
        answer=system.HEALTH, query=system.KEY, statuses=(403, 500)),
    Route("HEAD", watch.HEALTH, system.health, "SystemHealthCheck", Gate.PUBLIC, Limit.REFUSED,
        query=system.KEY, statuses=(403, 500)),
    Route("GET", watch.METRICS, system.metrics, "SystemMetricsRead", Gate.PUBLIC, Limit.REFUSED,
        answer=Content("text/plain", {"type": "string"}), query=system.KEY, statuses=(403,)),
    Route("POST", f"{API}/telemetry/errors", telemetry.create_error, "TelemetryErrorCreate", Gate.PUBLIC,
        body=telemetry.ERROR, statuses=(204,)),
    Route("POST", f"{API}/telemetry/traces", telemetry.create_traces, "TelemetryTracesCreate", Gate.PUBLIC,
        body=telemetry.TRACES, answer=telemetry.TRACES, statuses=(404,)),
    Route("GET", "/api/openapi.json", documentation.read_json, "DocumentationRead", Gate.PUBLIC,
        answer=documentation.JSON),
    Route("GET", "/swagger.yaml", documentation.read_yaml, "DocumentationReadYAML", Gate.PUBLIC,
        answer=documentation.YAML),
    Route("GET", "/api/docs", documentation.page, "DocumentationPageRead", Gate.PUBLIC, answer=documentation.PAGE),
    Route("GET", "/api/docs/{file}", documentation.page_file, "DocumentationFileRead", Gate.PUBLIC,
        answer=documentation.FILE, statuses=(404,)),
)
# fmt: on

HAND_WRITTEN: tuple[Route, ...] = (
    *_AUTH,
    *_ADMIN,
    *_ARCHIVES,
    *_BUDGET,
    *_CALENDAR,
    *_COOK,
    *_HEALTH,
    *_PLATFORM,
)

#: Where the baseline offers what a hoster sells, and where it keeps room for voice assistants. Clients take an
#: answer of 404 without a body, whatever the method, for a server that has nothing of the kind (contract decision 4).
ABSENT = tuple(f"{API}/{name}" for name in ("assistants", "cloud", "contact", "payments"))


def routes() -> tuple[Route, ...]:
    """Every operation of the API."""
    return (*generic_routes(), *HAND_WRITTEN)


def add_routes(app: web.Application) -> None:
    """Make an application answer all of them, and describe them. A path may end with a slash, as the baseline's."""
    app[documentation.DOCUMENT] = documentation.Document(routes())
    for route in routes():
        handler = route.guarded_handler()
        for path in (route.path, f"{route.path}/"):
            app.router.add_route(route.method, path, handler, expect_handler=meet_expectation)
