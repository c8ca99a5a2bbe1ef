from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from homechart_common.local_time import moment, zone_named, zone_names
from homechart_common.postgresql.database import Database

#: Zones whose clocks change in different ways: by half an hour, at midnight, below zero, for Ramadan, by a day.
ZONES = (
    "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Africa/Casablanca", "Asia/Beirut",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Dublin", "Europe/Lisbon", "Pacific/Apia", "UTC",
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "at", "there"),
    [
        # skipped: 02:30 is 01:30 and an hour
        (date(2026, 3, 8), time(2, 30), datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        # shown twice: the second time, in winter time
        (date(2026, 11, 1), time(1, 30), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        (date(2026, 7, 4), time(18, 15), datetime(2026, 7, 4, 22, 15, tzinfo=UTC)),
    ],
)
def test_a_time_on_a_clock_is_a_moment(day: date, at: time, there: datetime) -> None:
    assert moment(day, at, ZoneInfo("America/New_York")) == there


@pytest.mark.parametrize("zone", ZONES)
async def test_postgresql_agrees_around_every_change_of_clocks(database: Database, zone: str) -> None:
    begin = datetime(2010, 1, 1)
    times = [begin + timedelta(minutes=30 * number) for number in range(48 * 365 * 17)]
    offsets = [shown.replace(tzinfo=ZoneInfo(zone)).utcoffset() for shown in times]
    near = [
        shown
        for shown, before, behind in zip(times[96:], offsets, offsets[192:], strict=False)
        if before != behind
    ]
    rows = await database.fetch(
        "SELECT shown AT TIME ZONE %(zone)s FROM unnest(%(times)s::timestamp[]) WITH ORDINALITY AS t (shown, n)"
        " ORDER BY n",
        {"zone": zone, "times": near},
    )
    assert [row[0] for row in rows] == [moment(shown.date(), shown.time(), ZoneInfo(zone)) for shown in near]


async def test_postgresql_knows_every_zone_that_people_may_name(database: Database) -> None:
    there = "SELECT count(timestamp '2026-11-24' AT TIME ZONE name) FROM unnest(%(zones)s::text[]) name"
    assert await database.fetch_value(there, {"zones": sorted(zone_names())}) == len(zone_names()) > 400


def test_a_zone_that_is_not_known_any_more_is_utc() -> None:
    assert zone_named("Europe/Lisbon") == ZoneInfo("Europe/Lisbon")
    for unknown in ("Mars/Olympus", "", "../../etc/passwd", "\0"):
        assert zone_named(unknown) == ZoneInfo("UTC")
