"""Accounts: reading, changing and deleting them, their keys, and what administrators may do."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.visitors import PASSWORD, Letters, SignUp, Visitor, new_address

KEYS = {
    "publicKey": "MIIBIjANBgkq",
    "privateKeys": [{"name": "laptop", "key": "aes128gcm$c2FsdA==:Zm9v", "provider": "passwordPBKDF2"}],
}
SECRETS = ("password", "passwordResetToken", "totpBackup", "totpCode", "totpQR", "totpSecret", "oidcCode")


async def lowered(owner: Visitor) -> Visitor:
    """A session of the same account that may only look."""
    session = await owner.post("/auth/sessions", {"permissionsAccount": {"auth": 1}})
    return owner.signed_in(session.value)


async def test_an_account_is_answered_only_when_it_is_newer(sign_up: SignUp) -> None:
    ann = await sign_up()
    updated = (await ann.get(ann.home)).value["updated"]
    assert (await ann.get(ann.home, x_homechart_updated=updated)).status == 204
    assert (await ann.get(ann.home, x_homechart_updated="2999-01-01T00:00:00Z")).status == 204
    assert (await ann.get(ann.home, x_homechart_updated="2001-01-01T00:00:00Z")).status == 200
    assert (await ann.get(ann.home, x_homechart_updated="lately")).status == 200


async def test_a_client_can_send_back_what_it_was_answered(sign_up: SignUp) -> None:
    ann = await sign_up()
    account = (await ann.get(ann.home)).value
    assert (await ann.put(ann.home, account)).status == 204
    changed = (await ann.put(ann.home, {**account, "name": "Ann Two", "setup": True})).value
    assert changed == {**account, "name": "Ann Two", "setup": True, "updated": changed["updated"]}
    assert changed["updated"] > account["updated"]


async def test_what_a_body_leaves_out_stays(sign_up: SignUp) -> None:
    ann = await sign_up(name="Ann", timeZone="Europe/Lisbon")
    changed = (await ann.put(ann.home, {"collapsedNotesPages": ["a", "b"]})).value
    assert (changed["name"], changed["timeZone"]) == ("Ann", "Europe/Lisbon")
    assert changed["collapsedNotesPages"] == ["a", "b"]
    assert (await ann.put(ann.home, {"collapsedNotesPages": None})).value["collapsedNotesPages"] == []


async def test_the_agenda_is_set_anew_when_its_time_changes(sign_up: SignUp) -> None:
    ann = await sign_up()
    assert (await ann.put(ann.home, {"dailyAgendaNext": None})).value["dailyAgendaNext"] is None
    changed = (await ann.put(ann.home, {"dailyAgendaTime": "06:30:00"})).value
    assert changed["dailyAgendaTime"] == "06:30"
    assert changed["dailyAgendaNext"].endswith("T06:30:00.000000Z")


@pytest.mark.parametrize(
    "members",
    [
        {"name": ""},
        {"name": None},
        {"name": 5},
        {"name": "a\u0000b"},
        {"name": "x" * 201},
        {"emailAddress": ""},
        {"emailAddress": None},
        {"emailAddress": "nobody"},
        {"timeZone": "Middle/Earth"},
        {"dailyAgendaTime": "7:30"},
        {"dailyAgendaNext": 10**30},
        {"setup": "yes"},
        {"primaryAuthHouseholdID": "x"},
        {"primaryAuthHouseholdID": "0d9a8c34-7b1f-4b6c-8f0a-5d3e2c1b0a99"},
        {"collapsedPlanTasks": "x"},
        {"preferences": {"formatDateOrder": 10**30}},
        {"preferences": {"notificationsHouseholds": {}}},
        {"password": "short"},
        {"password": 12345678},
        {"oidcCode": "code"},
    ],
    ids=str,
)
async def test_what_is_wrong_is_refused_by_name(sign_up: SignUp, members: dict[str, Any]) -> None:
    ann = await sign_up()
    answer = await ann.put(ann.home, members)
    (name,) = members
    assert answer.status == 400
    assert answer.message.startswith(f"{name}: ")


async def test_a_primary_household_is_an_own_one(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    first, second = await ann.new_household("One"), await ann.new_household("Two")
    theirs = await bob.new_household()
    assert (await ann.get(ann.home)).value["primaryAuthHouseholdID"] == first
    changed = await ann.put(ann.home, {"primaryAuthHouseholdID": second})
    assert changed.value["primaryAuthHouseholdID"] == second
    answer = await ann.put(ann.home, {"primaryAuthHouseholdID": theirs})
    assert (answer.status, answer.message.split(":")[0]) == (400, "primaryAuthHouseholdID")
    cleared = await ann.put(ann.home, {"primaryAuthHouseholdID": None})
    assert cleared.value["primaryAuthHouseholdID"] is None


async def test_preferences_are_about_own_households_once(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    entries = [
        {"authHouseholdID": household, "ignoreEmailPlanTask": True},
        {"authHouseholdID": household, "ignoreEmailPlanTask": False},
        {"authHouseholdID": str(uuid.uuid4())},
        {"authHouseholdID": None},
    ]
    preferences = {"darkMode": True, "notificationsHouseholds": entries}
    changed = (await ann.put(ann.home, {"preferences": preferences})).value["preferences"]
    assert changed["darkMode"]
    (kept,) = changed["notificationsHouseholds"]
    assert (kept["authHouseholdID"], kept["ignoreEmailPlanTask"]) == (household, True)


async def test_a_new_password_signs_in_and_changes_nothing_else(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address, name="Ann")
    changed = (await ann.put(ann.home, {"password": "another-horse-9", "name": "", "timeZone": "x"})).value
    assert (changed["name"], changed["password"]) == ("Ann", "")
    assert (await api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD})).status == 400
    body = {"emailAddress": address, "password": "another-horse-9"}
    assert (await api.post("/auth/signin", body)).status == 200
    assert (await ann.get("/auth/signin")).status == 200, "other sessions stay"
    assert "password_changed" in [letter.kind for letter in await letters(address)]


async def test_a_new_address_must_be_verified(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    old, new = new_address(), new_address()
    ann = await sign_up(emailAddress=old)
    (welcome,) = await letters(old)
    await api.put(f"/auth/verify?id={ann.account}&token={welcome.token}")
    changed = (await ann.put(ann.home, {"emailAddress": new.upper()})).value
    assert (changed["emailAddress"], changed["verified"]) == (new, False)
    assert [letter.kind for letter in await letters(old)][-1] == "address_changed"
    (confirm,) = await letters(new)
    assert confirm.kind == "address_confirm"
    assert (await api.put(f"/auth/verify?id={ann.account}&token={confirm.token}")).value["verified"]


async def test_links_to_the_old_address_are_void_once_it_changed(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    old = new_address()
    ann = await sign_up(emailAddress=old)
    await api.post("/auth/reset", {"emailAddress": old})
    welcome, reset = await letters(old)
    new = f"{uuid.uuid4().hex}@example.com"
    assert (await ann.put(ann.home, {"emailAddress": new})).status == 200
    assert (await api.put(f"/auth/verify?id={ann.account}&token={welcome.token}")).status == 400
    body = {"emailAddress": new, "password": "another-horse-9", "passwordResetToken": reset.token}
    assert (await api.put("/auth/reset", body)).status == 204


async def test_where_no_mail_goes_the_address_stays_verified(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    old = new_address()
    ann = await sign_up(emailAddress=old)
    (welcome,) = await letters(old)
    await api.put(f"/auth/verify?id={ann.account}&token={welcome.token}")
    body = {"emailAddress": f"{uuid.uuid4().hex}@example.com"}
    assert (await ann.put(ann.home, body)).value["verified"]


async def test_an_address_that_is_taken_is_refused(sign_up: SignUp) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    ann = await sign_up()
    answer = await ann.put(ann.home, {"emailAddress": address})
    assert (answer.status, answer.message) == (409, "Account already exists")


async def test_a_session_that_may_only_look_cannot_take_the_account_over(sign_up: SignUp) -> None:
    ann = await sign_up()
    viewer = await lowered(ann)
    account = (await ann.get(ann.home)).value
    assert (await viewer.put(ann.home, {**account, "setup": True})).status == 200
    for method, path, body in [
        ("PUT", ann.home, {"password": "another-horse-9"}),
        ("PUT", ann.home, {"emailAddress": new_address()}),
        ("DELETE", ann.home, None),
        ("PUT", f"{ann.home}/keys", KEYS),
        ("POST", f"{ann.home}/totp", {}),
        ("GET", f"{ann.home}/totp", None),
        ("PUT", f"{ann.home}/totp", {"totpSecret": ""}),
    ]:
        assert (await viewer.call(method, path, body)).status == 403, (method, path)


async def test_keys_are_kept_and_cleared_together(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    changed = (await ann.put(f"{ann.home}/keys", KEYS)).value
    assert {name: changed[name] for name in KEYS} == KEYS
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    assert members[0]["publicKey"] == KEYS["publicKey"]
    assert (await ann.put(f"{ann.home}/keys", KEYS)).status == 204
    halves: list[dict[str, Any]] = [{**KEYS, "publicKey": ""}, {**KEYS, "privateKeys": []}, {}]
    for half in halves:
        cleared = (await ann.put(f"{ann.home}/keys", half)).value
        assert (cleared["publicKey"], cleared["privateKeys"]) == ("", [])
        await ann.put(f"{ann.home}/keys", KEYS)


@pytest.mark.parametrize("key", ["", "plain", "rot13$abc", "none$", "none$a$b", "none$a\u0000", None, 5])
async def test_keys_have_a_form(sign_up: SignUp, key: Any) -> None:
    ann = await sign_up()
    body = {**KEYS, "privateKeys": [{"name": "x", "key": key, "provider": "none"}]}
    answer = await ann.put(f"{ann.home}/keys", body)
    assert (answer.status, answer.message.split(":")[0]) == (400, "privateKeys")


async def test_the_calendar_feed_has_a_secret_address(sign_up: SignUp) -> None:
    ann = await sign_up()
    first = (await ann.put("/icalendar")).value["icalendarID"]
    second = (await ann.put("/icalendar")).value["icalendarID"]
    assert uuid.UUID(first) != uuid.UUID(second)
    assert (await ann.remove("/icalendar")).value["icalendarID"] is None
    assert (await ann.remove("/icalendar")).status == 204


async def test_no_answer_has_a_secret(sign_up: SignUp) -> None:
    ann = await sign_up()
    for method, path, body in [
        ("GET", ann.home, None),
        ("PUT", ann.home, {"name": "Ann Two"}),
        ("PUT", ann.home, {"password": "another-horse-9"}),
        ("PUT", f"{ann.home}/keys", KEYS),
        ("GET", "/auth/verify", None),
        ("GET", "/auth/accounts", None),
        ("PUT", "/icalendar", None),
        ("DELETE", "/icalendar", None),
    ]:
        account = (await ann.call(method, path, body)).value
        assert not any(account[name] for name in SECRETS), (method, path)


async def test_an_account_goes_with_everything_that_is_its_own(sign_up: SignUp, database: Database) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    address = (await bob.get(bob.home)).value["emailAddress"]
    await ann.post(f"/auth/households/{household}/invites", {"emailAddress": address})
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    await bob.get(f"/auth/households/{household}/invites/{members[1]['inviteToken']}")
    body = {"name": "Theirs", "authHouseholdID": household, "authAccountID": ann.account}
    task = (await bob.post("/plan/tasks", body)).value
    answer = await ann.remove(ann.home)
    assert (answer.status, answer.body) == (200, None)
    assert (await ann.get(ann.home)).status == 410
    left = (await bob.get(f"/auth/households/{household}")).value
    assert [member["id"] for member in left["members"]] == [bob.account]
    assert (await bob.get(f"/plan/tasks/{task['id']}")).value["authAccountID"] is None
    for table in ("auth_session", "bookmark", "notes_page", "plan_project", "shop_list"):
        count = f"SELECT count(*) FROM {table} WHERE auth_account_id = %(id)s"
        assert await database.fetch_value(count, {"id": ann.account}) == 0


async def test_members_who_go_at_the_same_time_do_not_block_each_other(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    others = [await sign_up() for _ in range(3)]
    for other in others:
        address = (await other.get(other.home)).value["emailAddress"]
        await ann.post(f"/auth/households/{household}/invites", {"emailAddress": address})
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    for other, member in zip(others, members[1:], strict=True):
        await other.get(f"/auth/households/{household}/invites/{member['inviteToken']}")
    answers = await asyncio.gather(
        *(other.remove(other.home) for other in others),
        *(ann.put(f"/auth/households/{household}", {"name": f"Home {n}"}) for n in range(5)),
    )
    assert {answer.status for answer in answers} == {200}


async def test_a_list_tells_only_what_tells_accounts_apart(sign_up: SignUp) -> None:
    ann = await sign_up(name="Ann", timeZone="Europe/Lisbon", preferences={"darkMode": True})
    await sign_up()
    account, listed = (await ann.get(ann.home)).value, (await ann.get("/auth/accounts")).value
    assert listed.keys() == account.keys()
    told = {"id", "created", "updated", "lastActivity", "emailAddress", "verified", "primaryAuthHouseholdID"}
    assert {name: listed[name] for name in told} == {name: account[name] for name in told}
    assert (listed["name"], listed["timeZone"], listed["iso639Code"], listed["tosAccepted"]) == (
        "",
        "",
        "",
        False,
    )
    assert not any(listed["preferences"].values())


async def test_only_administrators_find_others(sign_up: SignUp, admin: Visitor) -> None:
    address = new_address()
    ann, bob = await sign_up(emailAddress=address), await sign_up()
    household = await ann.new_household()
    for text in (address.upper(), address[3:20], ann.account, household):
        found = await admin.get(f"/auth/accounts?filter={text}")
        assert found.body is not None
        assert [account["id"] for account in found.values] == [ann.account]
        assert found.body["dataTotal"] == 1
        assert (await bob.get(f"/auth/accounts?filter={text}")).value["id"] == bob.account
    assert (await admin.get("/auth/accounts?filter=%25_nobody")).values == []


async def test_administrators_turn_pages(sign_up: SignUp, admin: Visitor, database: Database) -> None:
    mark = uuid.uuid4().hex
    await database.execute(
        "INSERT INTO auth_account (email_address, name, created)"
        " SELECT n || %(mark)s || '@house.test', 'x', now() - n * interval '1 second'"
        " FROM generate_series(1, 53) n",
        {"mark": mark},
    )
    pages = [await admin.get(f"/auth/accounts?filter={mark}&offset={offset}") for offset in (0, 50, 99)]
    assert [len(page.values) for page in pages] == [50, 3, 0]
    assert {page.body["dataTotal"] for page in pages if page.body} == {53}
    created = [account["created"] for page in pages for account in page.values]
    assert created == sorted(created)
    for offset in ("x", "-1", "1.5", "9" * 30, "٣"):
        answer = await admin.get(f"/auth/accounts?offset={offset}")
        assert (answer.status, answer.message.split(":")[0]) == (400, "offset")
    assert (await admin.get("/auth/accounts?filter=%00")).status == 400


@pytest.mark.parametrize("path", ["/auth/accounts", "/auth/households"])
async def test_an_offset_is_a_number_whoever_sends_it(sign_up: SignUp, path: str) -> None:
    ann = await sign_up()
    assert (await ann.get(f"{path}?offset=50")).status == 200
    answer = await ann.get(f"{path}?offset=x")
    assert (answer.status, answer.message.split(":")[0]) == (400, "offset")


async def test_activity_is_noted_once_a_day(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    before = (await ann.get(ann.home)).value
    assert (await ann.get(ann.home)).value["lastActivity"] == before["lastActivity"]
    yesterday = "UPDATE auth_account SET last_activity = last_activity - interval '1 day' WHERE id = %(id)s"
    await database.execute(yesterday, {"id": ann.account})
    after = (await ann.get(ann.home)).value
    assert after["lastActivity"] > before["lastActivity"]
    assert after["updated"] > before["updated"]
    assert (await ann.get(ann.home)).value == after


async def test_nobody_waits_for_activity_to_be_noted(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    yesterday = "UPDATE auth_account SET last_activity = last_activity - interval '1 day' WHERE id = %(id)s"
    await database.execute(yesterday, {"id": ann.account})
    async with database.transaction() as connection:
        await connection.execute(yesterday, {"id": ann.account})
        assert (await asyncio.wait_for(ann.get(ann.home), timeout=5)).status == 200


async def test_administrators_change_only_what_lets_others_in(
    api: Visitor, sign_up: SignUp, admin: Visitor
) -> None:
    ann = await sign_up(name="Ann")
    new = new_address()
    body = {"emailAddress": new, "verified": True, "name": "Eve", "setup": True}
    changed = (await admin.put(ann.home, body)).value
    assert (changed["emailAddress"], changed["verified"]) == (new, True)
    assert (changed["name"], changed["setup"]) == ("Ann", False)
    assert (await admin.put(ann.home, {"password": "another-horse-9"})).status == 200
    body = {"emailAddress": new, "password": "another-horse-9"}
    assert (await api.post("/auth/signin", body)).status == 200
    assert (await admin.put(ann.home, {"verified": False})).value["verified"] is False
    assert (await admin.get(ann.home)).value["name"] == "Ann"


async def test_administrators_do_not_reach_second_factors_and_keys(sign_up: SignUp, admin: Visitor) -> None:
    ann = await sign_up()
    for method, path, body in [
        ("GET", "/totp", None),
        ("POST", "/totp", {}),
        ("PUT", "/totp", {"totpSecret": ""}),
        ("PUT", "/keys", KEYS),
    ]:
        assert (await admin.call(method, ann.home + path, body)).status == 403


async def test_administrators_delete_accounts(sign_up: SignUp, admin: Visitor) -> None:
    ann = await sign_up()
    assert (await admin.remove(ann.home)).status == 200
    assert (await admin.remove(ann.home)).status == 204
    assert (await admin.get(ann.home)).message == "Item not found"
    assert (await admin.put(ann.home, {"verified": True})).status == 204
