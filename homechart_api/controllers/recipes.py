"""Recipes: reading what is public without a session, and taking over what other sites publish (contract B2 §2)."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from homechart_api.context import ACTOR, DATABASE
from homechart_api.crud import path_id
from homechart_api.responses import one
from homechart_common.errors import Forbidden, ItemNotFound
from homechart_common.models import CookRecipe, rows
from homechart_common.models.objects import read_object


async def read(request: web.Request) -> web.Response:
    """Read a recipe that the caller can see, or anybody if it is public."""
    actor, database, recipe_id = request.get(ACTOR), request.app[DATABASE], path_id(request)
    if actor is not None:
        with suppress(Forbidden, ItemNotFound):
            return one(request, "CookRecipe", await read_object(database, CookRecipe, actor, recipe_id))
    recipe = await rows.rendered(database, CookRecipe, [recipe_id], where=CookRecipe.published)
    if not recipe:
        raise ItemNotFound
    return one(request, "CookRecipe", recipe)
