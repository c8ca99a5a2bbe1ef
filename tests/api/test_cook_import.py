"""Taking over recipes that other sites publish (contract B2 §2.4)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from homechart_common.models import registry
from tests.callers import Answer, Caller
from tests.cast import Cast
from tests.catalogue import assert_single
from tests.rogue_server import INSIDE, RogueServer, answer, endless, redirect

RECIPE = registry["CookRecipe"]
IMPORT = "/import/recipe"


def described(**properties: Any) -> str:
    """A page with a recipe."""
    recipe = {"@context": "https://schema.org", "@type": "Recipe", "name": "Leek soup", **properties}
    return f'<html><script type="application/ld+json">{json.dumps(recipe)}</script></html>'


def picture(kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (600, 300), "green").save(file, kind)
    return file.getvalue()


async def take(caller: Caller, url: Any, household: str | None = None) -> Answer:
    return await caller.call("POST", IMPORT, {"authHouseholdID": household, "url": url})


async def test_a_recipe_is_made_of_a_page(cast: Cast, ann: Caller, site: RogueServer) -> None:
    site.page("/leek.png", picture(), "Content-Type: image/png")
    url = site.page(
        "/soup",
        described(
            recipeIngredient=["2 leeks", "barley"],
            recipeInstructions=[{"text": "Cut."}, {"text": "Cook."}],
            recipeYield="4",
            recipeCategory=["Main Course"],
            cookTime="PT40M",
            image="/leek.png",
        ),
    )
    made = await take(ann, url, cast.home)
    assert_single(RECIPE, made)
    recipe = made.value
    said = {
        name: recipe[name] for name in ("name", "ingredients", "directions", "servings", "source", "tags")
    }
    assert said == {
        "name": "Leek soup",
        "ingredients": "2 leeks\nbarley",
        "directions": "Cut.\nCook.\n",
        "servings": "4",
        "source": url,
        "tags": ["maincourse"],
    }
    assert (recipe["timeCook"], recipe["timePrep"], recipe["public"]) == (40, 0, False)
    assert [note["note"] for note in recipe["notes"]] == ["Recipe added"]
    assert recipe["image"].startswith("data:image/jpeg;base64,")
    assert recipe["authHouseholdID"] == cast.home
    assert (await cast.bob.read(RECIPE, recipe["id"])).value == recipe


async def test_without_a_household_it_is_the_primary_one(cast: Cast, ann: Caller, site: RogueServer) -> None:
    made = await ann.call("POST", IMPORT, {"url": site.page("/soup", described())})
    assert made.value["authHouseholdID"] == cast.home


async def test_a_recipe_whose_name_is_taken_is_refused(cast: Cast, ann: Caller, site: RogueServer) -> None:
    url = site.page("/soup", described())
    assert (await take(ann, url, cast.home)).status == 200
    assert (await take(ann, url, cast.home)).status == 409


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(b"", status=404),
        answer(b"not a picture", "Content-Type: image/png"),
        answer(picture("BMP"), "Content-Type: image/bmp"),
        answer(picture(), "Content-Type: text/html"),
        redirect("http://127.0.0.2/"),
        endless(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n", b"x", pause=0.05),
    ],
    ids=["missing", "broken", "other kind", "wrong kind", "inside", "slow"],
)
async def test_a_picture_that_cannot_be_had_is_left_out(
    cast: Cast, ann: Caller, site: RogueServer, behaviour: Any
) -> None:
    site.at("/picture", behaviour)
    made = await take(ann, site.page("/soup", described(image="/picture")), cast.home)
    assert (made.value["name"], made.value["image"]) == ("Leek soup", "")


async def test_pages_without_a_recipe_are_refused(cast: Cast, ann: Caller, site: RogueServer) -> None:
    for body, said in (
        ("<h1>Soup</h1>", "url: leads to a page that describes no recipe"),
        (described(name=""), "url: leads to a recipe without a name"),
    ):
        refused = await take(ann, site.page("/soup", body), cast.home)
        assert (refused.status, refused.message) == (400, said)


async def test_pages_that_cannot_be_had_are_refused(cast: Cast, ann: Caller, site: RogueServer) -> None:
    site.at("/inside", redirect(site.url("/soup", host="127.0.0.2")))
    site.at("/slow", endless(b"HTTP/1.1 200 OK\r\n", b"x", pause=0.1))
    site.page("/soup", described())
    for url, said in (
        (site.url("/inside"), INSIDE),
        (site.url("/missing"), "url: leads to a server that answers 404"),
        (site.url("/slow"), "url: took longer than 2 seconds to read"),
        ("file:///etc/passwd", "url: must be an http:// or https:// address"),
        ("", "url: must be an http:// or https:// address"),
        (None, "url: must be an address"),
        ({"host": "x"}, "url: must be an address"),
    ):
        refused = await take(ann, url, cast.home)
        assert (refused.status, refused.message) == (400, said)
    assert (await ann.list(RECIPE)).values == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_server_for_the_public_reads_nothing_inside(cast: Cast, site: RogueServer, host: str) -> None:
    """As it is in production, where nothing can allow it."""
    site.page("/soup", described())
    refused = await take(cast.ann, site.url("/soup", host=host), cast.home)
    assert (refused.status, refused.message) == (400, INSIDE)
    assert site.requests == []


async def test_nothing_is_fetched_for_who_may_not_make_recipes(
    cast: Cast, ann: Caller, site: RogueServer
) -> None:
    url = site.page("/soup", described())
    nobodys = "11111111-1111-4111-8111-111111111111"
    for caller, household, status in (
        (cast.vic, cast.home, 403),
        (cast.nel, cast.home, 403),
        (cast.cat, cast.home, 403),
        (cast.ann, cast.away, 403),
        (cast.ann, nobodys, 400),
        (cast.ann, "home", 400),
        (cast.root, None, 400),
        (cast.nobody, cast.home, 410),
    ):
        assert (await take(replace(caller, client=ann.client), url, household)).status == status
    assert site.requests == []


async def test_others_are_served_while_a_page_is_fetched(cast: Cast, ann: Caller, site: RogueServer) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def wait(request: bytes, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go.wait()
        await answer(described())(request, writer)

    taking = asyncio.create_task(take(ann, site.at("/soup", wait), cast.home))
    await arrived.wait()
    assert (await ann.list(RECIPE)).values == []
    go.set()
    assert (await taking).status == 200
