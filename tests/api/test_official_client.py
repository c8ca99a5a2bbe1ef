"""The official web client and the Home Assistant add-on: what they send when they start, and what they need to find
in the answers (contract §12)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.fields import ZERO_TIME
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.database import Database
from tests.callers import API, Caller
from tests.cast import Cast
from tests.catalogue import OURS, PLURALS, WIRE
from tests.factories import change_to, join, leave
from tests.sync.followers import LISTS, ListFollower
from tests.sync.streams import CREATED, UPDATED, open_stream
from tests.visitors import PASSWORD, SignUp, Visitor, new_address

RECIPES, TASKS = registry["CookRecipe"], registry["PlanTask"]
#: What the client sends in place of a session while it has none.
SIGNED_OUT = {"x-homechart-id": "null", "x-homechart-key": "null"}
#: The lists that the client keeps a copy of; it puts up with a server that has not all of them.
MIRRORED = (
    "/bookmarks",
    "/budget/accounts",
    "/budget/categories",
    "/budget/payees",
    "/budget/recurrences",
    "/calendar/events",
    "/calendar/icalendars",
    "/changes",
    "/cook/meal-plans",
    "/cook/meal-times",
    "/cook/recipes",
    "/health/items",
    "/health/logs",
    "/inventory/collections",
    "/inventory/items",
    "/notes/pages",
    "/notes/page-versions",
    "/plan/projects",
    "/plan/tasks",
    "/reward/cards",
    "/secrets/values",
    "/secrets/vaults",
    "/shop/categories",
    "/shop/items",
    "/shop/lists",
)


@pytest.fixture
async def ann(sign_up: SignUp) -> Visitor:
    """Somebody new, with a household."""
    ann = await sign_up(name="Ann", emailAddress=new_address())
    await ann.new_household()
    return ann


async def contents(caller: Caller) -> dict[str, list[dict[str, Any]]]:
    """Every list as it is, read anew."""
    return {model.__name__: (await caller.list(model)).values for model in LISTS}


def copied(follower: ListFollower) -> dict[str, list[dict[str, Any]]]:
    """Every list as the client has it, in the order of lists."""
    return {model.__name__: in_order(model, follower) for model in LISTS}


def in_order(model: type[Model], follower: ListFollower) -> list[dict[str, Any]]:
    """One of them."""
    rows = follower.copy[model.__name__].values()
    return sorted(rows, key=lambda row: (row[model.order], row["id"]))


# The start


async def test_a_client_without_a_session_is_told_so_and_signs_in(api: Visitor, ann: Visitor) -> None:
    async with api.client.get("/api?p=web", headers=SIGNED_OUT) as response:
        [info] = (await response.json())["dataValue"]
    assert info["version"].split(".")[1] == "08"
    refused = await api.get("/auth/signin", **SIGNED_OUT)
    assert refused.status == 410
    assert refused.body is not None
    assert (refused.body["dataValue"], refused.body["message"]) == (None, "Please sign in")

    # the client sends whole objects, with null for what it has not set
    account = (await ann.get(ann.home)).value
    whole = {
        **dict.fromkeys(("created", "dailyAgendaNext", "icalendarID", "id", "lastActivity", "updated")),
        **{name: account[name] for name in ("child", "preferences", "setup", "timeZone", "verified")},
        "emailAddress": account["emailAddress"],
        "iso639Code": "",
        "name": "",
        "password": PASSWORD,
        "passwordResetToken": None,
        "permissionsAccount": None,
        "permissionsHouseholds": None,
        "primaryAuthHouseholdID": None,
        "privateKeys": None,
        "publicKey": "",
        "rememberMe": True,
        "tosAccepted": False,
        "totpCode": "",
        "userAgent": "firefox",
    }
    signed_in = await api.call(
        "POST", "/auth/signin", whole, {**SIGNED_OUT, "Content-Type": "text/plain;charset=UTF-8"}
    )
    assert signed_in.body is not None
    assert signed_in.body["dataType"] == "AuthSession"
    again = api.signed_in(signed_in.value)
    shown = await again.get("/auth/signin")
    assert shown.body is not None
    assert shown.body["dataType"] == "AuthSession"
    assert shown.value["id"] == signed_in.value["id"]
    assert (shown.value["authAccountID"], shown.value["webPush"]) == (ann.account, None)
    assert (
        shown.value["permissionsAccount"].keys()
        == shown.value["permissionsHouseholds"][0]["permissions"].keys()
    )


async def test_what_has_not_changed_since_is_not_sent_again(ann: Visitor) -> None:
    account = (await ann.get(ann.home)).value
    assert (await ann.get(ann.home, x_homechart_updated=account["updated"])).status == 204
    households = await ann.get("/auth/households", x_homechart_updated=ZERO_TIME, x_homechart_hash="5e1c07ad")
    assert households.body is not None
    assert (households.body["dataType"], households.body["dataIDs"]) == ("AuthHouseholds", [])
    [household] = households.values
    assert household["subscriptionExpires"] > "2900", "or the client locks what the household has"
    assert household["subscriptionProcessor"] == 5


async def test_every_list_is_read_at_the_start_and_is_known_the_next_time(ann: Visitor) -> None:
    assert {model.path for model in LISTS if model.__name__ not in OURS} <= set(MIRRORED)
    for path in MIRRORED:
        assert (await ann.get(path)).status in (200, 404)
    web = ListFollower("web", ann)
    await web.turn()
    assert copied(web) == await contents(ann)
    assert web.answers == {"everything": len(LISTS)}
    await web.turn()
    assert web.answers == {"everything": len(LISTS), "nothing": len(LISTS)}


async def test_a_copy_is_only_used_if_its_objects_have_the_members_that_the_client_knows(
    ann: Visitor,
) -> None:
    for model in LISTS:
        answer = await ann.list(model)
        assert answer.body is not None
        assert answer.body["dataType"] == PLURALS[model.__name__]
        assert {frozenset(value) for value in answer.values} <= {frozenset(WIRE[model.__name__])}


# Keeping in step


async def test_a_copy_follows_what_others_do(cast: Cast) -> None:
    web = ListFollower("web", cast.bob)
    values = {}
    for model in LISTS:
        if "create" in model.routes and model.owner is not Owner.ACCOUNT:
            owner = {"authHouseholdID": cast.home}
            values[model] = [await cast.ann.make(model, **owner) for _ in range(2)]
    await web.turn()
    for model, (kept, gone) in values.items():
        if "update" in model.routes:
            assert (await cast.ann.update(model, kept["id"], change_to(model))).status == 200
        assert (await cast.ann.delete(model, gone["id"])).status in (200, 400), (
            "it may have gone with another one"
        )
    await web.turn()
    assert copied(web) == await contents(cast.bob)


@pytest.mark.parametrize(("older", "singly"), [(3, True), (12, False)])
async def test_what_comes_into_sight_without_being_new_is_fetched(
    cast: Cast, database: Database, older: int, singly: bool
) -> None:
    for _ in range(older):
        await cast.cat.make(RECIPES, authHouseholdID=cast.away)
    await cast.ann.make(RECIPES, authHouseholdID=cast.home)
    web = ListFollower("web", cast.bob)
    await web.read(RECIPES)
    await join(database, cast.away, cast.bob.account)
    await web.read(RECIPES)
    assert in_order(RECIPES, web) == (await cast.bob.list(RECIPES)).values
    assert len(web.copy["CookRecipe"]) == older + 1
    assert web.answers["single"] == (older if singly else 0)
    await leave(database, cast.away, cast.bob.account)
    await web.read(RECIPES)
    assert len(web.copy["CookRecipe"]) == 1


async def test_events_name_what_the_client_then_reads(cast: Cast) -> None:
    stream = await open_stream(cast.bob.client, cast.bob.headers["x-homechart-id"])
    made = await cast.ann.make(RECIPES, authHouseholdID=cast.home)
    told = await stream.told_of("cook_recipe")
    assert told == {
        "id": made["id"],
        "operation": CREATED,
        "table": "cook_recipe",
        "updated": made["updated"],
    }
    assert (await cast.bob.read(RECIPES, told["id"])).value["updated"] == told["updated"]

    changed = (await cast.ann.update(RECIPES, made["id"], {"servings": "3"})).value
    told = await stream.told_of("cook_recipe")
    assert (told["operation"], told["updated"]) == (UPDATED, changed["updated"])

    plan = await cast.ann.make(
        registry["CookMealPlan"], authHouseholdID=cast.home, cookRecipeID=made["id"], customRecipe=""
    )
    told = await stream.told_of("cook_recipe")
    assert (told["id"], told["operation"]) == (made["id"], UPDATED), "it counts its meal plans"
    assert (await cast.bob.read(RECIPES, made["id"])).value["updated"] == told["updated"]

    await cast.ann.delete(RECIPES, made["id"])
    gone = {(await stream.told_of("cook_meal_plan", "cook_recipe"))["id"] for _ in range(3)}
    assert gone == {made["id"], plan["id"]}
    stream.close()


async def test_a_write_is_answered_with_the_object_or_with_nothing(cast: Cast) -> None:
    made = await cast.ann.create(TASKS, await cast.ann.body(TASKS, authHouseholdID=cast.home))
    assert made.body is not None
    assert (made.body["dataType"], len(made.values)) == ("PlanTask", 1)
    same = await cast.ann.update(TASKS, made.value["id"], made.value)
    assert (same.status, same.body) == (204, None)
    renamed = await cast.ann.update(TASKS, made.value["id"], {**made.value, "name": "Sweep"})
    assert renamed.body is not None
    assert (renamed.body["dataType"], renamed.value["name"]) == ("PlanTask", "Sweep")
    assert (await cast.ann.delete(TASKS, made.value["id"])).status == 200
    gone = await cast.ann.delete(TASKS, made.value["id"])
    assert (gone.status, gone.message) == (400, "Item not found")


# The Home Assistant add-on


@pytest.fixture
def add_on(ann: Visitor) -> Caller:
    """Who knows a session by its id and key, and names them in every way at once."""
    key = ann.session["key"]
    headers = {
        "Authorization": f"Bearer {key}",
        "x-homechart-id": ann.session["id"],
        "x-homechart-key": key,
        "Cookie": f"homechart={key}",
    }
    return Caller(ann.client, ann.account, headers)


async def test_the_add_on_finds_the_account_and_who_is_in_the_household(add_on: Caller) -> None:
    assert [account["id"] for account in (await add_on.call("GET", "/auth/accounts")).values] == [
        add_on.account
    ]
    [household] = (await add_on.call("GET", "/auth/households")).values
    [member] = household["members"]
    assert (member["authAccountID"], member["name"]) == (add_on.account, "Ann")
    assert "@" in member["emailAddress"]
    without_id = {name: value for name, value in add_on.headers.items() if name != "x-homechart-id"}
    assert (await Caller(add_on.client, headers=without_id).call("GET", "/auth/accounts")).status == 200


async def test_the_add_on_reads_projects_and_tasks(add_on: Caller) -> None:
    assert {"id", "name"} <= (await add_on.list(registry["PlanProject"])).values[0].keys()
    needed = {"assignees", "color", "done", "dueDate", "lastDoneDate", "planProjectID", "recurrence", "tags"}
    assert needed <= (await add_on.list(TASKS)).values[0].keys()


async def test_the_add_on_says_little_of_a_task(add_on: Caller) -> None:
    task = (await add_on.create(TASKS, {"name": "Water the plants", "dueDate": "2026-12-01"})).value
    assert (task["authAccountID"], task["authHouseholdID"]) == (add_on.account, None)
    assert task["dueDate"] == "2026-12-01T00:00:00.000000Z"
    done = (
        await add_on.update(TASKS, task["id"], {"id": task["id"], "name": task["name"], "done": True})
    ).value
    assert done == {**task, "done": True, "updated": done["updated"]}
    assert (await add_on.delete(TASKS, task["id"])).status == 200


async def test_a_task_of_the_add_on_for_members_is_their_households(add_on: Caller) -> None:
    [household] = (await add_on.call("GET", "/auth/households")).values
    body = {"name": "Bins", "details": "Both", "assignees": [add_on.account], "tags": ["outside"]}
    task = (await add_on.create(TASKS, body)).value
    assert (task["authHouseholdID"], task["assignees"]) == (household["id"], [add_on.account])
    project = (await add_on.list(registry["PlanProject"])).values[0]
    inside = (await add_on.create(TASKS, {"name": "Sort", "planProjectID": project["id"]})).value
    assert (inside["planProjectID"], inside["authAccountID"]) == (project["id"], project["authAccountID"])


async def test_what_the_add_on_cannot_do_is_an_error_that_it_shows(add_on: Caller) -> None:
    answer = await add_on.create(TASKS, {"name": ""})
    assert answer.status == 400
    async with add_on.client.get(
        f"{API}/plan/tasks", headers={"Authorization": "Bearer nonsense"}
    ) as response:
        assert json.loads(await response.text())["status"] == response.status == 410
