"""Calendars of others: taking in their events, once or again and again (contract B1 §8.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from homechart_api.context import DATABASE, FETCHER, actor_of
from homechart_api.crud import json_object, path_id
from homechart_api.responses import nothing, one
from homechart_common.icalendar.subscriptions import Found, Source, events_in, fetched, source_of, take_in
from homechart_common.models import CalendarEvent, CalendarICalendar, rows
from homechart_common.models.bodies import read_members
from homechart_common.models.model import Row
from homechart_common.models.objects import (
    answer,
    create_object,
    read_object,
    require_creatable,
    update_object,
)
from homechart_common.models.permissions import Level
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection
from homechart_common.postgresql.failures import UniqueViolation

_QUERIES = queries.load("calendar")

Body = Mapping[str, Any]


async def create(request: web.Request) -> web.Response:
    """Take in a calendar, from its text or from an address on the internet.

    Without a `name` its events are taken in and nothing else: they are like any others, and the `id` is null.
    """
    actor, database = actor_of(request), request.app[DATABASE]
    said = await json_object(request)
    named = any(value not in ("", None) for member, value in said.items() if member.lower() == "name")
    owner = await require_creatable(database, CalendarICalendar, actor, said)
    found = _text(said) or await _at_address(request, said, Source(""))
    events = await events_in(found, actor.time_zone) if found else []
    body = _without_text(said)

    async def work(connection: Connection) -> Row:
        if not named:
            if events:
                await rows.insert(connection, CalendarEvent, [{**owner, **event} for event in events])
            calendar = _taken_once(said, owner)
        else:
            calendar = orjson.loads(await create_object(connection, CalendarICalendar, actor, body))
            if found:
                await take_in(connection, calendar["id"], found, events)
        await answer(connection, CalendarICalendar, _QUERIES["still_allowed"], actor, {}, Level.EDIT)
        return {**calendar, "ics": found.text if found else ""}

    try:
        value = await database.retrying(work)
    except UniqueViolation:
        if not body.get("id"):
            raise
        value = await database.retrying(work)  # sent twice at once: it is there now
    return one(request, CalendarICalendar.__name__, value)


async def update(request: web.Request) -> web.Response:
    """Change a calendar, and read its text anew from `ics` or from `url`, if one of them is there.

    Nothing is answered when it is the text that was read last and nothing else changed either.
    """
    actor, database, calendar_id = actor_of(request), request.app[DATABASE], path_id(request)
    said = await json_object(request)
    body = _without_text(said)
    (editable,) = await answer(
        database, CalendarICalendar, _QUERIES["editable"], actor, {"id": calendar_id}, Level.EDIT
    )
    known = await source_of(database, calendar_id) if editable else None
    found = await _new_text(request, said, known) if known else None
    events = await events_in(found, actor.time_zone) if found else []

    async def work(connection: Connection) -> str | None:
        value = await update_object(connection, CalendarICalendar, actor, calendar_id, body)
        if found and await source_of(connection, calendar_id):
            await take_in(connection, calendar_id, found, events)
            value = await read_object(connection, CalendarICalendar, actor, calendar_id)
        return value

    value = await database.retrying(work)
    if value is None:
        return nothing()
    return one(
        request, CalendarICalendar.__name__, {**orjson.loads(value), "ics": found.text if found else ""}
    )


async def _new_text(request: web.Request, said: Body, known: Source) -> Found | None:
    """The text that a body leads to or has, unless it is the one that was read last.

    The address comes first: clients may send the text back that they were once answered.
    """
    if _said(said, "url"):
        return await _at_address(request, said, known)
    found = _text(said)
    return found if found and found.digest != known.digest else None


def _text(said: Body) -> Found | None:
    text = _said(said, "ics")
    return Found(text) if text else None


async def _at_address(request: web.Request, said: Body, known: Source) -> Found | None:
    """The text at the address in a body, unless it is the one that was read last."""
    url = _said(said, "url")
    if not url:
        return None
    return await fetched(request.app[FETCHER], known if url == known.url else Source(url))


def _said(said: Body, name: str) -> str:
    return read_members(CalendarICalendar, said, (name,)).get(name) or ""


def _without_text(said: Body) -> Body:
    return {name: value for name, value in said.items() if name.lower() != "ics"}


def _taken_once(said: Body, owner: Row) -> Row:
    """What is answered when nothing is there to be read again."""
    blank = {field.json: field.blank() for field in CalendarICalendar.fields.values()}
    told = {CalendarICalendar.fields[column].json: value for column, value in owner.items()}
    return {**blank, **told, "url": _said(said, "url"), "id": None}
