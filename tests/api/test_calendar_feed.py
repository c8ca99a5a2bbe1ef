"""The feed of an account's calendar, as other programs read it (contract B1 §8.6, B2 §11)."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from homechart_common.models import CalendarEvent, PlanTask, ShopItem
from homechart_common.postgresql.database import Database
from tests.callers import API, Caller, Client
from tests.cast import Cast
from tests.factories import NONE, join
from tests.visitors import SetClock

EVERY_DAY = {"day": 0, "month": 0, "monthWeek": 0, "separation": 1, "weekday": 0, "weekdays": None}
OPEN = {"done": False, "template": False}
LISBON = ZoneInfo("Europe/Lisbon")


async def text_of(client: Client, feed: str, **parts: str) -> str:
    """The text at the address of a feed."""
    async with client.get(f"{API}/icalendar/{feed}.ics", params=parts) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        return (await response.read()).decode()


async def versioned(client: Client, feed: str, known: str, **parts: str) -> tuple[str, str]:
    """The version of a feed, and its text unless it is known."""
    headers = {"If-None-Match": known} if known else {}
    async with client.get(f"{API}/icalendar/{feed}.ics", params=parts, headers=headers) as response:
        assert response.status == (200 if response.headers["ETag"] != known else 304)
        assert response.headers["Cache-Control"] == "no-cache"
        return response.headers["ETag"], await response.text()


async def feed_of(caller: Caller, **parts: str) -> icalendar.Calendar:
    """The calendar in somebody's feed, which gets a new address."""
    feed = (await caller.call("PUT", "/icalendar")).value["icalendarID"]
    text = await text_of(caller.client, feed, **parts)
    assert all(len(line.encode()) <= 75 and "\n" not in line for line in text.split("\r\n"))
    calendar = icalendar.Calendar.from_ical(text)
    assert [component.errors for component in calendar.walk()] == [[]] * len(calendar.walk())
    return calendar


async def event_in_feed(caller: Caller, **members: Any) -> icalendar.Event:
    """The one entry that an event becomes."""
    body = {"name": "Choir", "dateStart": "2023-09-05", "timeStart": "19:30", "timeZone": "Europe/Lisbon",
            "duration": 90, **members}  # fmt: skip
    value = (await caller.create(CalendarEvent, body)).value
    [event] = (await feed_of(caller)).events
    assert event["UID"] == value["id"]
    return event


def starts(calendar: icalendar.Calendar, begin: date, end: date) -> list[Any]:
    return [event.start for event in recurring_ical_events.of(calendar).between(begin, end)]


async def test_a_single_event_is_at_a_moment(cast: Cast) -> None:
    event = await event_in_feed(cast.ann, details="Bring\nsheets; all", location="Town hall, room 5")
    text = event.to_ical().decode()
    assert "SUMMARY;LANGUAGE=en-us:Event: Choir\r\n" in text
    assert event.start == datetime(2023, 9, 5, 18, 30, tzinfo=UTC)
    assert event.end - event.start == timedelta(minutes=90)
    assert event["DESCRIPTION"] == "Bring\nsheets; all"
    assert event["LOCATION"] == "Town hall, room 5"
    assert event["DTSTAMP"].dt <= event["LAST-MODIFIED"].dt
    assert event.alarms.times == []


async def test_what_lasts_all_day_has_dates(cast: Cast) -> None:
    event = await event_in_feed(cast.ann, duration=0)
    assert (event.start, event.end) == (date(2023, 9, 5), date(2023, 9, 6))


async def test_what_lasts_days_ends_after_them(cast: Cast) -> None:
    event = await event_in_feed(cast.ann, duration=4320)
    assert (event.start, event.end) == (date(2023, 9, 5), date(2023, 9, 8))


async def test_what_comes_again_keeps_its_time_on_the_wall_while_clocks_change(cast: Cast) -> None:
    weekly = {**EVERY_DAY, "weekdays": [2]}
    await event_in_feed(cast.ann, recurrence=weekly, skipDays=["2023-12-26"], dateEnd="2024-04-09")
    calendar = await feed_of(cast.ann)
    assert "DTSTART;TZID=Europe/Lisbon:20230905T193000" in calendar.to_ical().decode()
    shown = starts(calendar, date(2023, 9, 1), date(2025, 1, 1))
    tuesdays = [date(2023, 9, 5) + timedelta(weeks=week) for week in range(32)]
    assert [(start.date(), f"{start:%H:%M}") for start in shown] == [
        (day, "19:30") for day in tuesdays if day != date(2023, 12, 26)
    ]
    assert {start.astimezone(UTC).hour for start in shown} == {18, 19}


async def test_programs_that_do_not_know_a_zone_are_told_of_it(cast: Cast) -> None:
    await event_in_feed(cast.ann, recurrence=EVERY_DAY)
    text = (await feed_of(cast.ann)).to_ical().decode().replace("Europe/Lisbon", "Nowhere/Special")
    calendar = icalendar.Calendar.from_ical(text)
    for day, hour in (
        (date(2023, 9, 6), 18),
        (date(2023, 10, 29), 19),
        (date(2024, 3, 30), 19),
        (date(2024, 3, 31), 18),
    ):
        [start] = starts(calendar, day, day + timedelta(days=1))
        assert start.tzinfo.tzname(start) in ("WET", "WEST")
        assert start.astimezone(UTC) == datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC)


async def test_all_days_that_come_again_are_dates_and_so_is_what_is_skipped(cast: Cast) -> None:
    event = await event_in_feed(
        cast.ann, duration=1440, recurrence={**EVERY_DAY, "day": 31}, skipDays=["2023-09-30"], dateEnd="2024-02-29"
    )  # fmt: skip
    assert event["RRULE"].to_ical() == b"FREQ=MONTHLY;UNTIL=20240229;INTERVAL=1;BYMONTHDAY=-1"
    calendar = await feed_of(cast.ann)
    assert starts(calendar, date(2023, 9, 6), date(2024, 6, 1)) == [
        date(2023, 10, 31), date(2023, 11, 30), date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29),
    ]  # fmt: skip


async def test_in_utc_no_zone_is_needed(cast: Cast) -> None:
    event = await event_in_feed(
        cast.ann, recurrence=EVERY_DAY, timeZone="UTC", dateEnd="2023-09-07", skipDays=["2023-09-06"]
    )
    assert event.start == datetime(2023, 9, 5, 19, 30, tzinfo=UTC)
    calendar = await feed_of(cast.ann)
    assert calendar.timezones == []
    assert [start.day for start in starts(calendar, date(2023, 9, 1), date(2023, 10, 1))] == [5, 7]


async def test_what_never_comes_again_has_no_rule(cast: Cast) -> None:
    event = await event_in_feed(cast.ann, recurrence={**EVERY_DAY, "weekdays": [0]}, skipDays=["2023-09-12"])
    assert not {"RRULE", "EXDATE"} & set(event)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"notifyOffset": 15}, "2023-09-05T18:15"),
        ({"notifyOffset": 0}, "2023-09-05T18:30"),
        ({"notifyOffset": -5}, "2023-09-05T18:35"),
    ],
)
async def test_reminders_are_alarms(cast: Cast, members: dict[str, Any], told: str) -> None:
    event = await event_in_feed(cast.ann, **members)
    assert [f"{alarm.trigger:%Y-%m-%dT%H:%M}" for alarm in event.alarms.times] == [told]
    [alarm] = event.walk("VALARM")
    assert (alarm["ACTION"], alarm["DESCRIPTION"]) == ("DISPLAY", "Choir")


async def test_the_way_there_is_an_entry_of_its_own(cast: Cast) -> None:
    members = {
        "name": "Choir", "dateStart": "2024-03-30", "timeStart": "00:10", "timeZone": "Europe/Lisbon",
        "duration": 90, "travelTime": 20, "notifyOffset": 15, "location": "Town hall", "recurrence": EVERY_DAY,
    }  # fmt: skip
    value = (await cast.ann.create(CalendarEvent, members)).value
    calendar = await feed_of(cast.ann)
    travel, event = calendar.events
    assert (travel["UID"], travel["SUMMARY"]) == (f"{value['id']}_travel", "Event: Travel to Town hall")
    assert (event["UID"], event["SUMMARY"]) == (value["id"], "Event: Choir")
    assert travel.end - travel.start == timedelta(minutes=20)
    assert travel.start == datetime(2024, 3, 29, 23, 50, tzinfo=LISBON)
    assert f"{event.alarms.times[0].trigger:%Y-%m-%dT%H:%M}" == "2024-03-29T23:35"
    ways = [start for start in starts(calendar, date(2024, 4, 2), date(2024, 4, 3)) if start.minute == 50]
    assert [f"{start:%H:%M}" for start in ways] == ["23:50"]


async def test_participants_are_named(cast: Cast) -> None:
    people = [cast.bob.account, cast.kid.account, cast.cat.account, str(uuid.uuid4())]
    event = await event_in_feed(
        cast.ann, authHouseholdID=cast.home, participants=people, details="Bring sheets"
    )
    assert event["DESCRIPTION"] == "Participants: bob, kid\nBring sheets"


async def test_open_tasks_that_are_due_are_entries(database: Database, cast: Cast) -> None:
    await database.execute(
        "UPDATE auth_account SET time_zone = 'America/New_York' WHERE id = %(id)s", {"id": cast.ann.account}
    )
    monday = {**EVERY_DAY, "weekdays": [1]}
    for body in (
        {
            "name": "Buy tape",
            "dueDate": "2023-09-11T16:00:00Z",
            "duration": 20,
            "notify": True,
            "recurrence": monday,
        },
        {"name": "Iron", "dueDate": "2023-09-12T16:00:00Z"},
        {"name": "Rest", "dueDate": "2023-09-13T04:00:00Z", "details": "All day"},
        {"name": "Done", "dueDate": "2023-09-12T16:00:00Z", "done": True},
        {"name": "Some day"},
        {"name": "Template", "dueDate": "2023-09-12T16:00:00Z", "template": True},
    ):
        assert (await cast.ann.create(PlanTask, body)).status == 200
    calendar = await feed_of(cast.ann)
    tape, iron, rest = calendar.events
    assert tape["SUMMARY"] == "Task: Buy tape"
    assert tape.end - tape.start == timedelta(minutes=20)
    assert tape.alarms.times[0].trigger == datetime(2023, 9, 11, 15, 50, tzinfo=UTC)
    assert iron.start == datetime(2023, 9, 12, 16, 0, tzinfo=UTC)
    assert iron.end - iron.start == timedelta(minutes=30)
    assert (rest.start, rest.end, rest["DESCRIPTION"]) == (date(2023, 9, 13), date(2023, 9, 14), "All day")
    # at noon in New York in winter, too
    [noon] = starts(calendar, date(2023, 11, 13), date(2023, 11, 14))
    assert noon == datetime(2023, 11, 13, 17, 0, tzinfo=UTC)


async def test_it_shows_what_one_may_view(database: Database, cast: Cast) -> None:
    for caller, owner in ((cast.ann, {}), (cast.ann, {"authHouseholdID": cast.home}), (cast.cat, {})):
        for model, members in (
            (CalendarEvent, {"dateStart": "2026-11-24"}),
            (PlanTask, {"dueDate": "2026-11-24"}),
        ):
            await caller.create(model, {"name": f"{len(owner)}", **members, **owner})

    async def shown(caller: Caller, **parts: str) -> list[str]:
        return [str(event["SUMMARY"]) for event in (await feed_of(caller, **parts)).events]

    assert await shown(cast.ann) == ["Event: 0", "Event: 1", "Task: 0", "Task: 1"]
    assert await shown(cast.ann, calendarevent="no") == ["Task: 0", "Task: 1"]
    assert await shown(cast.ann, plantask="no", calendarevent="yes") == ["Event: 0", "Event: 1"]
    assert await shown(cast.vic) == ["Event: 1", "Task: 1"]
    assert await shown(cast.nel) == []
    await join(database, cast.home, cast.nel.account, {**NONE, "plan": 1})
    assert await shown(cast.nel) == ["Task: 1"]
    await join(database, cast.home, cast.nel.account, {**NONE, "calendar": 1})
    assert await shown(cast.nel) == ["Event: 1"]


async def test_of_several_households_everything_is_there_once(database: Database, cast: Cast) -> None:
    await join(database, cast.away, cast.ann.account)
    for household in (cast.home, cast.away):
        await cast.ann.create(
            CalendarEvent, {"name": "Party", "dateStart": "2026-11-24", "authHouseholdID": household}
        )
    assert len((await feed_of(cast.ann)).events) == 2


@pytest.mark.parametrize(
    "feed",
    ["11111111-1111-4111-8111-111111111111", "nothing", "..%2f..", "00000000-0000-0000-0000-000000000000"],
)
async def test_at_an_unknown_address_there_is_an_empty_calendar(served: Client, feed: str) -> None:
    calendar = icalendar.Calendar.from_ical(await text_of(served, feed))
    assert (calendar["VERSION"], calendar["NAME"], calendar.events) == ("2.0", "Homechart", [])


async def test_an_address_that_was_changed_or_taken_away_is_void(cast: Cast) -> None:
    await cast.ann.create(CalendarEvent, {"name": "Party", "dateStart": "2026-11-24"})
    old = (await cast.ann.call("PUT", "/icalendar")).value["icalendarID"]
    new = (await cast.ann.call("PUT", "/icalendar")).value["icalendarID"]
    async with cast.ann.client.get(f"{API}/ical/{new.upper()}.ics") as response:
        assert "Party" in await response.text()
    assert "Party" not in await text_of(cast.ann.client, old)
    assert (await cast.ann.call("DELETE", "/icalendar")).value["icalendarID"] is None
    assert "Party" not in await text_of(cast.ann.client, new)


async def test_what_people_write_makes_no_lines(cast: Cast) -> None:
    evil = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\nUID:forged\u2028;,\\n😀" + "ü" * 100
    event = await event_in_feed(cast.ann, name=evil[:500], details=evil, location=evil, notifyOffset=1)
    assert event["LOCATION"] == evil.replace("\r\n", "\n").replace("\u2028", "\n")


async def test_who_has_what_is_there_is_told_so(database: Database, cast: Cast) -> None:
    """Whatever a feed shows has another version when it changes: 304 is for those who have it as it is."""
    event = await cast.ann.make(
        CalendarEvent, authHouseholdID=cast.home, name="Party", participants=[cast.bob.account]
    )
    task = await cast.ann.make(PlanTask, dueDate="2026-11-24T10:00:00Z", **OPEN)
    feed = (await cast.ann.call("PUT", "/icalendar")).value["icalendarID"]
    known, texts = {""}, {""}

    async def seen(**parts: str) -> None:
        version, text = await versioned(cast.ann.client, feed, "", **parts)
        assert version not in known, "changed, and nobody is told"
        assert text not in texts
        known.add(version)
        texts.add(text)
        assert await versioned(cast.ann.client, feed, version, **parts) == (version, "")

    await seen()
    await seen(plantask="no")
    await seen(calendarevent="no")
    await cast.ann.update(CalendarEvent, event["id"], {"name": "Feast"})
    await seen()
    await cast.ann.update(PlanTask, task["id"], {"done": True})
    await seen()
    await cast.bob.call("PUT", f"/auth/accounts/{cast.bob.account}", {"name": "Robert"})
    await seen()
    await cast.ann.make(PlanTask, dueDate="2026-11-24T23:30:00Z", **OPEN)
    await seen()
    await cast.ann.call("PUT", f"/auth/accounts/{cast.ann.account}", {"timeZone": "Asia/Tokyo"})
    await seen()
    await database.execute(
        """UPDATE auth_account_auth_household SET permissions = '{"calendar": 2}' WHERE auth_account_id = %(ann)s""",
        {"ann": cast.ann.account},
    )
    await seen()
    await cast.ann.delete(CalendarEvent, (await cast.ann.make(CalendarEvent))["id"])
    await cast.ann.make(CalendarEvent, name="Last")
    await seen()


async def test_what_a_feed_does_not_show_changes_nothing(cast: Cast) -> None:
    feed = (await cast.ann.call("PUT", "/icalendar")).value["icalendarID"]
    version, _ = await versioned(cast.ann.client, feed, "")
    await cast.ann.make(ShopItem, authHouseholdID=cast.home)
    await cast.ann.call("GET", "/auth/accounts")
    assert await versioned(cast.ann.client, feed, version) == (version, "")


async def test_a_new_year_describes_zones_anew(cast: Cast, set_clock: SetClock) -> None:
    await cast.ann.make(
        CalendarEvent, timeStart="10:00", duration=5, timeZone="Europe/Lisbon", recurrence=EVERY_DAY
    )
    feed = (await cast.ann.call("PUT", "/icalendar")).value["icalendarID"]
    set_clock(2030, 12, 31)
    old, text = await versioned(cast.ann.client, feed, "")
    set_clock(2031, 1, 1)
    new, again = await versioned(cast.ann.client, feed, old)
    assert (new != old, text != again != "") == (True, True)
