"""Events: when they begin and end, and whose they are (contract B1 §8.1, §8.2)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import CalendarEvent, CalendarICalendar, rows
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import new_account, new_session

WEEKLY = {"day": 0, "month": 0, "monthWeek": 0, "separation": 1, "weekday": 0, "weekdays": [2]}


def independence_day(**members: Any) -> dict[str, Any]:
    return {
        "name": "Fireworks", "dateStart": "2023-07-04", "timeStart": "18:15", "timeZone": "America/New_York",
        "duration": 90, "travelTime": 25, **members,
    }  # fmt: skip


def times(value: dict[str, Any]) -> tuple[str, str]:
    return value["timestampStart"][:16], value["timestampEnd"][:16]


async def calendar_of(database: Database, **columns: Any) -> str:
    """A calendar that was taken in; its id."""
    await rows.insert(database, CalendarICalendar, [{"name": "Holidays", **columns}])
    return str(await database.fetch_value("SELECT id FROM calendar_icalendar ORDER BY created DESC LIMIT 1"))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ("2023-07-04T21:50", "2023-07-04T23:45")),
        ({"dateStart": "2023-12-04"}, ("2023-12-04T22:50", "2023-12-05T00:45")),
        ({"timeZone": "Europe/Lisbon"}, ("2023-07-04T16:50", "2023-07-04T18:45")),
        # skipped in spring: as if clocks had not been changed yet
        ({"dateStart": "2024-03-10", "timeStart": "02:30"}, ("2024-03-10T07:05", "2024-03-10T09:00")),
        # twice in autumn: the second one
        ({"dateStart": "2024-11-03", "timeStart": "01:30"}, ("2024-11-03T06:05", "2024-11-03T08:00")),
        ({"duration": 0, "travelTime": 0, "timeStart": "00:00"}, ("2023-07-04T04:00", "2023-07-04T04:00")),
        ({"duration": 2880, "travelTime": 0, "timeStart": "00:00"}, ("2023-07-04T04:00", "2023-07-06T04:00")),
    ],
    ids=str,
)
async def test_an_event_is_at_a_moment(
    cast: Cast, members: dict[str, Any], expected: tuple[str, str]
) -> None:
    made = await cast.ann.create(CalendarEvent, independence_day(**members))
    assert times(made.value) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"dateStart": "2024-03-10"},
        {"timeStart": "02:30"},
        {"timeZone": "Asia/Kathmandu"},
        {"duration": 1},
        {"travelTime": 0},
    ],
    ids=str,
)
async def test_a_change_moves_it(cast: Cast, change: dict[str, Any]) -> None:
    value = (await cast.ann.create(CalendarEvent, independence_day())).value
    changed = (await cast.ann.update(CalendarEvent, value["id"], change)).value
    anew = (await cast.ann.create(CalendarEvent, independence_day(**change))).value
    assert times(changed) == times(anew) != times(value)


async def test_what_the_contract_shows_is_what_there_is(cast: Cast) -> None:
    body = {
        "authHouseholdID": cast.home, "authAccountID": None, "name": "Choir", "dateStart": "2023-09-05",
        "timeStart": "19:30", "timeZone": "Europe/Lisbon", "duration": 90, "travelTime": 20, "notifyOffset": 15,
        "recurrence": WEEKLY, "dateEnd": None, "skipDays": ["2023-12-26"], "participants": [], "color": 7,
        "details": "", "location": "Town hall",
    }  # fmt: skip
    value = (await cast.ann.create(CalendarEvent, body)).value
    assert value == {
        **body,
        "calendarICalendarID": None,
        "created": value["created"],
        "id": value["id"],
        "timestampEnd": "2023-09-05T20:00:00.000000Z",
        "timestampStart": "2023-09-05T18:10:00.000000Z",
        "updated": value["updated"],
    }


async def test_a_date_and_a_name_are_enough(database: Database, cast: Cast) -> None:
    """As the add-on for Home Assistant sends it (contract §12.4)."""
    account = await new_account(database, time_zone="Asia/Tokyo")
    mika = Caller(cast.ann.client, account, (await new_session(database, account)).headers)
    value = (await mika.create(CalendarEvent, {"name": "Trip", "dateStart": "2026-11-24"})).value
    assert (value["timeZone"], value["timeStart"], value["duration"]) == ("Asia/Tokyo", "00:00", 0)
    assert value["authAccountID"] == account
    assert times(value) == ("2026-11-23T15:00", "2026-11-23T15:00")
    # what is not said stays; what is cleared is UTC
    assert (await mika.update(CalendarEvent, value["id"], {"name": "Trip"})).status == 204
    assert (await mika.update(CalendarEvent, value["id"], {"timeZone": ""})).value["timeZone"] == "UTC"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": ""}, "name: must not be empty"),
        ({"dateStart": None}, "dateStart: must not be null"),
        ({"dateStart": "2023-02-30"}, "dateStart: must be a date such as 2026-11-23"),
        ({"dateStart": "0099-12-31"}, "dateStart: must be a day between the years 100 and 9900"),
        ({"dateStart": "9901-01-01"}, "dateStart: must be a day between the years 100 and 9900"),
        ({"timeStart": "24:00"}, "timeStart: must be a time such as 18:30"),
        ({"timeZone": "Mars/Olympus"}, "timeZone: must be a time zone such as Europe/Lisbon"),
        ({"duration": -1}, "duration: must not be negative"),
        ({"duration": 5270401}, "duration: must be between 0 and 5270400"),
        ({"travelTime": -1}, "travelTime: must not be negative"),
        ({"notifyOffset": 1.5}, "notifyOffset: must be a whole number"),
        ({"skipDays": ["soon"]}, "skipDays: must be a date such as 2026-11-23"),
        ({"color": 14}, "color: must be between 0 and 13"),
        ({"recurrence": {"separation": 0}}, "recurrence: separation must be a whole number between 1 and 32767"),
        ({"recurrence": {"separation": 1, "day": 1, "weekday": 1}},
         "recurrence: combines members in a way that has no meaning"),
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_wrong_is_said(cast: Cast, members: dict[str, Any], message: str) -> None:
    answer = await cast.ann.create(CalendarEvent, independence_day(**members))
    assert (answer.status, answer.message) == (400, message)


async def test_an_event_without_a_date_is_none(cast: Cast) -> None:
    answer = await cast.ann.create(CalendarEvent, {"name": "Some day"})
    assert (answer.status, answer.message) == (400, "dateStart: must be given")


@pytest.mark.parametrize("days", ["0100-01-01", "9900-12-31"])
async def test_years_have_four_digits_on_the_wire(cast: Cast, days: str) -> None:
    body = independence_day(dateStart=days, duration=5270400, travelTime=5270400)
    value = (await cast.ann.create(CalendarEvent, body)).value
    assert [len(text) for text in (value["timestampStart"], value["timestampEnd"])] == [27, 27]


# Events of calendars that were taken in


async def test_an_event_of_a_calendar_belongs_to_whom_that_belongs(database: Database, cast: Cast) -> None:
    calendar = await calendar_of(database, auth_household_id=cast.home)
    body = independence_day(calendarICalendarID=calendar, authAccountID=cast.ann.account)
    value = (await cast.ann.create(CalendarEvent, body)).value
    assert (value["authAccountID"], value["authHouseholdID"]) == (None, cast.home)
    assert value["calendarICalendarID"] == calendar
    moved = await cast.ann.update(CalendarEvent, value["id"], {"authAccountID": cast.ann.account})
    assert moved.status == 204
    assert (await cast.bob.read(CalendarEvent, value["id"])).value == value
    # what it was taken from does not change
    other = await calendar_of(database, auth_household_id=cast.home, name="Bin days")
    assert (await cast.ann.update(CalendarEvent, value["id"], {"calendarICalendarID": other})).status == 204


async def test_nobody_puts_events_into_a_calendar_of_others(database: Database, cast: Cast) -> None:
    household, own = (
        await calendar_of(database, auth_household_id=cast.home),
        await calendar_of(database, auth_account_id=cast.ann.account),
    )
    for caller, calendar in ((cast.cat, household), (cast.vic, household), (cast.bob, own), (cast.root, own)):
        answer = await caller.create(CalendarEvent, independence_day(calendarICalendarID=calendar))
        assert answer.status == 400
        assert answer.message.startswith("calendarICalendarID: names nothing")


async def test_events_go_with_their_calendar(database: Database, cast: Cast) -> None:
    calendar = await calendar_of(database, auth_household_id=cast.home)
    await cast.ann.create(CalendarEvent, independence_day(calendarICalendarID=calendar))
    kept = (await cast.ann.create(CalendarEvent, independence_day(authHouseholdID=cast.home))).value
    hidden = {"hideCalendarICalendars": [calendar, "another"]}
    assert (await cast.bob.call("PUT", f"/auth/accounts/{cast.bob.account}", hidden)).status == 200
    assert (await cast.vic.delete(CalendarICalendar, calendar)).status == 400
    assert (await cast.ann.delete(CalendarICalendar, calendar)).value["id"] == calendar
    assert (await cast.bob.list(CalendarEvent)).values == [kept]
    bob = (await cast.bob.call("GET", f"/auth/accounts/{cast.bob.account}")).value
    assert bob["hideCalendarICalendars"] == ["another"]
