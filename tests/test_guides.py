"""The guide to what a household does says what is true: its commands do what it tells."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import icalendar

from homechart_common.postgresql.database import Database
from tests.commands import printed_in, tour, typed
from tests.processes import api_process

GUIDE = "docs/household.md"


async def test_a_household_does_all_of_it(fresh_database: Database, tmp_path: Path) -> None:
    script = f"{tour()}\necho; echo THE GUIDE\n{printed_in(GUIDE)}"
    async with api_process(fresh_database.settings) as api:
        text = (await typed(script, api.url, tmp_path)).partition("THE GUIDE\n")[2]
    answers = [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]
    refused = [answer["message"] for answer in answers if not answer["success"]]
    assert refused == ["url: must be an address on the public internet"]
    for said in (
        '"name":"Kim\'s tablet"',
        '"timestampStart":"2026-10-14T18:30:00.000000Z"',
        '"notify":true',
        '"dailyAgendaTime":"07:00"',
        '"ignoreEmailPlanTask": false',
        '"customRecipe":""',
        '"budgetTransactionAmount":-2350',
        '"name" : "Going out"',
        '"stampGoal":5',
        '"quantity":2',
        '"body":"It is on the back of the router."',
        '"name":"Milk"',
    ):
        assert said in text + (tmp_path / "month.json").read_text(), said
    assert '"name":"Holidays"' in (tmp_path / "events.json").read_text()
    feed = icalendar.Calendar.from_ical((tmp_path / "home.ics").read_text())
    assert "Event: Choir" in {str(event["SUMMARY"]) for event in feed.walk("VEVENT")}
    archive = json.loads(gzip.decompress((tmp_path / "home.gz").read_bytes().rstrip(b"\n")))
    assert {account["name"] for account in archive["authAccounts"]} == {"Ann", "Ben", "Kim"}
    members = archive["authAccountAuthHouseholds"]
    assert sorted(member["permissions"]["budget"] for member in members) == [0, 1, 2]
