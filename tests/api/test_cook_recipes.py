"""Recipes: notes and what they come to, pictures, and reading without a session (contract B2 §2)."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import NONE, body_for, new_account, new_household, new_session

RECIPE = registry["CookRecipe"]
MISSING = (400, "Item not found")


def note(date: str | None, complexity: int = 0, rating: int = 0, text: str = "") -> dict[str, Any]:
    return {"date": date, "complexity": complexity, "note": text, "rating": rating}


async def cooked(cast: Cast, **members: Any) -> dict[str, Any]:
    """A recipe of the household whose body says only this."""
    return (await cast.ann.create(RECIPE, {"name": "Soup", **members})).value


def scores(recipe: dict[str, Any]) -> tuple[int, int]:
    return recipe["complexity"], recipe["rating"]


def today(time_zone: str) -> str:
    return datetime.now(ZoneInfo(time_zone)).date().isoformat()


# Notes


@pytest.mark.parametrize(
    "said", [{}, {"notes": None}, {"notes": None, "rating": 4}, {"notes": [], "rating": 4}]
)
async def test_a_new_recipe_has_a_first_note(cast: Cast, said: dict[str, Any]) -> None:
    before = today("UTC")
    recipe = await cooked(cast, complexity=0, **said)
    assert recipe["notes"] in (
        [note(day, 0, said.get("rating", 0), "Recipe added")] for day in (before, today("UTC"))
    )
    assert scores(recipe) == (0, said.get("rating", 0))


async def test_a_new_recipe_without_any_score_may_have_no_notes(cast: Cast) -> None:
    recipe = await cooked(cast, notes=[])
    assert (recipe["notes"], scores(recipe)) == ([], (0, 0))


@pytest.mark.parametrize("time_zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
async def test_the_first_note_is_of_its_authors_today(database: Database, cast: Cast, time_zone: str) -> None:
    account = await new_account(database, time_zone=time_zone)
    await new_household(database, account)
    caller = Caller(cast.ann.client, account, (await new_session(database, account)).headers)
    before = today(time_zone)
    recipe = (await caller.create(RECIPE, {"name": "Soup"})).value
    assert recipe["notes"][0]["date"] in (before, today(time_zone))


async def test_scores_become_the_first_note_of_a_recipe_that_has_none(database: Database, cast: Cast) -> None:
    recipe = await cooked(cast, notes=[])
    await database.execute(
        "UPDATE cook_recipe SET created = '2020-02-29T12:00:00Z' WHERE id = %(id)s", {"id": recipe["id"]}
    )
    changed = (await cast.bob.update(RECIPE, recipe["id"], {**recipe, "complexity": 2, "rating": 4})).value
    assert changed["notes"] == [note("2020-02-29", 2, 4, "Recipe added")]
    assert scores(changed) == (2, 4)


async def test_scores_are_the_mean_of_all_notes_and_halves_are_rounded_up(cast: Cast) -> None:
    notes = [
        note("2026-03-01", 1, 5),
        note("2026-02-01", 2, 0),
        note("2026-01-01", 0, 0),
        note("2025-01-01", 3),
    ]
    recipe = await cooked(cast, notes=notes, complexity=5, rating=5)
    assert scores(recipe) == (2, 1)
    assert recipe["notes"] == notes
    fewer = (await cast.bob.update(RECIPE, recipe["id"], {"notes": notes[:2]})).value
    assert scores(fewer) == (2, 3)


async def test_scores_cannot_be_changed_without_notes(cast: Cast) -> None:
    recipe = await cooked(cast, notes=[note("2026-03-01", 1, 5)])
    for said in ({"complexity": 4}, {"rating": 0}, {"complexity": None, "rating": 2}):
        assert (await cast.ann.update(RECIPE, recipe["id"], said)).status == 204
    renamed = (await cast.ann.update(RECIPE, recipe["id"], {"name": "Stew", "rating": 1})).value
    assert (renamed["notes"], scores(renamed)) == (recipe["notes"], (1, 5))


@pytest.mark.parametrize("nothing", [[], None])
async def test_notes_can_be_taken_away(cast: Cast, nothing: Any) -> None:
    recipe = await cooked(cast, notes=[note("2026-03-01", 1, 5)])
    bare = (await cast.ann.update(RECIPE, recipe["id"], {"notes": nothing})).value
    assert (bare["notes"], scores(bare)) == ([], (0, 0))


async def test_several_notes_have_dates_and_come_newest_first(cast: Cast) -> None:
    unsorted = [
        note("2026-01-01", text="old"),
        note(None, text="undated"),
        note("2026-03-01", text="first of that day"),
        note("2026-03-01T18:00:00Z", text="second"),
    ]
    recipe = await cooked(cast, notes=unsorted)
    assert [entry["note"] for entry in recipe["notes"]] == ["first of that day", "second", "old"]
    assert [entry["date"] for entry in recipe["notes"]] == ["2026-03-01", "2026-03-01", "2026-01-01"]
    single = (await cast.ann.update(RECIPE, recipe["id"], {"notes": [note(None, text="alone")]})).value
    assert single["notes"] == [note(None, text="alone")]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"notes": [note("2026-03-01", complexity=6)]}, "notes: complexity must be between 0 and 5"),
        ({"notes": [note("2026-03-01", rating=-1)]}, "notes: rating must not be negative"),
        ({"notes": [note("soon")]}, "notes: date must be a date such as 2026-11-23"),
        ({"notes": ["tasty"]}, "notes: must be a list of objects"),
        ({"notes": {}}, "notes: must be a list of objects"),
        ({"notes": [note("2026-03-01")] * 101}, "notes: must not have more than 100 members"),
        ({"rating": 6}, "rating: must be between 0 and 5"),
        ({"timeCook": -1}, "timeCook: must not be negative"),
        ({"ingredients": "x" * 5001}, "ingredients: must not be longer than 5000 characters"),
    ],
)
async def test_what_is_no_recipe_is_refused(cast: Cast, said: dict[str, Any], message: str) -> None:
    answer = await cast.ann.create(RECIPE, {"name": "Soup", **said})
    assert (answer.status, answer.message) == (400, message)


async def test_a_household_has_one_recipe_of_a_name(cast: Cast) -> None:
    recipe = await cooked(cast)
    again = await cast.bob.create(RECIPE, {"name": "Soup"})
    assert (again.status, again.message) == (409, "name: another one has it already")
    assert (await cast.cat.create(RECIPE, {"name": "Soup"})).status == 200
    assert (await cast.ann.read(RECIPE, recipe["id"])).value == recipe


async def test_a_recipe_is_thrown_away_and_fetched_back(cast: Cast) -> None:
    recipe = await cooked(cast, deleted="2026-03-01T12:00:00Z")
    assert recipe["deleted"] is None
    binned = (await cast.ann.update(RECIPE, recipe["id"], {"deleted": "2026-03-01T12:00:00Z"})).value
    assert binned["deleted"] == "2026-03-01T12:00:00.000000Z"
    assert (await cast.bob.list(RECIPE)).values == [binned]
    assert (await cast.bob.update(RECIPE, recipe["id"], {"deleted": None})).value["deleted"] is None


# Reading


async def test_anybody_reads_a_public_recipe_in_full(database: Database, cast: Cast) -> None:
    recipe = await cast.ann.make(RECIPE, public=True)
    over = Caller(
        cast.ann.client, headers=(await new_session(database, cast.ann.account, seconds=-1)).headers
    )
    lowered = await new_session(database, cast.ann.account, households={cast.home: NONE})
    for caller in (cast.nobody, cast.cat, cast.nel, over, Caller(cast.ann.client, headers=lowered.headers)):
        assert (await caller.read(RECIPE, recipe["id"])).value == recipe
        if caller in (cast.cat, cast.nel):
            assert (await caller.list(RECIPE)).values == []


async def test_only_who_may_see_it_reads_a_recipe_that_is_not_public(cast: Cast) -> None:
    recipe = await cast.ann.make(RECIPE, public=False)
    for caller in (cast.ann, cast.bob, cast.vic):
        assert (await caller.read(RECIPE, recipe["id"])).value == recipe
    for caller in (cast.nobody, cast.cat, cast.nel, cast.root):
        answer = await caller.read(RECIPE, recipe["id"])
        assert (answer.status, answer.message) == MISSING


async def test_a_session_in_cookies_counts(cast: Cast) -> None:
    recipe = await cast.ann.make(RECIPE, public=False)
    id_, key = cast.vic.headers["x-homechart-id"], cast.vic.headers["x-homechart-key"]
    browser = Caller(cast.ann.client, headers={"Cookie": f"ID={id_}; Key={key}"})
    assert (await browser.read(RECIPE, recipe["id"])).value == recipe


async def test_a_recipe_that_was_thrown_away_is_not_public(cast: Cast) -> None:
    recipe = await cast.ann.make(RECIPE, public=True)
    binned = await cast.ann.update(RECIPE, recipe["id"], {"deleted": "2026-03-01T12:00:00Z"})
    answer = await cast.nobody.read(RECIPE, recipe["id"])
    assert (answer.status, answer.message) == MISSING
    assert (await cast.vic.read(RECIPE, recipe["id"])).value == binned.value


async def test_a_public_recipe_is_only_changed_by_its_household(cast: Cast) -> None:
    recipe = await cast.ann.make(RECIPE, public=True)
    for caller, statuses in ((cast.nobody, (410, 410)), (cast.cat, (204, 400)), (cast.vic, (403, 400))):
        updated = await caller.update(RECIPE, recipe["id"], {"name": "Mine"})
        deleted = await caller.delete(RECIPE, recipe["id"])
        assert (updated.status, deleted.status) in (statuses, (403, 403))
    assert (await cast.nobody.read(RECIPE, recipe["id"])).value == recipe


async def test_what_is_no_id_names_no_recipe(cast: Cast) -> None:
    answer = await cast.nobody.read(RECIPE, "soup")
    assert (answer.status, answer.message) == (400, "id: must be a UUID")


# Pictures


def picture(kind: str, size: tuple[int, int] = (640, 480)) -> str:
    file = BytesIO()
    Image.new("RGB", size, "orange").save(file, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def opened(data_uri: str) -> Image.Image:
    label, _, text = data_uri.partition(",")
    assert label == "data:image/jpeg;base64"
    return Image.open(BytesIO(base64.b64decode(text)), formats=("JPEG",))


async def test_a_picture_is_made_small_and_then_stays_as_it_is(cast: Cast) -> None:
    recipe = await cast.ann.make(RECIPE, image=picture("PNG"))
    assert opened(recipe["image"]).size == (300, 225)
    assert (await cast.ann.update(RECIPE, recipe["id"], recipe)).status == 204
    bare = recipe["image"].partition(",")[2]
    assert (await cast.ann.update(RECIPE, recipe["id"], {"IMAGE": bare})).status == 204
    other = (await cast.ann.update(RECIPE, recipe["id"], {"image": picture("GIF", (30, 60))})).value
    assert opened(other["image"]).size == (30, 60)
    assert (await cast.ann.update(RECIPE, recipe["id"], {"image": ""})).value["image"] == ""


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("x", "image: must be a data URI of an image, in base64"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "image: must be a data URI of an image, in base64"),
        ("data:image/png;base64,bm90aGluZw==", "image: must be a GIF, JPEG or PNG image"),
        (5, "image: must be a string"),
    ],
)
async def test_what_is_no_picture_is_refused(cast: Cast, image: Any, message: str) -> None:
    answer = await cast.ann.create(RECIPE, body_for(RECIPE, image=image))
    assert (answer.status, answer.message) == (400, message)


async def test_pictures_keep_nobody_waiting(cast: Cast) -> None:
    """They are unpacked one at a time, in a thread."""
    large = picture("PNG", (3000, 2000))
    bodies = [body_for(RECIPE, image=large) for _ in range(3)]
    started = asyncio.get_running_loop().time()
    creating = asyncio.gather(*(cast.ann.create(RECIPE, body) for body in bodies))
    quick = []
    while not creating.done():
        before = asyncio.get_running_loop().time()
        assert (await cast.bob.read(RECIPE, cast.home)).status == 400
        quick.append(asyncio.get_running_loop().time() - before)
    taken = asyncio.get_running_loop().time() - started
    assert {answer.status for answer in await creating} == {200}
    assert sorted(quick)[len(quick) // 2] < taken / 3
