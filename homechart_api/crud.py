"""The generic routes of declared objects: list, create, read, update, delete."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import BACKGROUND, DATABASE, actor_of
from homechart_api.responses import many, nothing, one
from homechart_common.errors import InvalidInput, TooLarge, Unavailable
from homechart_common.ids import parse_uuid
from homechart_common.models.fields import Invalid, read_timestamp
from homechart_common.models.lists import Fragment, keep, read_list
from homechart_common.models.model import Model
from homechart_common.models.objects import create_object, delete_object, read_object, update_object
from homechart_common.postgresql.database import Database


def list_route(model: type[Model]) -> Handler:
    """``GET /<path>``: the list, or what changed in it (contract §2.4)."""

    async def list_objects(request: web.Request) -> web.Response:
        found = await read_list(
            request.app[DATABASE],
            model,
            actor_of(request),
            request.headers.get("x-homechart-hash", ""),
            moment(request),
        )
        if found is None:
            return nothing()
        if found.fresh:
            request.app[BACKGROUND].start(keep_rendered(request.app[DATABASE], found.fresh))
        return many(request, model.plural, found.rows, token=found.token, index=found.index)

    return list_objects


def create_route(model: type[Model]) -> Handler:
    """``POST /<path>``: the object as it was stored; with an id that the caller used before, that one."""

    async def create(request: web.Request) -> web.Response:
        body = await json_object(request)
        return one(
            request,
            model.__name__,
            await create_object(request.app[DATABASE], model, actor_of(request), body),
        )

    return create


def read_route(model: type[Model]) -> Handler:
    """``GET /<path>/{id}``: an object that the caller can see."""

    async def read(request: web.Request) -> web.Response:
        value = await read_object(request.app[DATABASE], model, actor_of(request), path_id(request))
        return one(request, model.__name__, value)

    return read


def update_route(model: type[Model]) -> Handler:
    """``PUT /<path>/{id}``: overwrites the members that are there; 204 when that changes nothing."""

    async def update(request: web.Request) -> web.Response:
        body = await json_object(request)
        value = await update_object(request.app[DATABASE], model, actor_of(request), path_id(request), body)
        return nothing() if value is None else one(request, model.__name__, value)

    return update


def delete_route(model: type[Model]) -> Handler:
    """``DELETE /<path>/{id}``: answers the object as it was."""

    async def delete(request: web.Request) -> web.Response:
        value = await delete_object(request.app[DATABASE], model, actor_of(request), path_id(request))
        return one(request, model.__name__, value)

    return delete


async def body_of(request: web.Request) -> bytes:
    """The body of a request, which must be encoded as its headers say."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge from None
    except web.RequestPayloadError:
        raise InvalidInput("The body is not encoded as its headers say") from None


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body of a request, which must be a JSON object."""
    text = await body_of(request)
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        body = _beyond_orjson(text)
        if body is None:
            raise InvalidInput(f"The body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object")
    return body


def _beyond_orjson(text: bytes) -> Any:
    """What valid JSON says that orjson refuses: halves of surrogate pairs, numbers that no double holds.

    Fields refuse that too, but by the name of the member; members that are not known may say what they like.
    """
    try:
        return json.loads(text.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def path_id(request: web.Request, name: str = "id") -> str:
    """The UUID in the path."""
    parsed = parse_uuid(request.match_info[name])
    if parsed is None:
        raise InvalidInput.field(name, "must be a UUID")
    return parsed


def query_id(request: web.Request, name: str) -> str | None:
    """A UUID in the query, if there is one."""
    text = request.query.get(name)
    if not text:
        return None
    parsed = parse_uuid(text)
    if parsed is None:
        raise InvalidInput.field(name, "must be a UUID")
    return parsed


def page_offset(request: web.Request) -> int:
    """How many rows of a paged list to leave out, from the query."""
    text = request.query.get("offset", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput.field("offset", "must be a whole number that is not negative")
    return int(text)


def moment(request: web.Request) -> datetime | None:
    """The newest time that the caller has, from its header; what cannot be read counts as absent."""
    text = request.headers.get("x-homechart-updated")
    try:
        return read_timestamp(text) if text else None
    except Invalid:
        return None


async def keep_rendered(database: Database, fragments: tuple[Fragment, ...]) -> None:
    """Put rendered lists into the cache; one that could not be kept is rendered again."""
    with suppress(Unavailable):
        await keep(database, fragments)
