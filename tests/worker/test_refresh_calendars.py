"""Calendars of others are read again every hour, by one of many workers, and servers in trouble are left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from homechart_common import logger
from homechart_common.postgresql.connection import Queryable
from homechart_worker.task import Context, perform
from homechart_worker.tasks.clean_up_calendar_hosts import clean_up_calendar_hosts
from homechart_worker.tasks.refresh_calendars import refresh_calendars
from tests.factories import new_account
from tests.rogue_server import RogueServer, answer, outside, redirect, rogue_server

CALENDAR = "Content-Type: text/calendar; charset=utf-8"
HOUR = timedelta(hours=1)


def ics(*names: str) -> str:
    """A calendar with events of these names."""
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{name}\r\nSUMMARY:{name}\r\nDTSTART:20261124T193000\r\nEND:VEVENT\r\n"
        for name in names
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{events}END:VCALENDAR\r\n"


@pytest.fixture
async def site() -> AsyncIterator[RogueServer]:
    async with rogue_server() as server:
        yield server


@pytest.fixture
def context(context: Context) -> Context:
    """A worker to which the loopback is a place on the internet."""
    return replace(context, fetcher=outside(seconds=2))


async def subscribe(database: Queryable, *urls: str) -> None:
    """Somebody's calendars at some addresses, which it is time to read."""
    account = await new_account(database)
    for number, url in enumerate(urls):
        await database.execute(
            """INSERT INTO calendar_icalendar (auth_account_id, name, url, refresh_next)
            VALUES (%(account)s, %(name)s, %(url)s, now())""",
            {"account": account, "name": f"Calendar {number}", "url": url},
        )


async def pass_time(database: Queryable, time: timedelta) -> None:
    """It is later, as far as calendars are concerned."""
    await database.execute(
        "UPDATE calendar_icalendar SET refresh_next = refresh_next - %(time)s", {"time": time}
    )
    await database.execute("UPDATE calendar_host SET not_before = not_before - %(time)s", {"time": time})


async def wait(database: Queryable) -> list[timedelta]:
    """In how many hours each calendar is to be read again."""
    found = await database.fetch("SELECT refresh_next - now() FROM calendar_icalendar ORDER BY name")
    return [timedelta(hours=round(left / HOUR, 1)) for (left,) in found]


async def names(database: Queryable) -> set[str]:
    return {name for (name,) in await database.fetch("SELECT name FROM calendar_event")}


async def test_a_calendar_is_read_every_hour(context: Context, site: RogueServer) -> None:
    database = context.database
    await subscribe(database, site.page("/x.ics", ics("Choir"), CALENDAR, 'ETag: "one"'))
    assert await perform(refresh_calendars, context) == 1
    assert await names(database) == {"Choir"}
    assert await wait(database) == [HOUR]
    await pass_time(database, HOUR - timedelta(minutes=1))
    assert await perform(refresh_calendars, context) == 0
    await pass_time(database, timedelta(minutes=1))
    site.at("/x.ics", answer("", 'ETag: "one"', status=304))
    assert await perform(refresh_calendars, context) == 1
    assert b'If-None-Match: "one"' in site.requests[-1]
    assert await wait(database) == [HOUR]
    await pass_time(database, HOUR)
    site.page("/x.ics", ics("Choir", "Feast"), CALENDAR)
    assert await perform(refresh_calendars, context) == 1
    assert await names(database) == {"Choir", "Feast"}
    assert len(site.requests) == 3


async def test_many_workers_read_each_calendar_once(context: Context, site: RogueServer) -> None:
    await subscribe(
        context.database, *(site.page(f"/{n}.ics", ics(f"Event {n}"), CALENDAR) for n in range(30))
    )
    handled = await asyncio.gather(*(perform(refresh_calendars, context) for _ in range(6)))
    assert sum(handled) == len(site.requests) == 30
    assert len(await names(context.database)) == 30


async def test_a_calendar_whose_reader_died_is_read_by_another_one(
    context: Context, site: RogueServer
) -> None:
    database, asked = context.database, asyncio.Event()

    async def hang(*_: Any) -> None:
        asked.set()
        await asyncio.sleep(60)

    await subscribe(database, site.at("/x.ics", hang))
    reader = asyncio.create_task(refresh_calendars.run(replace(context, fetcher=outside(seconds=60))))
    await asked.wait()
    assert await perform(refresh_calendars, context) == 0, "it is being read"
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    site.page("/x.ics", ics("Choir"), CALENDAR)
    await pass_time(database, timedelta(minutes=5))
    assert await perform(refresh_calendars, context) == 1
    assert await names(database) == {"Choir"}


async def test_a_calendar_that_is_gone_is_asked_for_less_and_less_often(
    context: Context, site: RogueServer
) -> None:
    database = context.database
    await subscribe(
        database, site.page("/gone.ics", "", status=404), site.page("/x.ics", ics("Choir"), CALENDAR)
    )
    for hours in (1, 2, 4, 8, 16, 24, 24):
        assert await perform(refresh_calendars, context) == 2
        assert await wait(database) == [timedelta(hours=hours), HOUR], (
            "its neighbour has nothing to do with it"
        )
        await pass_time(database, timedelta(hours=hours))
    site.page("/gone.ics", ics("Back"), CALENDAR)
    await perform(refresh_calendars, context)
    assert await names(database) == {"Choir", "Back"}
    assert await wait(database) == [HOUR, HOUR]
    assert await database.fetch_value("SELECT max(failures) FROM calendar_icalendar") == 0


async def test_a_server_that_answers_nobody_is_left_alone_for_all_its_calendars(
    context: Context, site: RogueServer
) -> None:
    database = context.database
    urls = [site.page(f"/{n}.ics", "", status=503) for n in range(5)]
    await subscribe(database, *urls)
    for asked, hours in enumerate((1, 2, 4, 8, 16, 24, 24), 1):
        assert await perform(refresh_calendars, context) == 5
        assert len(site.requests) == asked
        assert await wait(database) == [timedelta(hours=hours)] * 5
        await pass_time(database, timedelta(hours=hours))
    for number, url in enumerate(urls):
        site.page(url.partition(str(site.port))[2], ics(f"Event {number}"), CALENDAR)
    await perform(refresh_calendars, context)
    assert len(await names(database)) == 5
    assert not await database.fetch("SELECT FROM calendar_host")


@pytest.mark.parametrize("elsewhere", ["busy", "nobody"])
async def test_a_server_is_not_blamed_for_where_somebody_makes_it_lead(
    context: Context, site: RogueServer, elsewhere: str
) -> None:
    """Large hosts lead anywhere: whoever has a calendar there must not stop those of others."""
    async with rogue_server() as other:
        target = other.page("/", "", "Retry-After: 604800", status=503)
        if elsewhere == "nobody":
            target = "http://site.test:1/"
        await subscribe(
            context.database, site.at("/lead", redirect(target)), site.page("/x", ics("Choir"), CALENDAR)
        )
        await perform(refresh_calendars, context)
    assert await names(context.database) == {"Choir"}
    assert await wait(context.database) == [HOUR, HOUR]
    assert await context.database.fetch("SELECT FROM calendar_host") == []


async def test_failures_at_the_same_time_count_once(context: Context, site: RogueServer) -> None:
    database, everybody = context.database, asyncio.Barrier(4)

    async def behave(request: bytes, writer: asyncio.StreamWriter) -> None:
        await everybody.wait()
        await answer("", status=503)(request, writer)

    await subscribe(database, *(site.at(f"/{n}.ics", behave) for n in range(4)))
    await asyncio.gather(*(refresh_calendars.run(context) for _ in range(4)))
    assert await database.fetch("SELECT failures FROM calendar_host") == [(1,)]


@pytest.mark.parametrize(
    ("status", "said", "hours"),
    [
        (429, "18000", 5),
        (503, "18000", 5),
        (503, "60", 1),
        (503, "99999999", 24 * 7),
        (503, "soon", 1),
        (500, "18000", 1),
    ],
)
async def test_a_server_says_when_it_wants_to_be_asked_again(
    context: Context, site: RogueServer, status: int, said: str, hours: int
) -> None:
    await subscribe(context.database, site.page("/x.ics", "", f"Retry-After: {said}", status=status))
    await perform(refresh_calendars, context)
    assert await wait(context.database) == [timedelta(hours=hours)]


async def test_what_is_wrong_is_told_in_the_log_without_the_secret_address(
    context: Context, site: RogueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(logger, "notice", lambda message, **about: told.append((message, about)))
    await subscribe(
        context.database,
        site.page("/secret.ics", "<html>"),
        "http://site.test:1/secret.ics",
        "https://me:secret@site.test:2/",
        "gibberish",
    )
    await perform(refresh_calendars, context)
    assert len(told) == 4
    hosts = {f"site.test:{site.port}", "site.test:1", "site.test:2", None}
    assert {about["host"] for _, about in told} == hosts
    assert "secret" not in str(told)


async def test_a_calendar_that_goes_or_moves_while_it_is_read_is_left_as_it_is(
    context: Context, site: RogueServer
) -> None:
    database = context.database
    for change in (
        "DELETE FROM calendar_icalendar",
        "UPDATE calendar_icalendar SET url = 'https://other.test/', refresh_next = now() + interval '9 hours'",
    ):
        for status in (200, 404, 503):

            async def behave(
                request: bytes, writer: asyncio.StreamWriter, change: str = change, status: int = status
            ) -> None:
                await database.execute(change)
                await answer(ics("Choir"), CALENDAR, status=status)(request, writer)

            await database.execute("DELETE FROM calendar_host; DELETE FROM calendar_icalendar")
            await subscribe(database, site.at("/x.ics", behave))
            assert await perform(refresh_calendars, context) == 1
            assert await names(database) == set()
            assert await wait(database) == ([] if change.startswith("DELETE") else [9 * HOUR])


async def test_what_has_no_address_is_never_read(context: Context) -> None:
    await subscribe(context.database, "")
    assert await perform(refresh_calendars, context) == 0


async def test_servers_that_nobody_asks_any_more_are_forgotten(context: Context) -> None:
    await context.database.execute(
        """INSERT INTO calendar_host (host, failures, not_before)
        VALUES ('old.test', 5, now() - interval '15 days'), ('new.test', 5, now() - interval '1 day')"""
    )
    assert await perform(clean_up_calendar_hosts, context) == 1
    assert await context.database.fetch("SELECT host FROM calendar_host") == [("new.test",)]
