"""What the server decides, no body decides: every column that a route does not write, under all its names."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest

from homechart_api.middleware.session import Gate
from homechart_api.route import Members, Route
from homechart_api.routes import API, HAND_WRITTEN
from homechart_common.models import AuthSession
from homechart_common.models.bodies import writable
from homechart_common.models.fields import json_name
from homechart_common.models.model import Model
from homechart_common.notify.outbox import ANNOUNCEMENT
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.factories import new_account, new_household, new_passkey, new_session, what_it_needs
from tests.security.everybody import Everybody
from tests.security.test_access_objects import MADE

Row = dict[str, Any]

CHANGED = [model for model in MADE if "update" in model.routes]
WRITING = {route.operation: route for route in HAND_WRITTEN if isinstance(route.body, type | Members)}

#: Updates by hand: the row that each is about, by the name of the variable in its path.
UPDATES = {
    "AuthAccountKeysUpdate": "auth_account_id",
    "AuthAccountTOTPUpdate": "auth_account_id",
    "AuthAccountUpdate": "auth_account_id",
    "AuthHouseholdMemberUpdate": "membership",
    "AuthHouseholdUpdate": "auth_household_id",
    "AuthPasskeyUpdate": "auth_passkey_id",
    "AuthSessionUpdate": "auth_session_id",
    "BudgetTransactionUpdate": "id",
    "NotificationUpdate": "id",
}
#: Creates by hand, and what they need to be told.
CREATES: dict[str, Row] = {
    "AuthAccountCreate": {"password": "correct-horse-9", "tosAccepted": True},
    "AuthHouseholdCreate": {},
    "AuthHouseholdInviteCreate": {},
    "AuthSessionCreate": {},
    "BudgetTransactionCreate": {"date": "2023-11-24", "accounts": [{"amount": 7}]},
    "NotificationCreate": {"sendAfter": "2099-01-01"},
}
#: Members of which a create takes what it is told.
CHOSEN = {"BudgetTransactionCreate": ("id",), "NotificationCreate": ("id",)}
#: These read a few members and make a session or a passkey, send a mail or write a row without an id; their tests
#: say what comes of it.
READING = {
    "AuthAccountWebAuthnUpdate",
    "AuthResetCreate",
    "AuthResetUpdate",
    "AuthSignInCreate",
    "AuthWebAuthnCreate",
    "BudgetMonthCategoryCreate",
    "BudgetMonthCategoryUpdate",
}


def test_every_route_with_a_body_is_here() -> None:
    assert WRITING.keys() == UPDATES.keys() | CREATES.keys() | READING


def written_by(route: Route) -> set[str]:
    """The names of the members that a route reads."""
    if isinstance(route.body, Members):
        return set(route.body.names)
    return set(writable(object_of(route), "C" if route.method == "POST" else "U"))


def object_of(route: Route) -> type[Model]:
    """The object that a body is about."""
    body = route.body.model if isinstance(route.body, Members) else route.body
    assert isinstance(body, type)
    return body


async def row_of(database: Database, table: str, row_id: str) -> Row:
    found = await database.fetch_value(
        f"SELECT to_jsonb(t)::text FROM {table} t WHERE id = %(id)s", {"id": row_id}
    )
    row: Row = json.loads(found)
    row.pop("access", None)
    return row


def another(value: Any) -> Any:
    """A value of the same kind, which the server would never come up with."""
    match value:
        case bool():
            return not value
        case int():
            return value + 41
        case list():
            return ["forged"]
        case dict():
            return {"forged": True}
        case str() if re.fullmatch("[0-9a-f-]{36}", value):
            return str(uuid.uuid4())
        case str() if re.match(r"\d{4}-\d\d-\d\dT", value):
            return "2001-02-03T04:05:06+00:00"
        case str() if value.startswith("\\x"):
            return "\\x00"
    return str(uuid.uuid4())


def forged(row: Row, written: set[str], model: type[Model]) -> tuple[Row, Row]:
    """Other values for all columns of a row that are not to be written, and the body that says them."""
    columns = {}
    body: Row = {}
    for column, value in row.items():
        names = {column, json_name(column)}
        if column in model.fields:
            names.add(model.fields[column].json)
        if not names & written:
            columns[column] = another(value)
            body |= dict.fromkeys(names, columns[column])
    return columns, body


def taken(stored: Row, columns: Row) -> set[str]:
    """The columns that have the forged value."""
    return {column for column, value in columns.items() if stored[column] == value}


@pytest.mark.parametrize("model", MADE, ids=lambda model: model.__name__)
async def test_a_create_decides_nothing_that_is_not_its(
    database: Database, everybody: Everybody, model: type[Model]
) -> None:
    ann = everybody.cast.ann
    value = await ann.make(model)
    row = await row_of(database, model.table, value["id"])
    owners = {"id", "authAccountID", "authHouseholdID"} if "authHouseholdID" in value else {"id"}
    columns, body = forged(row, {*writable(model, "C"), *owners}, model)
    beside = await ann.body(model, **what_it_needs(model, value))
    made = (await ann.create(model, {**beside, **body})).value
    assert "owner_id" in columns
    assert taken(await row_of(database, model.table, made["id"]), columns) == set()


@pytest.mark.parametrize("model", CHANGED, ids=lambda model: model.__name__)
async def test_an_update_decides_nothing_that_is_not_its(
    database: Database, everybody: Everybody, model: type[Model]
) -> None:
    ann = everybody.cast.ann
    value = await ann.make(model)
    row = await row_of(database, model.table, value["id"])
    columns, body = forged(row, set(writable(model, "U")), model)
    assert {"id", "updated", "owner_id"} <= columns.keys()
    assert (await ann.update(model, value["id"], body)).status == 204
    assert await row_of(database, model.table, value["id"]) == row


@pytest.mark.parametrize("operation", UPDATES)
async def test_an_update_by_hand_decides_nothing_that_is_not_its(
    database: Database, everybody: Everybody, operation: str
) -> None:
    route, named = WRITING[operation], UPDATES[operation]
    account = await new_account(database)
    household = await new_household(database, account)
    session = await new_session(database, account)
    membership = await database.fetch_value(
        "SELECT id FROM auth_account_auth_household WHERE auth_household_id = %(id)s", {"id": household}
    )
    ids = {
        "auth_account_id": account,
        "auth_household_id": household,
        "auth_passkey_id": await new_passkey(database, account),
        "auth_session_id": session.id,
        "membership": membership,
        "id": await (new_message if route.gate is Gate.ADMIN else new_transaction)(database, household),
    }
    body_of = object_of(route)
    row = await row_of(database, body_of.table, ids[named])
    _, body = forged(row, written_by(route), body_of)
    path = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], route.path).removeprefix(API)
    caller = Caller(everybody.cast.ann.client, account, session.headers)
    caller = everybody.cast.root if route.gate is Gate.ADMIN else caller
    assert (await caller.call(route.method, path, body)).status == 204
    assert await row_of(database, body_of.table, ids[named]) == row


@pytest.mark.parametrize("operation", CREATES)
async def test_a_create_by_hand_decides_nothing_that_is_not_its(
    database: Database, everybody: Everybody, operation: str
) -> None:
    route = WRITING[operation]
    account = await new_account(database)
    household = await new_household(database, account)
    caller = Caller(everybody.cast.ann.client, account, (await new_session(database, account)).headers)
    caller = everybody.cast.root if route.gate is Gate.ADMIN else caller
    path = route.path.removeprefix(API).replace("{auth_household_id}", household)
    body_of = object_of(route)

    async def made(body: Row) -> dict[type[Model], Row]:
        """The rows that a request made, by what they are."""
        address = f"{uuid.uuid4().hex}@example.com"
        before = {model: set(await ids_in(database, model)) for model in (body_of, AuthSession)}
        answer = await caller.call("POST", path, {**body, "emailAddress": address, **CREATES[operation]})
        assert answer.status == 200, answer
        rows = {}
        for model, known in before.items():
            for new in set(await ids_in(database, model)) - known:
                rows[model] = await row_of(database, model.table, new)
        return rows

    for model, row in (await made({})).items():
        columns, body = forged(row, {*written_by(route), "authAccountID", *CHOSEN.get(operation, ())}, model)
        assert taken((await made(body))[model], columns) == set()


async def new_transaction(database: Database, household: str) -> Any:
    """A transaction with an entry, which is of no account."""
    return await database.fetch_value(
        "WITH posted AS (INSERT INTO budget_transaction (auth_household_id, date) VALUES (%(id)s, now())"
        " RETURNING id, auth_household_id) INSERT INTO budget_transaction_account"
        " (budget_transaction_id, auth_household_id, amount) SELECT *, 7 FROM posted"
        " RETURNING budget_transaction_id",
        {"id": household},
    )


async def new_message(database: Database, household: str) -> Any:
    """A message of an administrator to nobody in particular, which waits for its time."""
    return await database.fetch_value(
        "INSERT INTO notification (kind, subject_smtp, send_after)"
        " VALUES (%(kind)s, %(id)s, now() + interval '1 day') RETURNING id",
        {"kind": ANNOUNCEMENT, "id": household},
    )


async def ids_in(database: Database, model: type[Model]) -> list[str]:
    return [row[0] for row in await database.fetch(f"SELECT id::text FROM {model.table}")]
