"""Events of a calendar of others: what its author changes changes here, and what people here made of them stays."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from homechart_common.icalendar.reading import read
from homechart_common.icalendar.subscriptions import Found, events_in, take_in
from homechart_common.models import CalendarEvent, rows
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.queries import load
from tests.factories import new_account

Change = dict[str, Any]

CHOIR = {
    "UID": "choir",
    "SUMMARY": "Choir",
    "DESCRIPTION": "Bring the scores",
    "LOCATION": "Town hall",
    "DTSTART": "20261124T193000Z",
    "DURATION": "PT1H",
    "RRULE": "FREQ=WEEKLY;BYDAY=TU",
    "EXDATE": "20261201T193000Z",
}


def text(**changes: str | None) -> str:
    """A calendar with one event, of which some is said otherwise, or not at all."""
    said = {**CHOIR, **changes}
    lines = [f"{name}:{value}" for name, value in said.items() if value is not None]
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM"]
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", *lines, *alarm, "END:VEVENT", "END:VCALENDAR", ""]
    )


class Subscription:
    """A calendar that somebody has, and the one event in it."""

    def __init__(self, database: Database, calendar: str) -> None:
        self.database = database
        self.calendar = calendar

    async def read(self, said: str) -> None:
        """Take in what the author says now."""
        found = Found(said)
        events = await events_in(found, "UTC")
        async with self.database.transaction() as connection:
            await take_in(connection, self.calendar, found, events)

    async def event(self) -> dict[str, Any]:
        """All columns of the event."""
        row = await self.database.fetch_value("SELECT to_jsonb(e)::text FROM calendar_event e")
        loaded: dict[str, Any] = orjson.loads(row)
        return loaded

    async def change(self, **columns: Any) -> dict[str, Any]:
        """Change the event here; how it is then."""
        event = await self.event()
        await rows.overwrite(self.database, CalendarEvent, event["id"], columns)
        return await self.event()


@pytest.fixture
async def subscription(fresh_database: Database) -> Subscription:
    """Somebody's calendar, as it was read first."""
    account = await new_account(fresh_database)
    calendar = await fresh_database.fetch_value(
        "INSERT INTO calendar_icalendar (auth_account_id, name, url) VALUES (%(account)s, 'Choir', 'https://x.test/y')"
        " RETURNING id::text",
        {"account": account},
    )
    subscription = Subscription(fresh_database, calendar)
    await subscription.read(text())
    return subscription


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ({"SUMMARY": "Rehearsal"}, {"name": "Rehearsal"}),
        ({"DESCRIPTION": None}, {"details": ""}),
        ({"LOCATION": "School"}, {"location": "School"}),
        ({"DURATION": "PT2H"}, {"duration": 120}),
        ({"RRULE": None, "EXDATE": None}, {"recurrence": None, "skip_days": []}),
        ({"RRULE": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20270101T000000Z"}, {"date_end": "2026-12-31"}),
        ({"EXDATE": "20261208T193000Z"}, {"skip_days": ["2026-12-08"]}),
        (
            {"DTSTART": "20261125T180000Z", "RRULE": None, "EXDATE": None},
            {"date_start": "2026-11-25", "time_start": "18:00:00", "recurrence": None, "skip_days": []},
        ),
    ],
    ids=lambda changes: "-".join(changes),
)
async def test_what_the_author_changes_changes_here(
    subscription: Subscription, said: Change, becomes: Change
) -> None:
    before = await subscription.event()
    await subscription.read(text(**said))
    after = await subscription.event()
    followed = {
        *becomes,
        "timestamp_start",
        "timestamp_end",
        "updated",
        "icalendar_said",
        "time_notification",
    }
    assert {**after, **dict.fromkeys(followed)} == {**before, **dict.fromkeys(followed)}
    assert {column: after[column] for column in becomes} == becomes
    assert after["updated"] > before["updated"], "clients hear of it"


async def test_what_people_here_made_of_an_event_stays(subscription: Subscription) -> None:
    """They paint it, say who takes part, rename it, and leave a day out; the author moves it and leaves another out."""
    own = {
        "color": 5,
        "participants": ["somebody"],
        "travel_time": 20,
        "notify_offset": 60,
        "name": "Our choir",
        "skip_days": ["2026-12-01", "2026-12-15"],
    }
    await subscription.change(**own)
    await subscription.read(text(DTSTART="20261124T200000Z", EXDATE="20261222T200000Z"))
    after = await subscription.event()
    assert after["time_start"] == "20:00:00"
    assert {column: after[column] for column in own} == {**own, "skip_days": ["2026-12-15", "2026-12-22"]}


async def test_what_both_changed_is_as_the_author_says_now(subscription: Subscription) -> None:
    await subscription.change(name="Our choir")
    await subscription.read(text(SUMMARY="Rehearsal"))
    assert (await subscription.event())["name"] == "Rehearsal"
    await subscription.change(name="Our choir")
    await subscription.read(text(SUMMARY="Rehearsal", LOCATION="School"))
    assert (await subscription.event())["name"] == "Our choir"


async def test_an_event_of_which_nothing_new_is_said_is_not_touched(subscription: Subscription) -> None:
    before = await subscription.change(name="Our choir", time_start="08:00")
    await subscription.read(text() + "\r\n")
    assert await subscription.event() == before


async def test_an_event_that_was_moved_is_reminded_of_anew(subscription: Subscription) -> None:
    await subscription.database.execute("UPDATE calendar_event SET time_notification = '2026-11-24'")
    await subscription.read(text(LOCATION="School"))
    assert str((await subscription.event())["time_notification"]).startswith("2026-11-24")
    await subscription.read(text(DTSTART="20261124T200000Z"))
    assert (await subscription.event())["time_notification"] == "-infinity"


@pytest.mark.parametrize("touched", [False, True])
async def test_of_an_event_from_before_what_was_said_is_known_if_nobody_touched_it(
    subscription: Subscription, touched: bool
) -> None:
    """As in databases and archives from before that was kept."""
    await subscription.database.execute("UPDATE calendar_event SET icalendar_said = NULL")
    if touched:
        await subscription.change(color=5)
    await subscription.read(text(SUMMARY="Rehearsal"))
    assert (await subscription.event())["name"] == ("Choir" if touched else "Rehearsal")
    await subscription.read(text(SUMMARY="Concert"))
    assert (await subscription.event())["name"] == "Concert"


async def test_of_many_events_only_those_that_changed_are_written(subscription: Subscription) -> None:
    """A calendar of ten thousand events, of which one moves, is one change to everybody who follows."""
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\nSUMMARY:{n}\r\nDTSTART:20261124T190000Z\r\nEND:VEVENT\r\n"
        for n in range(50)
    )
    calendar = f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n"
    await subscription.read(calendar)
    before = await subscription.database.fetch_value("SELECT max(version) FROM sync_change")
    await subscription.read(calendar.replace("SUMMARY:7\r\n", "SUMMARY:Seven\r\n"))
    changed = await subscription.database.fetch(
        "SELECT e.name FROM sync_change c JOIN calendar_event e USING (id) WHERE c.version > %(before)s",
        {"before": before},
    )
    assert changed == [("Seven",)]


def test_every_column_that_is_read_is_followed() -> None:
    """The statement lists the columns; so does the reader, and neither may forget one."""
    (row,) = read(text(), "UTC")
    statement = load("calendar")["follow_events"].sql
    assert all(column in statement for column in row)
