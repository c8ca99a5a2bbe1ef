"""Recipes: reading what is public without a session, and taking over what other sites publish (contract B2 §2)."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from homechart_api.context import ACTOR, DATABASE, FETCHER, actor_of
from homechart_api.crud import json_object, path_id
from homechart_api.responses import one
from homechart_api.route import Content
from homechart_common import recipes
from homechart_common.errors import Forbidden, InvalidInput, ItemNotFound
from homechart_common.fetch import Fetcher
from homechart_common.images import NotAnImage, shrunk
from homechart_common.models import CookRecipe, rows
from homechart_common.models.fields import data_uri
from homechart_common.models.objects import create_object, read_object, require_creatable
from homechart_common.threads import aside

IMPORT = Content(
    schema={
        "type": "object",
        "required": ["url"],
        "properties": {
            "authHouseholdID": {
                "type": ["string", "null"],
                "format": "uuid",
                "description": "Whose it will be",
            },
            "url": {"type": "string", "format": "uri", "description": "A page that describes the recipe"},
        },
    }
)

_PAGES = ("text/html", "application/xhtml+xml")
_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/jpg")


async def read(request: web.Request) -> web.Response:
    """Read a recipe that the caller can see, or anybody if it is public."""
    actor, database, recipe_id = request.get(ACTOR), request.app[DATABASE], path_id(request)
    if actor is not None:
        with suppress(Forbidden, ItemNotFound):
            return one(request, "CookRecipe", await read_object(database, CookRecipe, actor, recipe_id))
    recipe = await rows.rendered(database, CookRecipe, [recipe_id], to=None, where=CookRecipe.published)
    if not recipe:
        raise ItemNotFound
    return one(request, "CookRecipe", recipe)


async def create(request: web.Request) -> web.Response:
    """Create a recipe from a page that describes one in JSON-LD or microdata, with its picture.

    The page must be on the public internet, and come within ten seconds.
    """
    actor, database, fetcher = actor_of(request), request.app[DATABASE], request.app[FETCHER]
    said = await json_object(request)
    owner = {"authHouseholdID": said.get("authHouseholdID")}
    await require_creatable(database, CookRecipe, actor, owner)
    url = said.get("url")
    if not isinstance(url, str):
        raise InvalidInput.field("url", "must be an address")
    found = await aside(recipes.read, await fetcher.fetch(url, _PAGES))
    body = {**found.body, **owner, "image": await _picture(fetcher, found.image_url)}
    return one(request, "CookRecipe", await create_object(database, CookRecipe, actor, body))


async def _picture(fetcher: Fetcher, url: str) -> str:
    """The picture at an address; none if there is none that can be had."""
    if not url:
        return ""
    try:
        return data_uri(await aside(shrunk, (await fetcher.fetch(url, _PICTURES)).body))
    except (InvalidInput, NotAnImage):
        return ""
