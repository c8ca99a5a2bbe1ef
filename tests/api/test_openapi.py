"""The OpenAPI document says what the server does: every route, and every answer as it comes."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from homechart_api.__main__ import command_line
from homechart_api.app import create_app
from homechart_api.middleware.session import Gate
from homechart_api.routes import routes
from homechart_common.config import load
from homechart_common.ids import NIL_UUID
from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.factories import (
    body_for,
    needed_references,
    new_account,
    new_household,
    new_session,
    target_of,
    what_it_needs,
)

Client = TestClient[web.Request, web.Application]
Json = dict[str, Any]

LISTED = [model for model in registry if "list" in model.routes]
CREATED = [model for model in registry if "create" in model.routes]
OPERATIONS = [pytest.param(route, id=route.operation) for route in routes()]


@pytest.fixture(scope="module")
async def client(database: Database) -> AsyncIterator[Client]:
    app = create_app(load(environment={"HOMECHART_APP_RATELIMITERRATE": "1000-S"}), database.settings)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture(scope="module")
async def document(client: Client) -> Json:
    async with client.get("/api/openapi.json") as response:
        assert response.status == 200
        found: Json = await response.json()
    return found


@pytest.fixture
async def account(database: Database) -> str:
    """Somebody in a household of their own."""
    account = await new_account(database)
    await new_household(database, account)
    return account


@pytest.fixture
async def signed_in(client: Client, database: Database, account: str) -> AsyncIterator[ClientSession]:
    """The connection of a session of theirs."""
    session = await new_session(database, account)
    async with ClientSession(client.make_url("/"), headers=session.headers) as own:
        yield own


def problems(document: Json, schema: Json, value: Any) -> list[str]:
    """What is wrong with a value by a schema of the document."""
    validator = Draft202012Validator(
        {**schema, "components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


async def answer(
    client: ClientSession, document: Json, method: str, template: str, *ids: str, **request: Any
) -> Any:
    """What the server answers, after comparing it with what the document says of this operation."""
    given = iter(ids)
    path = re.sub(r"\{\w+\}", lambda _: next(given), template)
    async with client.request(method, path, **request) as response:
        text = await response.text()
        said = document["paths"][template][method.lower()]["responses"].get(str(response.status))
    assert said is not None, f"{method} {template} answers {response.status}: {text}"
    if "$ref" in said:
        said = document["components"]["responses"][said["$ref"].rpartition("/")[2]]
    if "content" not in said:
        assert text == ""
        return None
    body = json.loads(text)
    assert problems(document, said["content"]["application/json"]["schema"], body) == []
    return body


async def body_of(client: ClientSession, model: type[Model], account: str) -> Json:
    """A body that creates an object, and what it cannot be without."""
    made = {}
    for reference in needed_references(model):
        target = target_of(reference)
        body = await body_of(client, target, account)
        async with client.post(f"/api/v1{target.path}", json=body) as response:
            made[reference.json] = (await response.json())["dataValue"][0]["id"]
    return body_for(model, by=account, **made)


def test_the_document_is_valid(document: Json) -> None:
    validate(document)


def test_every_route_is_in_the_document_and_nothing_else(client: Client, document: Json) -> None:
    outside = {"/robots.txt", "/{path}"}
    served = {
        (route.method, route.resource.canonical.rstrip("/"))
        for route in client.app.router.routes()
        if route.resource is not None and route.method != "*" and route.resource.canonical not in outside
    }
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}

    assert described == served


@pytest.mark.parametrize("route", OPERATIONS)
def test_an_operation_is_described_in_full(route: Any, document: Json) -> None:
    path = re.sub(r":[^{}]*\}", "}", route.path)
    operation = document["paths"][path][route.method.lower()]

    assert operation["operationId"] == route.operation
    assert operation["summary"]
    assert "``" not in operation["summary"] + operation.get("description", "")
    assert "§" not in operation["summary"] + operation.get("description", "")
    names = [
        parameter["name"] for parameter in operation.get("parameters", []) if parameter.get("in") == "path"
    ]
    assert names == re.findall(r"\{(\w+)\}", path)
    if route.method in ("POST", "PUT") and route.gate is Gate.PUBLIC:
        assert "requestBody" in operation or operation.get("parameters")


def test_operations_have_names_of_their_own(document: Json) -> None:
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]

    assert len(names) == len(set(names))


def test_tags_of_objects_say_what_they_are(document: Json) -> None:
    described = {tag["name"]: tag.get("description", "") for tag in document["tags"]}
    used = {
        tag for item in document["paths"].values() for operation in item.values() for tag in operation["tags"]
    }

    assert set(described) == used
    assert all(described[model.__name__] for model in registry if model.__name__ in used)


@pytest.mark.parametrize("route", OPERATIONS)
async def test_who_must_be_signed_in_is_said(route: Any, client: Client, document: Json) -> None:
    path = re.sub(r":[^{}]*\}", "}", route.path)
    operation = document["paths"][path][route.method.lower()]

    async with client.request(route.method, re.sub(r"\{\w+\}", NIL_UUID, path)) as response:
        status = response.status

    assert (status == 410) == (operation["security"] != [] and {} not in operation["security"])
    assert str(status) in operation["responses"]


@pytest.mark.parametrize("model", CREATED, ids=lambda model: model.__name__)
async def test_answers_are_as_described(
    model: type[Model], signed_in: ClientSession, account: str, document: Json
) -> None:
    path = f"/api/v1{model.path}"
    body = await body_of(signed_in, model, account)

    made = await answer(signed_in, document, "POST", path, json=body)
    item, made_id = f"{path}/{{id}}", made["dataValue"][0]["id"]
    await answer(signed_in, document, "GET", item, made_id)
    listed = await answer(signed_in, document, "GET", path)
    if "update" in model.routes:
        changed = body_for(model, "U", by=account, **what_it_needs(model, body))
        await answer(signed_in, document, "PUT", item, made_id, json=changed)
        newer = {
            "x-homechart-hash": listed["dataHash"],
            "x-homechart-updated": listed["dataValue"][0]["updated"],
        }
        changed = await answer(signed_in, document, "GET", path, headers=newer)
        assert changed["dataIDs"]
    gone = await answer(signed_in, document, "DELETE", item, made_id)
    missing = await answer(signed_in, document, "GET", item, made_id)

    assert set(gone["dataValue"][0]) == set(document["components"]["schemas"][model.__name__]["properties"])
    assert missing["message"] == "Item not found"


@pytest.mark.parametrize("model", CREATED, ids=lambda model: model.__name__)
async def test_bodies_that_say_everything_are_as_described(
    model: type[Model], signed_in: ClientSession, account: str, document: Json
) -> None:
    schemas = document["components"]["schemas"]

    body = await body_of(signed_in, model, account)
    assert problems(document, schemas[f"{model.__name__}Input"], body) == []
    if "update" in model.routes:
        changes = body_for(model, "U", by=account)
        assert problems(document, schemas[f"{model.__name__}Patch"], changes) == []
        assert "required" not in schemas[f"{model.__name__}Patch"]


@pytest.mark.parametrize("model", CREATED, ids=lambda model: model.__name__)
async def test_a_body_without_a_required_member_is_refused(
    model: type[Model], signed_in: ClientSession, account: str, document: Json
) -> None:
    body = await body_of(signed_in, model, account)
    path = f"/api/v1{model.path}"

    for name in document["components"]["schemas"][f"{model.__name__}Input"].get("required", []):
        without = {key: value for key, value in body.items() if key != name}
        refused = await answer(signed_in, document, "POST", path, json=without)
        assert refused["status"] == 400
        assert name in refused["message"]


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model.__name__)
async def test_an_empty_list_is_as_described(
    model: type[Model], signed_in: ClientSession, document: Json
) -> None:
    listed = await answer(signed_in, document, "GET", f"/api/v1{model.path}")

    assert listed["dataType"] == model.plural


async def test_answers_to_anybody_are_as_described(client: Client, document: Json) -> None:
    async with ClientSession(client.make_url("/")) as somebody:
        await answer(somebody, document, "GET", "/api")
        await answer(somebody, document, "GET", "/api/v1/oidc")


async def test_answers_about_people_are_as_described(client: Client, document: Json) -> None:
    auth = "/api/v1/auth"
    account, household, session = (
        f"{auth}/{k}s/{{auth_{k}_id}}" for k in ("account", "household", "session")
    )
    person = {
        "emailAddress": f"{uuid.uuid4().hex}@example.com",
        "password": "correct horse",
        "tosAccepted": True,
    }
    permissions = {"auth": 1, "budget": 2}

    async with ClientSession(client.make_url("/")) as ann:

        async def ask(method: str, template: str, *ids: str, **body: Any) -> Json:
            answered = await answer(ann, document, method, template, *ids, **({"json": body} if body else {}))
            return (answered["dataValue"] or [{}])[0] if answered else {}

        await ask("POST", f"{auth}/signin", **person)
        made = await ask("POST", f"{auth}/accounts", **person)
        await ask("POST", f"{auth}/accounts", **person)
        assert await ask("POST", f"{auth}/signin", **person)
        ann.headers.update({"x-homechart-id": made["id"], "x-homechart-key": made["key"]})
        me = made["authAccountID"]

        assert await ask("GET", f"{auth}/signin")
        assert await ask("GET", f"{auth}/accounts")
        assert await ask("GET", account, me)
        assert await ask("PUT", account, me, name="Ann", preferences={"darkMode": True})
        assert await ask("POST", f"{account}/totp", me)
        assert await ask("PUT", "/api/v1/icalendar")
        assert await ask("DELETE", "/api/v1/icalendar")

        home = (await ask("POST", f"{auth}/households", name="Home"))["id"]
        assert await ask("GET", f"{auth}/households")
        assert await ask("PUT", household, home, name="The Lindens")
        await ask(
            "POST", f"{household}/invites", home, emailAddress="ben@example.com", permissions=permissions
        )
        await ask("POST", f"{household}/invites", home, name="Emma", child=True)
        members = (await ask("GET", household, home))["members"]
        assert len(members) == 3
        child = next(member["id"] for member in members if member["child"])
        await ask("PUT", f"{household}/members/{{auth_account_id}}", home, child, color=3)
        await ask("DELETE", f"{household}/members/{{auth_account_id}}", home, child)

        key = await ask("POST", f"{auth}/sessions", name="Script", permissionsAccount=permissions)
        assert await ask("GET", f"{auth}/sessions")
        assert await ask("PUT", session, key["id"], permissionsAccount={"auth": 1, "budget": 2, "shop": 2})
        await ask("DELETE", session, key["id"])

        everything = await ask("GET", "/api/v1/sync")
        assert everything["full"]
        await ask("DELETE", household, home)
        await ask("DELETE", account, me)
        await ask("GET", f"{auth}/signin")


async def test_answers_about_money_are_as_described(signed_in: ClientSession, document: Json) -> None:
    budget = "/api/v1/budget"

    async def ask(method: str, template: str, *ids: str, **body: Any) -> Any:
        answered = await answer(
            signed_in, document, method, budget + template, *ids, **({"json": body} if body else {})
        )
        return answered["dataValue"] if answered else None

    account = (await ask("POST", "/accounts", name="Bank"))[0]
    category = (await ask("POST", "/categories", name="Food", grouping="Everyday"))[0]
    home = account["authHouseholdID"]
    entry = {"budgetAccountID": account["id"], "amount": -5, "status": 1}
    share = {"budgetCategoryID": category["id"], "amount": -5, "yearMonth": 202311}
    said = {"date": "2023-11-24", "amount": -5, "accounts": [entry], "categories": [share]}
    posted = (await ask("POST", "/transactions", **said, budgetPayeeName="Bakery"))[0]
    assert await ask("PUT", "/transactions/{id}", posted["id"], note="Bread")
    assert await ask("PUT", "/transactions/{id}", posted["id"], note="Bread") is None
    assert await ask("POST", "/transactions", **{**said, "amount": -6}, budgetPayeeName="Bakery") is None
    for kind, name in (
        ("accounts", account["id"]),
        ("categories", category["id"]),
        ("payees", posted["budgetPayeeID"]),
    ):
        assert await ask("GET", f"/{kind}/{{id}}/transactions", name)
    assert await ask("GET", "/categories/{id}/transactions/{year_month}", category["id"], "202311")
    await ask("POST", "/accounts/{id}/reconcile", account["id"])
    given = {"budgetCategoryID": category["id"], "yearMonth": 202311}
    assert await ask("POST", "/month-categories", **given, amount=7)
    assert await ask("PUT", "/month-categories", **given, amount=8)
    assert await ask("GET", "/months/{auth_household_id}/{year_month}", home, "202311")
    assert await ask("DELETE", "/transactions/{id}", posted["id"])
    for chart in range(4):
        path = f"/api/v1/charts/datasets/{home}/{chart}?from=202301&to=202312"
        async with signed_in.get(path) as response:
            charted = await response.json()
        schema = document["components"]["schemas"]["ChartDatasetsAnswer"]
        assert problems(document, schema, charted) == []


async def test_both_notations_say_the_same(client: Client, document: Json) -> None:
    async with client.get("/swagger.yaml") as response:
        assert response.content_type == "application/yaml"
        assert yaml.safe_load(await response.text()) == document


def test_the_command_prints_what_the_server_answers(
    document: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line().run(["-j", "openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == document
    assert command_line().run(["openapi"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == document


@pytest.mark.parametrize("path", ["/api/openapi.json", "/swagger.yaml"])
async def test_a_document_that_the_caller_has_is_not_sent_again(client: Client, path: str) -> None:
    async with client.get(path) as first:
        tag = first.headers["ETag"]
    async with client.get(path, headers={"If-None-Match": tag}) as again:
        assert again.status == 304
        assert await again.read() == b""
    async with client.get(path, headers={"If-None-Match": '"other"', "Accept-Encoding": "identity"}) as other:
        assert other.status == 200
        assert "Content-Encoding" not in other.headers


async def test_the_page_needs_nothing_from_elsewhere_and_has_no_script_inside(client: Client) -> None:
    async with client.get("/api/docs") as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert re.findall(r"<script[^>]*>[^<]+", page) == []
    assert "<style" not in page
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) >= 4
    for file in files:
        if not file.startswith("data:"):
            async with client.get(file) as response:
                assert response.status == 200
                assert response.content_type in ("text/css", "text/javascript")


@pytest.mark.parametrize("file", ["swagger-editor-bundle.js", "..%2fclient%2findex.html", "nothing.js"])
async def test_the_page_has_no_other_files(client: Client, file: str) -> None:
    async with client.get(f"/api/docs/{file}") as response:
        assert response.status == 404
