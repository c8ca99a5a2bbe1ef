"""Looking around without signing up (contract §3.12)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.visitors import PASSWORD, StartAPI, Visitor, new_address


@pytest.fixture(scope="module")
async def offering(start_api: StartAPI) -> Visitor:
    """Somebody at a server that offers demonstrations."""
    return await start_api("app_demo=true")


async def look_around(offering: Visitor, query: str = "") -> Visitor:
    return offering.signed_in((await offering.get(f"/auth/demo{query}")).value)


async def account_of(visitor: Visitor) -> dict[str, Any]:
    return (await visitor.get(visitor.home)).value


async def test_a_server_offers_no_demonstration_unless_it_is_told_to(api: Visitor) -> None:
    answer = await api.get("/auth/demo")
    assert (answer.status, answer.body) == (404, None)


async def test_a_visitor_lives_in_a_household_of_its_own(offering: Visitor) -> None:
    answer = await offering.get("/auth/demo")
    assert answer.body is not None
    assert (answer.body["dataType"], answer.body["dataTotal"]) == ("AuthSession", 1)
    robin = offering.signed_in(answer.value)
    account = await account_of(robin)
    assert account["emailAddress"].endswith("@demo.example.com")
    household = (await robin.get("/auth/households")).value
    assert (household["demo"], household["countMembers"]) == (True, 2)
    assert account["primaryAuthHouseholdID"] == household["id"]
    assert (await robin.get("/auth/signin")).value["permissionsHouseholds"][0]["permissions"]["auth"] == 0
    assert len((await robin.get("/shop/categories")).values) == 16
    assert (await robin.get("/plan/tasks")).values != []
    other = await look_around(offering)
    assert (await other.get("/auth/households")).value["id"] != household["id"]


async def test_a_visitor_says_which_language_and_time_zone(offering: Visitor) -> None:
    account = await account_of(await look_around(offering, "?code=de&timezone=Europe/Berlin"))
    assert (account["iso639Code"], account["timeZone"]) == ("de", "Europe/Berlin")
    account = await account_of(await look_around(offering, "?code=tlh&timezone="))
    assert (account["iso639Code"], account["timeZone"]) == ("en", "UTC")
    refused = await offering.get("/auth/demo?timezone=Mars/Olympus")
    assert (refused.status, refused.message.split(":")[0]) == (400, "timeZone")


async def test_nobody_signs_in_to_a_demonstration(offering: Visitor) -> None:
    account = await account_of(await look_around(offering))
    for password in (PASSWORD, ""):
        body = {"emailAddress": account["emailAddress"], "password": password}
        assert (await offering.post("/auth/signin", body)).message == "Incorrect password"


async def test_administrators_are_not_shown_demonstrations(offering: Visitor, admin: Visitor) -> None:
    robin = await look_around(offering)
    household = (await robin.get("/auth/households")).value["id"]
    listed = (await admin.get("/auth/households?filter=")).values
    assert household not in [each["id"] for each in listed]
    assert (await admin.get(f"/auth/households?filter={household}")).value["demo"] is True


async def test_no_mail_goes_to_a_visitor(offering: Visitor, database: Database) -> None:
    robin = await look_around(offering)
    await robin.put(robin.home, {"password": PASSWORD})
    await robin.get("/auth/verify")
    told = "SELECT count(*) FROM notification WHERE auth_account_id = %(id)s"
    assert await database.fetch_value(told, {"id": robin.account}) == 0


async def test_a_visitor_who_invites_somebody_invites_them_as_anybody_would(offering: Visitor) -> None:
    robin = await look_around(offering)
    household = (await robin.get("/auth/households")).value["id"]
    address = new_address()
    await robin.post(f"/auth/households/{household}/invites", {"emailAddress": address})
    members = (await robin.get("/auth/households")).value["members"]
    assert [member["inviteToken"] for member in members if member["emailAddress"] == address] != [""]
