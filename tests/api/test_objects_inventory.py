"""The inventory: what was bought last, views of it, and tasks that are about a thing (contract B2 §4)."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from homechart_common.models import registry
from homechart_common.models.fields import data_uri
from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, new_household

COLLECTION, ITEM, TASK = (registry[name] for name in ("InventoryCollection", "InventoryItem", "PlanTask"))
PROJECT = registry["PlanProject"]
LONG_AGO = "2020-02-29"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


async def thing_of(caller: Caller, task: dict[str, Any]) -> str | None:
    """What a task is about."""
    found: str | None = (await caller.read(TASK, task["id"])).value["inventoryItemID"]
    return found


# What was bought


async def test_what_is_new_was_bought_today(cast: Cast) -> None:
    before = today()
    assert (await cast.ann.make(ITEM, lastPurchased=LONG_AGO))["lastPurchased"] in (before, today())


async def test_only_more_than_before_was_bought(cast: Cast, database: Database) -> None:
    item = await cast.ann.make(ITEM, quantity=3)
    await database.execute(
        "UPDATE inventory_item SET last_purchased = %(day)s WHERE id = %(id)s",
        {"day": LONG_AGO, "id": item["id"]},
    )
    for change in ({"quantity": 2}, {"quantity": 0}, {"name": "Rice", "lastPurchased": today()}):
        now = (await cast.ann.update(ITEM, item["id"], change)).value
        assert now["lastPurchased"] == LONG_AGO
    before = today()
    now = (await cast.ann.update(ITEM, item["id"], {**now, "quantity": 1})).value
    assert now["lastPurchased"] in (before, today())


# What things and views say


@pytest.mark.parametrize(
    ("model", "member", "value", "message"),
    [
        (ITEM, "quantity", -1, "quantity: must not be negative"),
        (ITEM, "quantity", 2**31, "quantity: must be between 0 and 2147483647"),
        (ITEM, "image", "https://house.test/rice.jpg", "image: must be a data URI of an image, in base64"),
        (
            ITEM,
            "image",
            "data:image/svg+xml;base64,PHN2Zy8+",
            "image: must be a data URI of an image, in base64",
        ),
        (ITEM, "upc", "1" * 21, "upc: must not be longer than 20 characters"),
        (ITEM, "properties", ["Shelf"], "properties: must be an object"),
        (ITEM, "properties", {"Shelf": 2}, "properties: Shelf must be a string"),
        (ITEM, "properties", {"a\x00": ""}, "properties: a\x00 must not contain a NUL character"),
        (ITEM, "properties", {str(n): "" for n in range(101)}, "properties: must not have more than 100"),
        (COLLECTION, "columns", {"name": {}}, "columns: name must be a string"),
        (COLLECTION, "sort", {"invert": "yes"}, "sort: invert must be true or false"),
        (COLLECTION, "grouping", "", "grouping: must not be empty"),
        (COLLECTION, "grouping", None, "grouping: must not be empty"),
    ],
)
async def test_what_cannot_be_said_is_refused_by_its_member(
    cast: Cast, model: type[Model], member: str, value: Any, message: str
) -> None:
    refused = await cast.ann.create(model, body_for(model, **{member: value}))
    assert refused.status == 400
    assert refused.message.startswith(message)
    made = await cast.ann.make(model)
    refused = await cast.ann.update(model, made["id"], {member: value})
    assert refused.status == 400
    assert refused.message.startswith(message)


async def test_a_view_needs_no_more_than_what_it_stands_below(cast: Cast) -> None:
    made = (await cast.ann.create(COLLECTION, {"grouping": "Storage"})).value
    unsaid = {"name": "", "icon": "", "columns": {}, "sort": {"invert": False, "property": ""}}
    assert {name: made[name] for name in unsaid} == unsaid
    assert (await cast.ann.create(COLLECTION, {"name": "Cellar"})).message == "grouping: must be given"


async def test_a_picture_with_many_details_has_room(cast: Cast) -> None:
    file = BytesIO()
    Image.effect_noise((300, 300), 200).convert("RGB").save(file, "JPEG", quality=95)
    busy = data_uri(file.getvalue())
    assert len(busy) > 50_000
    item = await cast.ann.make(ITEM, image=busy)
    assert 0 < len(item["image"]) <= 50_000
    assert (await cast.ann.update(ITEM, item["id"], item)).status == 204


async def test_members_that_clients_name_are_kept_as_they_were_said(cast: Cast) -> None:
    columns = {"name": "", "properties.Location": "cellar|attic", "Größe \U0001f4e6": '"'}
    made = await cast.ann.make(COLLECTION, columns=columns, sort={"property": "name"})
    assert made["columns"] == columns
    assert made["sort"] == {"invert": False, "property": "name"}
    now = (await cast.ann.update(COLLECTION, made["id"], {"columns": {"upc": None}})).value
    assert now["columns"] == {"upc": ""}


# Tasks about things


async def test_a_task_stays_when_the_thing_it_is_about_goes(cast: Cast) -> None:
    item = await cast.ann.make(ITEM, authHouseholdID=cast.home)
    task = await cast.ann.make(TASK, authHouseholdID=cast.home, inventoryItemID=item["id"])
    own = await cast.bob.make(TASK, inventoryItemID=item["id"])
    before = await cast.bob.list(TASK)
    await cast.ann.delete(ITEM, item["id"])
    after = await cast.bob.list(TASK, token=before.token, updated=before.values[-1]["updated"])
    assert [{**value, "updated": ""} for value in after.values] == [
        {**value, "inventoryItemID": None, "updated": ""} for value in (task, own)
    ]


async def test_a_households_task_is_about_that_households_things(cast: Cast, database: Database) -> None:
    second = await new_household(database, cast.ann.account)
    elsewhere = await cast.ann.make(ITEM, authHouseholdID=second)
    strangers = await cast.cat.make(ITEM)
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    task = await cast.ann.make(TASK, authHouseholdID=cast.home)
    for item in (elsewhere, strangers):
        about = {"inventoryItemID": item["id"]}
        for answer in (
            await cast.ann.update(TASK, task["id"], about),
            await cast.ann.create(TASK, body_for(TASK, authHouseholdID=cast.home, **about)),
            await cast.ann.create(TASK, body_for(TASK, planProjectID=project["id"], **about)),
        ):
            assert (answer.status, answer.message.split(":")[0]) == (400, "inventoryItemID")
    assert (await cast.ann.read(TASK, task["id"])).value == task


async def test_a_thing_stays_behind_when_its_task_moves_to_another_household(
    cast: Cast, database: Database
) -> None:
    second = await new_household(database, cast.ann.account)
    item = await cast.ann.make(ITEM, authHouseholdID=cast.home)
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    task, inside = [
        await cast.ann.make(TASK, authHouseholdID=cast.home, inventoryItemID=item["id"], **members)
        for members in ({}, {"planProjectID": project["id"]})
    ]
    own = {"authAccountID": cast.ann.account, "authHouseholdID": None}
    await cast.ann.update(TASK, task["id"], own)
    assert await thing_of(cast.ann, task) == item["id"], "one's own task may be about anything in sight"
    await cast.ann.update(TASK, task["id"], {"authHouseholdID": cast.home})
    assert await thing_of(cast.ann, task) == item["id"]
    await cast.ann.update(TASK, task["id"], {"authHouseholdID": second})
    await cast.ann.update(PROJECT, project["id"], {"authHouseholdID": second})
    assert [await thing_of(cast.ann, value) for value in (task, inside)] == [None, None]
