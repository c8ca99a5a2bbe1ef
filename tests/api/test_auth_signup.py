"""Signing up, and what a new account finds."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.visitors import PASSWORD, Letters, SignUp, StartAPI, Visitor, new_address

#: What answers have, exactly (contract, catalogue of objects).
ACCOUNT_MEMBERS = """
    child collapsedNotesPages collapsedPlanProjects collapsedPlanTasks created dailyAgendaNext dailyAgendaTime
    emailAddress hideCalendarICalendars icalendarID id iso639Code lastActivity name oidcCode oidcProviderType
    password passwordResetToken permissionsAccount permissionsHouseholds preferences primaryAuthHouseholdID
    privateKeys publicKey setup subscriptionReferrerCode timeZone tosAccepted totpBackup totpCode totpEnabled
    totpQR totpSecret updated userAgent verified
"""
SESSION_MEMBERS = """
    authAccountID child created expires id key name permissionsAccount permissionsHouseholds
    primaryAuthHouseholdID userAgent webPush
"""


def form(**members: Any) -> dict[str, Any]:
    """A complete form; ``None`` leaves a member out."""
    body = {"emailAddress": new_address(), "password": PASSWORD, "tosAccepted": True, **members}
    return {name: value for name, value in body.items() if value is not None}


async def test_who_signs_up_is_signed_in(api: Visitor) -> None:
    answer = await api.post("/auth/accounts", form(name="Ann"))
    assert answer.body is not None
    assert (answer.body["dataType"], answer.body["dataTotal"]) == ("AuthSession", 1)
    assert answer.value.keys() == set(SESSION_MEMBERS.split())
    ann = api.signed_in(answer.value)
    assert (await ann.get("/auth/signin")).status == 200
    account = (await ann.get(ann.home)).value
    assert account["name"] == "Ann"
    assert account.keys() == set(ACCOUNT_MEMBERS.split())


async def test_what_is_not_said_has_a_default(sign_up: SignUp) -> None:
    ann = await sign_up(name="", iso639Code="xx", timeZone="")
    account = (await ann.get(ann.home)).value
    assert (account["name"], account["iso639Code"], account["timeZone"]) == ("Homecharter", "en", "UTC")
    assert account["dailyAgendaTime"] == "00:00"
    assert account["dailyAgendaNext"].endswith("T00:00:00.000000Z")


async def test_what_the_form_says_is_kept(sign_up: SignUp) -> None:
    ann = await sign_up(
        iso639Code="de",
        timeZone="Europe/Lisbon",
        dailyAgendaTime="07:30",
        setup=True,
        preferences={"darkMode": True},
        subscriptionReferrerCode="abc",
    )
    account = (await ann.get(ann.home)).value
    assert (account["iso639Code"], account["timeZone"]) == ("de", "Europe/Lisbon")
    assert (account["dailyAgendaTime"], account["setup"]) == ("07:30", True)
    assert (account["preferences"]["darkMode"], account["subscriptionReferrerCode"]) == (True, "abc")


async def test_keys_come_in_pairs_from_the_start(sign_up: SignUp) -> None:
    pair = {
        "publicKey": "MIIBIjANBgkq",
        "privateKeys": [{"name": "laptop", "key": "none$Zm9v", "provider": "none"}],
    }
    kept = (pair, {**pair, "publicKey": ""}, {**pair, "privateKeys": []})
    for form_keys, public_key in zip(kept, ("MIIBIjANBgkq", "", ""), strict=True):
        ann = await sign_up(**form_keys)
        account = (await ann.get(ann.home)).value
        assert account["publicKey"] == public_key
        assert account["privateKeys"] == (pair["privateKeys"] if public_key else [])


async def test_nobody_is_verified_or_a_child_by_saying_so(sign_up: SignUp) -> None:
    ann = await sign_up(verified=True, child=True, totpEnabled=True, icalendarID=new_address())
    account = (await ann.get(ann.home)).value
    assert not any(account[name] for name in ("verified", "child", "totpEnabled", "icalendarID"))


async def test_an_address_that_is_not_verified_gets_no_reminders(sign_up: SignUp) -> None:
    ann = await sign_up(preferences={"ignoreEmailCalendarEvent": False})
    preferences = (await ann.get(ann.home)).value["preferences"]
    assert preferences["ignoreEmailCalendarEvent"]
    assert preferences["ignoreEmailPlanTask"]
    assert not preferences["ignoreEmailAgenda"]


@pytest.mark.parametrize(
    "members",
    [
        {"tosAccepted": None},
        {"tosAccepted": False},
        {"password": None},
        {"password": ""},
        {"password": "short"},
        {"emailAddress": None},
        {"emailAddress": ""},
        {"emailAddress": "not an address"},
        {"emailAddress": "a\u0000b@house.test"},
        {"emailAddress": 5},
        {"name": "x" * 201},
        {"name": []},
        {"timeZone": "Middle/Earth"},
        {"dailyAgendaTime": "25:00"},
        {"preferences": {"colorPrimary": 14}},
        {"preferences": [1]},
        {"permissionsAccount": {"plan": 3}},
        {"permissionsHouseholds": [{"authHouseholdID": "x"}]},
        {"privateKeys": [{"name": "a", "key": "rot13$abc", "provider": "none"}]},
    ],
    ids=str,
)
async def test_what_is_wrong_is_refused_by_name(api: Visitor, members: dict[str, Any]) -> None:
    answer = await api.post("/auth/accounts", form(**members))
    assert answer.status == 400
    (name,) = members
    assert answer.message.startswith(f"{name}: ")


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"x"', b"\xff", b"{}"])
async def test_what_is_no_form_is_refused(api: Visitor, body: bytes) -> None:
    assert (await api.post("/auth/accounts", body)).status == 400


async def test_an_address_is_taken_once_however_it_is_written(api: Visitor, sign_up: SignUp) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    answer = await api.post("/auth/accounts", form(emailAddress=address.upper()))
    assert (answer.status, answer.message) == (409, "Account already exists")


async def test_of_two_at_once_one_gets_the_address(api: Visitor, database: Database) -> None:
    body = form()
    answers = await asyncio.gather(*(api.post("/auth/accounts", body) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    count = "SELECT count(*) FROM auth_account WHERE email_address = %(address)s"
    assert await database.fetch_value(count, {"address": body["emailAddress"]}) == 1


async def test_ids_that_a_form_names_are_ignored(api: Visitor, sign_up: SignUp) -> None:
    bob = await sign_up()
    answer = await api.post("/auth/accounts", form(id=bob.account))
    assert answer.status == 200
    assert answer.value["authAccountID"] != bob.account


async def test_a_provider_elsewhere_is_refused_in_words(api: Visitor) -> None:
    answer = await api.post("/auth/accounts", form(oidcCode="code", password=None))
    assert answer.status == 400
    assert answer.message.startswith("oidcCode: ")


async def test_the_session_has_the_permissions_that_the_form_asks_for(sign_up: SignUp) -> None:
    ann = await sign_up(permissionsAccount={"auth": 2, "plan": 1, "shop": 2})
    granted = ann.session["permissionsAccount"]
    assert (granted["auth"], granted["plan"], granted["shop"], granted["notes"]) == (1, 1, 2, 0)
    assert (await ann.post("/plan/tasks", {"name": "x"})).status == 403


@pytest.mark.parametrize(("remember", "seconds"), [(False, 3600), (True, 7776000)])
async def test_the_session_lasts_as_long_as_asked(sign_up: SignUp, remember: bool, seconds: int) -> None:
    session = (await sign_up(rememberMe=remember)).session
    created, expires = (datetime.fromisoformat(session[name]) for name in ("created", "expires"))
    assert abs((expires - created).total_seconds() - seconds) < 5


async def test_a_new_account_finds_its_first_objects(sign_up: SignUp) -> None:
    ann = await sign_up(timeZone="Asia/Tokyo")
    (bookmark,) = (await ann.get("/bookmarks")).values
    assert bookmark["link"] == "/settings/account"
    (project,) = (await ann.get("/plan/projects")).values
    tasks = (await ann.get("/plan/tasks")).values
    roots = [task for task in tasks if task["parentID"] is None]
    assert (len(roots), len(tasks), project["planTaskCount"]) == (5, 20, 20)
    assert {task["planProjectID"] for task in tasks} == {project["id"]}
    assert set(Counter(task["parentID"] for task in tasks).values()) == {5, 3}
    assert all(task["dueDate"].endswith("T15:00:00.000000Z") for task in roots), "midnight in Tokyo"
    assert sorted(task["position"] for task in roots) == ["0", "1", "2", "3", "4"]
    (page,) = (await ann.get("/notes/pages")).values
    (version,) = (await ann.get("/notes/page-versions")).values
    assert (version["notesPageID"], version["createdBy"]) == (page["id"], ann.account)
    assert len((await ann.get("/shop/lists")).values) == 1
    assert Counter(item["output"] for item in (await ann.get("/health/items")).values) == {
        True: 18,
        False: 20,
    }
    assert (await ann.get("/auth/households")).values == []


async def test_the_welcome_mail_verifies_the_address(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address, name="Ann")
    (welcome,) = await letters(address)
    assert welcome.kind == "welcome"
    verified = await api.put(f"/auth/verify?id={ann.account}&token={welcome.token}")
    assert verified.value["verified"]


async def test_addresses_that_get_no_mail_get_none(sign_up: SignUp, letters: Letters) -> None:
    address = new_address().replace("house.test", "example.com")
    await sign_up(emailAddress=address)
    assert await letters(address) == []


async def test_without_a_mail_server_nothing_waits_to_be_sent(
    start_api: StartAPI, database: Database, letters: Letters
) -> None:
    api = await start_api(mail=False)
    body = form()
    answer = await api.post("/auth/accounts", body)
    assert answer.status == 200
    assert await letters(body["emailAddress"]) == []


async def test_a_closed_server_lets_only_administrators_add_accounts(
    start_api: StartAPI, sign_up: SignUp, admin: Visitor
) -> None:
    closed = await start_api("app_signupdisabled=true")
    ann = closed.signed_in((await sign_up()).session)
    for client in (closed, ann):
        assert (await client.post("/auth/accounts", form())).status == 400
    session = (await closed.signed_in(admin.session).post("/auth/accounts", form())).value
    assert session["authAccountID"] != admin.account


async def test_a_session_that_is_over_does_not_keep_anybody_from_signing_up(api: Visitor) -> None:
    headers = {"x_homechart_id": new_address(), "x_homechart_key": "nonsense"}
    assert (await api.post("/auth/accounts", form(), **headers)).status == 200
