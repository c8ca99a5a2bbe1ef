"""Sessions: keys for programs, lowering what they may do, and signing out, which counts at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.factories import EDIT, NONE, VIEW
from tests.visitors import SignUp, StartAPI, Visitor

NIL = str(uuid.UUID(int=0))
PUSH = {"auth": "c2VjcmV0", "endpoint": "https://push.example.org/1", "p256": "a2V5"}


async def program(owner: Visitor, **members: Any) -> Visitor:
    """A session for a program."""
    return owner.signed_in((await owner.post("/auth/sessions", {"name": "Program", **members})).value)


def granted(household: str, permissions: Mapping[str, int]) -> list[dict[str, Any]]:
    """Permissions in one household."""
    return [{"authHouseholdID": household, "permissions": dict(permissions)}]


async def test_a_program_gets_a_key_that_is_shown_once(sign_up: SignUp) -> None:
    ann = await sign_up()
    tablet = await program(ann, userAgent="api")
    assert tablet.session["key"] != NIL
    assert (tablet.account, tablet.session["name"]) == (ann.account, "Program")
    assert (await tablet.get("/bookmarks")).status == 200
    listed = (await ann.get("/auth/sessions")).values
    assert {session["id"] for session in listed} == {ann.session["id"], tablet.session["id"]}
    assert {session["key"] for session in listed} == {NIL}


async def test_a_program_stays_signed_in_for_five_years(sign_up: SignUp) -> None:
    tablet = await program(await sign_up(), expires="0001-01-01T00:00:00Z")
    expires = datetime.fromisoformat(tablet.session["expires"])
    assert timedelta(days=1824) < expires - datetime.now(UTC) < timedelta(days=1826)


async def test_a_program_stays_signed_in_as_long_as_said(sign_up: SignUp) -> None:
    ann = await sign_up(timeZone="Asia/Tokyo")
    assert (await program(ann, expires="2999-01-02")).session["expires"] == "2999-01-01T15:00:00.000000Z"
    for expires in ("2001-01-01T00:00:00Z", "soon", 5, "99999-01-01T00:00:00Z"):
        answer = await ann.post("/auth/sessions", {"expires": expires})
        assert answer.status == 400
        assert answer.message.startswith("expires: ")


async def test_ids_and_secrets_that_a_body_names_are_ignored(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    tablet = await program(ann, id=bob.session["id"], key=str(uuid.uuid4()), admin=True, child=True)
    assert tablet.session["id"] != bob.session["id"]
    assert "admin" not in tablet.session
    assert tablet.session["child"] is False
    assert (await bob.get("/auth/signin")).value["authAccountID"] == bob.account


async def test_administrators_cannot_pass_that_on(admin: Visitor) -> None:
    tablet = await program(admin, admin=True)
    assert "admin" not in (await tablet.get("/auth/signin")).value
    assert (await tablet.remove(f"{tablet.home}/sessions")).status == 403


async def test_a_program_may_do_what_its_session_says(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    viewer = await program(ann, permissionsAccount=VIEW, permissionsHouseholds=granted(household, VIEW))
    nobody = await program(ann, permissionsAccount=NONE, permissionsHouseholds=granted(household, NONE))
    assert viewer.session["permissionsAccount"] == VIEW
    assert nobody.session["permissionsAccount"] == {**NONE, "auth": 1}
    assert nobody.session["permissionsHouseholds"][0]["permissions"] == NONE
    for body in ({"name": "x"}, {"name": "x", "authHouseholdID": household}):
        assert (await viewer.post("/shop/lists", body)).status == 403
        assert (await nobody.post("/shop/lists", body)).status == 403
    assert len((await viewer.get("/shop/lists")).values) == 2
    assert (await nobody.get("/shop/lists")).status == 403


async def test_a_lowered_session_cannot_make_sessions(sign_up: SignUp) -> None:
    ann = await sign_up()
    viewer = await program(ann, permissionsAccount=VIEW)
    assert (await viewer.post("/auth/sessions", {"permissionsAccount": VIEW})).status == 403


@pytest.mark.parametrize("component", ["budget", "inventory", "reward", "shop"])
async def test_what_a_session_makes_may_do_no_more_than_itself(sign_up: SignUp, component: str) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    lowered = {**EDIT, component: 2}
    first = await program(ann, permissionsAccount=lowered, permissionsHouseholds=granted(household, lowered))
    for said in ({}, {"permissionsAccount": EDIT, "permissionsHouseholds": granted(household, EDIT)}):
        second = await program(first, **said)
        assert second.session["permissionsAccount"][component] == 2
        assert second.session["permissionsHouseholds"][0]["permissions"][component] == 2


async def test_nobody_makes_sessions_for_others(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    for account in (bob.account, str(uuid.uuid4())):
        assert (await ann.post("/auth/sessions", {"authAccountID": account})).status == 403
    assert (await ann.post("/auth/sessions", {"authAccountID": NIL})).value["authAccountID"] == ann.account


async def test_whoever_administers_a_household_signs_in_its_children(
    sign_up: SignUp, database: Database
) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    await ann.post(f"/auth/households/{household}/invites", {"child": True, "name": "Leo"})
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    (child,) = (member["id"] for member in members if member["child"])
    assert (await bob.post("/auth/sessions", {"authAccountID": child})).status == 403
    viewer = await program(ann, permissionsHouseholds=granted(household, {"auth": 1}))
    assert (await viewer.post("/auth/sessions", {"authAccountID": child})).status == 403
    lowered = await program(ann, permissionsHouseholds=granted(household, {"shop": 1}))
    leo = await program(lowered, authAccountID=child)
    assert (leo.account, leo.session["child"]) == (child, True)
    assert leo.session["permissionsHouseholds"] == granted(household, {**EDIT, "shop": 1})
    assert (await leo.post("/auth/sessions", {})).status == 403
    assert (await leo.post("/auth/households", {"name": "x"})).status == 403


async def test_permissions_can_be_lowered(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    tablet = await program(ann)
    path = f"/auth/sessions/{tablet.session['id']}"
    body = {"permissionsAccount": {"plan": 2}, "permissionsHouseholds": granted(household, {"shop": 1})}
    changed = (await tablet.put(path, body)).value
    assert (changed["id"], changed["key"]) == (tablet.session["id"], NIL)
    assert changed["permissionsAccount"]["plan"] == 2
    assert changed["permissionsHouseholds"][0]["permissions"]["shop"] == 1
    assert (await tablet.post("/plan/tasks", {"name": "x"})).status == 403
    assert (await tablet.put(path, body)).status == 204


@pytest.mark.parametrize("component", ["auth", "budget", "inventory", "reward", "secrets"])
async def test_permissions_cannot_be_raised(sign_up: SignUp, component: str) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    lowered = {**EDIT, component: 1}
    tablet = await program(ann, permissionsAccount=lowered, permissionsHouseholds=granted(household, lowered))
    path = f"/auth/sessions/{tablet.session['id']}"
    for raised in (
        {"permissionsAccount": EDIT},
        {"permissionsAccount": {}},
        {"permissionsHouseholds": granted(household, EDIT)},
        {"permissionsHouseholds": []},
    ):
        assert (await tablet.put(path, raised)).status == 403
    assert (await ann.put(path, {"permissionsAccount": EDIT})).value["permissionsAccount"] == EDIT


async def test_naming_no_household_takes_nothing_from_a_member_who_may_do_little(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    address = (await bob.get(bob.home)).value["emailAddress"]
    body = {"emailAddress": address, "permissions": {"auth": 1, "shop": 1}}
    await ann.post(f"/auth/households/{household}/invites", body)
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    await bob.get(f"/auth/households/{household}/invites/{members[1]['inviteToken']}")
    path = f"/auth/sessions/{bob.session['id']}"
    assert (await bob.put(path, {"permissionsHouseholds": []})).status == 204
    changed = (await bob.put(path, {"permissionsHouseholds": granted(household, {})})).value
    assert changed["permissionsHouseholds"] == granted(household, {**EDIT, "auth": 1, "shop": 1})


async def test_other_members_of_a_session_stay(sign_up: SignUp) -> None:
    ann = await sign_up()
    path = f"/auth/sessions/{ann.session['id']}"
    assert (await ann.put(path, {"name": "Renamed", "expires": "2999-01-01", "admin": True})).status == 204
    assert (await ann.get("/auth/signin")).value == {**ann.session, "key": NIL}


async def test_a_browser_says_where_it_takes_messages(sign_up: SignUp) -> None:
    ann = await sign_up()
    path = f"/auth/sessions/{ann.session['id']}"
    assert (await ann.put(path, {"webPush": PUSH})).value["webPush"] == PUSH
    assert (await ann.put(path, {"webPush": None})).value["webPush"] is None
    for endpoint in ("http://push.example.org", "", "file:///etc/passwd", None, 5):
        answer = await ann.put(path, {"webPush": {**PUSH, "endpoint": endpoint}})
        assert answer.status == 400
        assert answer.message.startswith("webPush: endpoint ")


async def test_others_sessions_are_out_of_reach(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    theirs = f"/auth/sessions/{bob.session['id']}"
    for path in (theirs, f"/auth/sessions/{uuid.uuid4()}"):
        assert (await ann.put(path, {"permissionsAccount": NONE})).status == 204
        assert (await ann.remove(path)).status == 204
    assert (await ann.put("/auth/sessions/nonsense", {})).status == 400
    assert (await ann.put(theirs, b"{")).status == 400
    named = {"id": bob.session["id"], "permissionsAccount": VIEW}
    await ann.put(f"/auth/sessions/{ann.session['id']}", named)
    assert (await bob.get("/auth/signin")).value["permissionsAccount"] == EDIT


async def test_signing_out_counts_everywhere_at_once(start_api: StartAPI, sign_up: SignUp) -> None:
    ann = await sign_up()
    elsewhere = (await start_api()).signed_in(ann.session)
    assert (await ann.get("/bookmarks")).status == (await elsewhere.get("/bookmarks")).status == 200
    answer = await ann.remove(f"/auth/sessions/{ann.session['id']}")
    assert (answer.status, answer.body) == (200, None)
    for client in (elsewhere, ann):
        for path in ("/bookmarks", "/auth/signin"):
            assert (await client.get(path)).status == 410


async def test_lowered_permissions_count_everywhere_at_once(start_api: StartAPI, sign_up: SignUp) -> None:
    ann = await sign_up()
    elsewhere = (await start_api()).signed_in(ann.session)
    assert (await elsewhere.post("/plan/tasks", {"name": "x"})).status == 200
    path = f"/auth/sessions/{ann.session['id']}"
    assert (await ann.put(path, {"permissionsAccount": {"plan": 1}})).status == 200
    assert (await elsewhere.post("/plan/tasks", {"name": "x"})).status == 403


async def test_what_was_refused_once_is_allowed_as_soon_as_it_is_granted(
    start_api: StartAPI, sign_up: SignUp
) -> None:
    ann = await sign_up()
    elsewhere = (await start_api()).signed_in(ann.session)
    assert (await elsewhere.get("/shop/categories")).values == []
    household = await ann.new_household()
    body = {"name": "List", "authHouseholdID": household}
    assert (await elsewhere.post("/shop/lists", body)).status == 200


async def test_a_session_that_ended_is_told_so_whatever_it_asks(start_api: StartAPI, sign_up: SignUp) -> None:
    ann = await sign_up()
    elsewhere = (await start_api()).signed_in(ann.session)
    assert (await elsewhere.get("/bookmarks")).status == 200
    await ann.remove("/auth/sessions")
    for body in (b"{", {}, {"name": "x" * 2000}, {"authHouseholdID": str(uuid.uuid4())}):
        assert (await elsewhere.post("/shop/lists", body)).status == 410
        await elsewhere.get("/bookmarks")


async def test_all_sessions_end_together(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    tablet = await program(ann)
    assert (await tablet.remove("/auth/sessions")).status == 200
    assert [(await client.get("/auth/signin")).status for client in (ann, tablet, bob)] == [410, 410, 200]


async def test_administrators_sign_others_out(sign_up: SignUp, admin: Visitor) -> None:
    ann = await sign_up()
    answer = await admin.remove(f"{ann.home}/sessions")
    assert (answer.status, answer.body) == (200, None)
    assert (await ann.get("/auth/signin")).status == 410
    assert (await admin.remove(f"{ann.home}/sessions")).status == 204
    assert (await ann.remove(f"{ann.home}/sessions")).status == 410
