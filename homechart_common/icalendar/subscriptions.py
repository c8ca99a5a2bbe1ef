"""Calendars of others: their text, from where it is, and the events that are taken from it (contract B1 §8.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from homechart_common.errors import InvalidInput
from homechart_common.fetch import Fetcher
from homechart_common.icalendar.components import NoCalendar
from homechart_common.icalendar.reading import read
from homechart_common.models.model import Row
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Connection, Queryable
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.statement import array
from homechart_common.threads import aside

#: How servers call calendars. Many do not know what they are.
_KINDS = (
    "text/calendar", "application/ics", "application/calendar", "text/x-vcalendar", "text/plain",
    "application/octet-stream", "binary/octet-stream", "application/force-download",
)  # fmt: skip

_QUERIES = queries.load("calendar")


class Source(NamedTuple):
    """Where a calendar is, and what is known of the text that was read there last."""

    url: str
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    #: Where times are meant that name no zone.
    time_zone: str = "UTC"


class Found(NamedTuple):
    """The text of a calendar, and by what its server recognises it; ``member`` is what a client said it by."""

    text: str
    member: str = "ics"
    etag: str = ""
    last_modified: str = ""

    @property
    def digest(self) -> str:
        """What tells it from other texts."""
        return hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()


async def fetched(fetcher: Fetcher, source: Source) -> Found | None:
    """The text at an address, unless it is the one that was read last.

    Raises :class:`InvalidInput` that names ``url`` when there is none.
    """
    # the name under which programs subscribe to calendars; it is HTTP all the same
    scheme, separator, rest = source.url.strip().partition(":")
    url = f"https:{rest}" if separator and scheme.lower() in ("webcal", "webcals") else source.url
    page = await fetcher.fetch(url, _KINDS, etag=source.etag, last_modified=source.last_modified)
    if page.unchanged:
        return None
    found = Found(_decoded(page.body, page.charset or "utf-8"), "url", page.etag, page.last_modified)
    return None if found.digest == source.digest else found


async def events_in(found: Found, time_zone: str) -> list[Row]:
    """The events in a text. Raises :class:`InvalidInput` if it is no calendar."""
    try:
        return await aside(read, found.text, time_zone)
    except NoCalendar as error:
        where = "leads to something that" if found.member == "url" else "it"
        raise InvalidInput.field(found.member, f"{where} {error}") from None


async def take_in(connection: Connection, calendar_id: str, found: Found, events: Sequence[Row]) -> None:
    """Make the events of a calendar those of its text, in the caller's transaction.

    New ones come and those that it has no more go. Of the others only what the text says otherwise than the one before
    is changed: somebody here may have changed something else.
    """
    columns = {column for event in events for column in event} - {"icalendar_uid"}
    known = {"id": calendar_id, "events": orjson.dumps(list(events)).decode()}
    said = {**known, "columns": array(sorted(columns))}
    await connection.execute(_QUERIES["forget_events"], known)
    await connection.execute(_QUERIES["follow_events"], said)
    await connection.execute(_QUERIES["take_in_events"], said)
    await connection.execute(
        _QUERIES["note_text"],
        {
            "id": calendar_id,
            "etag": found.etag,
            "last_modified": found.last_modified,
            "digest": found.digest,
        },
    )


async def refresh(database: Database, fetcher: Fetcher, calendar_id: str) -> bool:
    """Read a calendar anew from where it is; whether there was another text.

    Raises :class:`InvalidInput` when there is no calendar.
    """
    source = await source_of(database, calendar_id)
    found = await fetched(fetcher, source) if source and source.url else None
    if source is None or found is None:
        return False
    events = await events_in(found, source.time_zone)

    async def work(connection: Connection) -> bool:
        # somebody else may have refreshed, changed or deleted it meanwhile
        if await source_of(connection, calendar_id) != source:
            return False
        await take_in(connection, calendar_id, found, events)
        return True

    return await database.retrying(work)


async def source_of(database: Queryable, calendar_id: str) -> Source | None:
    """Where a calendar is; in a transaction that stays so until it ends."""
    row = await database.fetch_row(_QUERIES["source"], {"id": calendar_id})
    return Source(*row) if row else None


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
