"""Calendars of others: what becomes of their text, and of texts that are none (contract B1 §8.5)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from homechart_common.errors import InvalidInput
from homechart_common.icalendar.subscriptions import refresh
from homechart_common.models import CalendarEvent, CalendarICalendar, registry
from homechart_common.postgresql.database import Database
from tests.callers import Answer, Caller
from tests.cast import Cast
from tests.catalogue import assert_single
from tests.rogue_server import INSIDE, RogueServer, answer, bomb, endless, outside, redirect

PATH = CalendarICalendar.path
CALENDAR = "Content-Type: text/calendar; charset=utf-8"


def ics(*names: str, **uids: str) -> str:
    """A calendar with events of these names, or of these UIDs and names."""
    events = {**{name: name for name in names}, **uids}
    lines = (
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{name}\r\nDTSTART:20261124T193000\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
        for uid, name in events.items()
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{''.join(lines)}END:VCALENDAR\r\n"


async def take(caller: Caller, text: str = "", name: str = "Holidays", **members: Any) -> Answer:
    return await caller.call("POST", PATH, {"name": name, "ics": text, **members})


async def put(caller: Caller, calendar: dict[str, Any], **members: Any) -> Answer:
    """As the web client does it: with all members."""
    return await caller.update(CalendarICalendar, calendar["id"], {**calendar, **members})


async def events_of(caller: Caller) -> dict[str, dict[str, Any]]:
    """The events that somebody sees, by name."""
    return {value["name"]: value for value in (await caller.list(CalendarEvent)).values}


# Texts


async def test_the_events_of_a_text_are_taken_in(cast: Cast) -> None:
    text = ics("Choir", "Party")
    made = await take(cast.ann, text, authHouseholdID=cast.home)
    assert_single(CalendarICalendar, made)
    assert made.value["ics"] == text
    calendar = (await cast.bob.read(CalendarICalendar, made.value["id"])).value
    assert calendar == {**made.value, "ics": ""}
    events = await events_of(cast.bob)
    assert set(events) == {"Choir", "Party"}
    choir = events["Choir"]
    assert choir == {
        **choir,
        "authAccountID": None,
        "authHouseholdID": cast.home,
        "calendarICalendarID": calendar["id"],
        "color": 0,
        "dateStart": "2026-11-24",
        "duration": 60,
        "participants": [],
        "timeStart": "19:30",
        "timeZone": "UTC",
        "travelTime": 0,
    }


async def test_taking_in_is_one_change_for_those_who_follow(database: Database, cast: Cast) -> None:
    await take(cast.ann, ics(*map(str, range(50))), authHouseholdID=cast.home)
    [(calendar, events)] = await database.fetch(
        """SELECT count(DISTINCT version) FILTER (WHERE table_name = 'calendar_icalendar'),
            count(DISTINCT version) FILTER (WHERE table_name = 'calendar_event')
        FROM sync_change WHERE owner_id = %(home)s""",
        {"home": cast.home},
    )
    assert (calendar, events) == (1, 1)
    changes = (await cast.ann.list(registry["Change"])).values
    assert [(change["tableName"], change["name"]) for change in changes] == [
        ("calendar_icalendar", "Holidays")
    ]


async def test_without_a_name_there_are_only_events(cast: Cast) -> None:
    for _ in range(2):
        made = await take(
            cast.ann, ics("Choir"), name="", url="https://house.test/x.ics", authHouseholdID=cast.home
        )
        assert made.value["id"] is None
        assert made.value["authHouseholdID"] == cast.home
        assert (made.value["name"], made.value["ics"]) == ("", ics("Choir"))
    assert (await cast.bob.list(CalendarICalendar)).values == []
    values = (await cast.bob.list(CalendarEvent)).values
    assert [value["name"] for value in values] == ["Choir", "Choir"]
    assert {value["calendarICalendarID"] for value in values} == {None}
    # they are like any others
    assert (
        await cast.bob.update(CalendarEvent, values[0]["id"], {"authAccountID": cast.bob.account})
    ).status == 200


async def test_a_calendar_may_come_without_events_or_text(cast: Cast) -> None:
    for number, text in enumerate(("", ics())):
        assert (await take(cast.ann, text, name=f"Calendar {number}")).status == 200
    assert (await take(cast.ann, ics(), name="")).status == 200
    assert await events_of(cast.ann) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "ics: it is no calendar"),
        (ics("Choir").removesuffix("END:VCALENDAR\r\n"), "ics: it ends in the middle of something"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR", "ics: it has an event without a date"),
        ("BEGIN:VCALENDAR\0", "ics: must not contain a NUL character"),
        (5, "ics: must be a string"),
    ],
    ids=lambda text: str(text)[-30:],
)
@pytest.mark.parametrize("name", ["Holidays", ""])
async def test_of_what_is_no_calendar_nothing_stays(cast: Cast, name: str, text: Any, message: str) -> None:
    refused = await take(cast.ann, text, name=name)
    assert (refused.status, refused.message) == (400, message)
    assert (await cast.ann.list(CalendarICalendar)).values == []
    assert await events_of(cast.ann) == {}


async def test_a_text_that_changed_brings_new_events_and_takes_old_ones(cast: Cast) -> None:
    calendar = (await take(cast.ann, ics(a="Stays", b="Goes", c="Changes"))).value
    own = (await cast.ann.make(CalendarEvent, calendarICalendarID=calendar["id"], name="Added by hand"))["id"]
    before = await events_of(cast.ann)
    painted = (await cast.ann.update(CalendarEvent, before["Stays"]["id"], {"color": 5})).value

    changed = await put(cast.ann, calendar, ics=ics(a="Stays", c="Changed", d="Comes"))
    assert changed.value == {**calendar, "ics": ics(a="Stays", c="Changed", d="Comes")}
    after = await events_of(cast.ann)
    assert set(after) == {"Stays", "Changed", "Comes", "Added by hand"}
    assert after["Stays"] == painted, "nobody said anything new of it"
    assert after["Changed"]["id"] == before["Changes"]["id"]
    assert after["Added by hand"]["id"] == own


async def test_a_text_that_is_the_same_changes_nothing(cast: Cast) -> None:
    calendar = (await take(cast.ann, ics("Choir"))).value
    choir = (await events_of(cast.ann))["Choir"]
    await cast.ann.delete(CalendarEvent, choir["id"])
    assert (await put(cast.ann, calendar, ics=ics("Choir"))).status == 204
    assert (await put(cast.ann, calendar, ics="")).status == 204
    assert await events_of(cast.ann) == {}
    renamed = await put(cast.ann, calendar, ics=ics("Choir"), name="Feasts")
    assert (renamed.value["name"], renamed.value["ics"]) == ("Feasts", "")


async def test_of_a_text_that_is_none_nothing_is_kept(cast: Cast) -> None:
    calendar = (await take(cast.ann, ics("Choir"))).value
    assert (await put(cast.ann, calendar, ics="nonsense", name="Feasts")).message == "ics: it is no calendar"
    assert (await cast.ann.read(CalendarICalendar, calendar["id"])).value == {**calendar, "ics": ""}
    assert set(await events_of(cast.ann)) == {"Choir"}


async def test_names_are_unique_for_each_owner(cast: Cast) -> None:
    await take(cast.ann, ics("Choir"))
    again = await take(cast.ann, ics("Party"))
    assert (again.status, again.message) == (409, "name: another one has it already")
    assert (await take(cast.ann, ics("Party"), id=str(uuid.uuid4()))).status == 409
    assert set(await events_of(cast.ann)) == {"Choir"}
    assert (await take(cast.ann, ics("Party"), authHouseholdID=cast.home)).status == 200
    other = (await take(cast.ann, ics(), name="Other")).value
    assert (await put(cast.ann, other, name="Holidays")).status == 409


async def test_what_is_sent_twice_is_there_once(cast: Cast) -> None:
    own_id = str(uuid.uuid4())
    answers = await asyncio.gather(*(take(cast.ann, ics("Choir"), id=own_id) for _ in range(3)))
    assert [made.value["id"] for made in answers] == [own_id] * 3
    assert len((await cast.ann.list(CalendarEvent)).values) == 1
    # an id that is somebody else's is not used
    assert (await take(cast.bob, ics("Party"), id=own_id)).value["id"] != own_id


async def test_events_move_and_go_with_their_calendar(cast: Cast) -> None:
    calendar = (await take(cast.ann, ics("Choir", "Party"))).value
    assert await events_of(cast.bob) == {}
    moved = await put(cast.ann, calendar, authHouseholdID=cast.home, authAccountID=None)
    assert moved.value["authHouseholdID"] == cast.home
    assert set(await events_of(cast.bob)) == {"Choir", "Party"}
    await cast.bob.delete(CalendarICalendar, calendar["id"])
    assert await events_of(cast.ann) == {}


async def test_whose_it_may_be_is_settled_before_anything_is_read(cast: Cast, site: RogueServer) -> None:
    url = site.page("/x.ics", ics("Choir"), CALENDAR)
    assert (await take(cast.vic, url=url, authHouseholdID=cast.home)).status == 403
    assert (await take(cast.cat, url=url, authHouseholdID=cast.home, name="")).status == 403
    assert (await take(cast.cat, url=url, authHouseholdID=str(uuid.uuid4()))).message == "Item not found"
    calendar = (await take(cast.ann, ics("Choir"), authHouseholdID=cast.home)).value
    assert (await put(cast.vic, calendar, url=url)).status == 403
    assert (await put(cast.cat, {"id": calendar["id"]}, url=url, ics=ics("Party"))).status == 204
    assert site.requests == []
    assert set(await events_of(cast.ann)) == {"Choir"}


# Addresses


async def test_a_calendar_at_an_address_is_taken_in(cast: Cast, ann: Caller, site: RogueServer) -> None:
    url = site.page("/x.ics", ics("Chöre").encode(), CALENDAR)
    made = await take(ann, url=url, authHouseholdID=cast.home)
    assert (made.value["url"], made.value["ics"]) == (url, ics("Chöre"))
    assert set(await events_of(cast.bob)) == {"Chöre"}
    assert (await take(ann, url=url, name="")).value["id"] is None


async def test_a_text_beside_an_address_is_the_one_that_counts(ann: Caller, site: RogueServer) -> None:
    url = site.page("/x.ics", ics("Party"), CALENDAR)
    made = await take(ann, ics("Choir"), url=url)
    assert made.value["url"] == url
    assert set(await events_of(ann)) == {"Choir"}
    assert site.requests == []


async def test_servers_that_know_what_was_read_are_asked_for_what_changed(
    ann: Caller, site: RogueServer
) -> None:
    known = ('ETag: "1"', "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT", CALENDAR)
    url = site.page("/x.ics", ics("Choir"), *known)
    calendar = (await take(ann, url=url)).value
    assert b"If-None-Match" not in site.requests[0]
    site.at("/x.ics", answer("", status=304))
    assert (await put(ann, calendar)).status == 204
    assert b'If-None-Match: "1"' in site.requests[1]
    assert b"If-Modified-Since: Tue, 24 Nov 2026 10:00:00 GMT" in site.requests[1]
    site.page("/x.ics", ics("Party"), CALENDAR)
    assert (await put(ann, calendar)).value["ics"] == ics("Party")
    assert set(await events_of(ann)) == {"Party"}
    # what is known of one address says nothing of another one
    site.page("/y.ics", ics("Party"), *known)
    await put(ann, calendar, url=site.url("/y.ics"))
    assert b"If-None-Match" not in site.requests[-1]


async def test_a_text_that_did_not_change_is_not_taken_in_again(ann: Caller, site: RogueServer) -> None:
    calendar = (await take(ann, url=site.page("/x.ics", ics("Choir"), CALENDAR))).value
    assert (await put(ann, calendar)).status == 204
    assert (await put(ann, calendar, name="Feasts")).value["name"] == "Feasts"
    # an address that nobody mentions is not asked
    assert (await ann.update(CalendarICalendar, calendar["id"], {"name": "Days off"})).status == 200
    assert len(site.requests) == 3


async def test_addresses_for_programs_that_subscribe_are_addresses(ann: Caller, site: RogueServer) -> None:
    refused = await take(ann, url="webcal://127.0.0.2/x.ics")
    assert refused.message == INSIDE


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/none", "url: leads to a server that answers 404"),
        ("/page", "url: leads to text/html, not to text/calendar or"),
        ("/text", "url: leads to something that is no calendar"),
        ("/empty", "url: leads to something that is no calendar"),
        ("/broken", "url: leads to something that ends in the middle of something"),
        ("/bomb", "url: leads to more than 5 MB"),
        ("/slow", "url: took longer than 2 seconds to read"),
        ("/inside", INSIDE),
    ],
)
async def test_what_leads_to_no_calendar_leaves_nothing(
    ann: Caller, site: RogueServer, path: str, message: str
) -> None:
    site.page("/page", "<html></html>")
    site.page("/text", "Sign in", "Content-Type: text/plain")
    site.page("/empty", "", CALENDAR)
    site.page("/broken", ics("Choir").removesuffix("END:VCALENDAR\r\n"), CALENDAR)
    site.page("/bomb", bomb(50), CALENDAR, "Content-Encoding: gzip")
    site.at("/slow", endless(b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n\r\n", b"x", 0.5))
    site.at("/inside", redirect(site.url("/x.ics", host="127.0.0.2")))
    refused = await take(ann, url=site.url(path))
    assert (refused.status, refused.message[: len(message)]) == (400, message)
    assert (await ann.list(CalendarICalendar)).values == []


@pytest.mark.parametrize(
    "url", ["ftp://house.test/x.ics", "file:///etc/passwd", "nonsense", "http://", "webcal:"]
)
async def test_only_the_web_has_calendars(cast: Cast, url: str) -> None:
    refused = await take(cast.ann, url=url)
    assert (refused.status, refused.message.partition(":")[0]) == (400, "url")


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "nonsense", "undefined", "unicode_escape", ""])
async def test_texts_are_decoded_as_servers_say(ann: Caller, site: RogueServer, charset: str) -> None:
    body = ics("Chöre \\ud800").encode("iso-8859-1" if charset == "iso-8859-1" else "utf-8")
    kind = f"Content-Type: text/calendar{f'; charset={charset}' if charset else ''}"
    assert (await take(ann, url=site.page("/x.ics", body, kind))).status == 200
    assert set(await events_of(ann)) == {"Chöre \\ud800"}


# As workers do it


async def test_a_calendar_is_read_anew_without_anybody_asking(
    database: Database, cast: Cast, ann: Caller, site: RogueServer
) -> None:
    calendar = (
        await take(
            ann, url=site.page("/x.ics", ics(a="Choir", b="Party"), CALENDAR), authHouseholdID=cast.home
        )
    ).value
    assert not await refresh(database, outside(), calendar["id"])
    site.page("/x.ics", ics(a="Choir", c="Feast"), CALENDAR)
    assert await refresh(database, outside(), calendar["id"])
    assert set(await events_of(cast.bob)) == {"Choir", "Feast"}
    site.page("/x.ics", "Closed", CALENDAR)
    with pytest.raises(InvalidInput, match="url: leads to something that is no calendar"):
        await refresh(database, outside(), calendar["id"])
    assert set(await events_of(cast.bob)) == {"Choir", "Feast"}


async def test_what_has_no_address_is_not_read_anew(database: Database, cast: Cast) -> None:
    calendar = (await take(cast.ann, ics("Choir"))).value
    assert not await refresh(database, outside(), calendar["id"])
    assert not await refresh(database, outside(), str(uuid.uuid4()))


async def test_many_who_read_anew_at_once_take_in_everything_once(
    database: Database, ann: Caller, site: RogueServer
) -> None:
    calendar = (await take(ann, url=site.page("/x.ics", ics("Choir"), CALENDAR))).value
    site.page("/x.ics", ics(*map(str, range(20))), CALENDAR)
    done = await asyncio.gather(*(refresh(database, outside(), calendar["id"]) for _ in range(4)))
    assert sum(done) == 1
    assert len((await ann.list(CalendarEvent)).values) == 20
