"""Who is in a household: invitations, children, what members may do, and leaving."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.factories import EDIT, NONE
from tests.visitors import Letters, SignUp, StartAPI, Visitor, new_address

NIL = str(uuid.UUID(int=0))


async def members_of(owner: Visitor, household: str) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = (await owner.get(f"/auth/households/{household}")).value["members"]
    return members


async def invite(owner: Visitor, household: str, address: str, **members: Any) -> str:
    """Invite the owner of an address; the token."""
    body = {"emailAddress": address, **members}
    answer = await owner.post(f"/auth/households/{household}/invites", body)
    assert (answer.status, answer.body) == (200, None)
    (token,) = (m["inviteToken"] for m in await members_of(owner, household) if m["emailAddress"] == address)
    return str(token)


async def joined(owner: Visitor, household: str, guest: Visitor, **permissions: int) -> None:
    """Let somebody in."""
    token = await invite(owner, household, new_address(), permissions=permissions)
    assert (await guest.get(f"/auth/households/{uuid.uuid4()}/invites/{token}")).status == 200


async def new_child(owner: Visitor, household: str, **members: Any) -> str:
    """A child of the household; its account."""
    before = {member["id"] for member in await members_of(owner, household)}
    await owner.post(f"/auth/households/{household}/invites", {"child": True, **members})
    (child,) = {member["id"] for member in await members_of(owner, household)} - before
    return str(child)


async def test_an_invitation_waits_for_its_guest(sign_up: SignUp, letters: Letters) -> None:
    ann, address = await sign_up(name="Ann"), new_address()
    household = await ann.new_household("Lisbon flat")
    granted = {"auth": 2, "budget": 2}
    token = await invite(ann, household, address.upper().lower(), permissions=granted, color=5, name="Rui")
    _, guest = await members_of(ann, household)
    assert (guest["id"], guest["authAccountID"], guest["name"]) == (NIL, None, "")
    assert (guest["emailAddress"], guest["color"]) == (address, 5)
    assert guest["permissions"] == {**EDIT, "auth": 1, "budget": 2}
    assert (len(token), token) == (14, token.upper())
    assert (await ann.get(f"/auth/households/{household}")).value["countMembers"] == 2
    (letter,) = await letters(address)
    assert (letter.kind, letter.subject) == ("household_invite", "Ann invites you to Lisbon flat")
    assert letter.token == token
    assert "/settings/households?" in letter.body


async def test_whoever_has_the_token_joins(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up(name="Bob")
    household = await ann.new_household()
    token = await invite(ann, household, new_address(), permissions={"shop": 1}, color=5)
    path = f"/auth/households/{uuid.uuid4()}/invites/{token.lower()}"
    answer = await bob.get(path)
    assert (answer.status, answer.body) == (200, None)
    _, member = await members_of(bob, household)
    assert (member["id"], member["name"], member["color"]) == (bob.account, "Bob", 5)
    assert (member["inviteToken"], member["permissions"]) == ("", {**EDIT, "shop": 1})
    assert (await bob.get(bob.home)).value["primaryAuthHouseholdID"] == household
    assert (await bob.get("/shop/categories")).status == 200
    assert (await bob.post("/shop/lists", {"name": "x", "authHouseholdID": household})).status == 403
    assert (await bob.get(path)).status == 204, "a token works once"


async def test_of_two_at_once_one_joins(sign_up: SignUp) -> None:
    ann = await sign_up()
    guests = [await sign_up() for _ in range(4)]
    household = await ann.new_household()
    token = await invite(ann, household, new_address())
    path = f"/auth/households/{household}/invites/{token}"
    answers = await asyncio.gather(*(guest.get(path) for guest in guests))
    assert sorted(answer.status for answer in answers) == [200, 204, 204, 204]
    assert len(await members_of(ann, household)) == 2


async def test_unknown_tokens_do_nothing(api: Visitor, sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    for token in ("NOTATOKEN", "%20", "'", str(uuid.uuid4())):
        path = f"/auth/households/{household}/invites/{token}"
        assert (await ann.get(path)).status == 204
        assert (await ann.remove(path)).status == 204
        assert (await api.get(path)).status == 410
    assert (await ann.get(f"/auth/households/{household}/invites/a%00")).status == 400


async def test_an_invitation_can_be_taken_back_or_refused(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    for refuser in (ann, bob):
        token = await invite(ann, household, new_address())
        path = f"/auth/households/{household}/invites/{token}"
        answer = await refuser.remove(path)
        assert (answer.status, answer.body) == (200, None)
        assert (await bob.get(path)).status == 204
    assert len(await members_of(ann, household)) == 1


async def test_who_is_a_member_cannot_join_again(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    token = await invite(ann, household, new_address())
    answer = await ann.get(f"/auth/households/{household}/invites/{token}")
    assert answer.status == 409


async def test_an_address_is_invited_once(sign_up: SignUp) -> None:
    ann, address = await sign_up(), new_address()
    household = await ann.new_household()
    await invite(ann, household, address)
    answer = await ann.post(f"/auth/households/{household}/invites", {"emailAddress": address})
    assert (answer.status, answer.message) == (409, "This address is invited already")


async def test_an_account_that_is_known_to_have_the_address_is_in_at_once(sign_up: SignUp) -> None:
    ann, address = await sign_up(), f"{uuid.uuid4().hex}@example.com"
    bob = await sign_up(emailAddress=address, name="Bob")
    household = await ann.new_household()
    token = await invite(ann, household, address)
    _, guest = await members_of(bob, household)
    assert (guest["id"], guest["name"], guest["inviteToken"]) == (bob.account, "Bob", token)
    again = await ann.post(f"/auth/households/{household}/invites", {"emailAddress": address})
    assert (again.status, again.message) == (409, "They are a member already")
    assert (await bob.get(f"/auth/households/{household}/invites/{token}")).status == 200
    _, member = await members_of(ann, household)
    assert (member["id"], member["inviteToken"], member["emailAddress"]) == (bob.account, "", address)


async def test_an_account_that_only_claims_the_address_waits(sign_up: SignUp, letters: Letters) -> None:
    ann, address = await sign_up(), new_address()
    eve = await sign_up(emailAddress=address)
    household = await ann.new_household()
    await invite(ann, household, address)
    assert (await members_of(ann, household))[1]["id"] == NIL
    assert (await eve.get(f"/auth/households/{household}")).status == 403
    assert [letter.kind for letter in await letters(address)] == ["welcome", "household_invite"]


async def test_a_member_is_not_invited_again_whether_the_address_is_verified_or_not(sign_up: SignUp) -> None:
    ann, address = await sign_up(), new_address()
    bob = await sign_up(emailAddress=address)
    household = await ann.new_household()
    await joined(ann, household, bob)
    answer = await ann.post(f"/auth/households/{household}/invites", {"emailAddress": address})
    assert (answer.status, answer.message) == (409, "They are a member already")
    assert len(await members_of(ann, household)) == 2


async def test_another_account_can_use_the_token_instead(sign_up: SignUp) -> None:
    ann, address = await sign_up(), f"{uuid.uuid4().hex}@example.com"
    bob, robert = await sign_up(emailAddress=address), await sign_up()
    household = await ann.new_household()
    token = await invite(ann, household, address, permissions={"plan": 1}, color=3)
    assert (await robert.get(f"/auth/households/{household}/invites/{token}")).status == 200
    _, member = await members_of(ann, household)
    assert (member["id"], member["color"], member["permissions"]["plan"]) == (robert.account, 3, 1)
    assert (await bob.get(f"/auth/households/{household}")).status == 403
    assert (await bob.get(bob.home)).value["primaryAuthHouseholdID"] is None


@pytest.mark.parametrize(
    "members",
    [
        {"emailAddress": ""},
        {"emailAddress": None},
        {"emailAddress": "x"},
        {"color": 14},
        {"color": "red"},
        {"permissions": {"auth": 3}},
        {"permissions": {"auth": True}},
        {"permissions": []},
        {"child": "yes"},
        {"name": "x" * 201},
    ],
    ids=str,
)
async def test_what_is_wrong_is_refused_by_name(sign_up: SignUp, members: dict[str, Any]) -> None:
    ann = await sign_up()
    path = f"/auth/households/{await ann.new_household()}/invites"
    answer = await ann.post(path, {"emailAddress": new_address(), **members})
    (name,) = members
    assert answer.status == 400
    assert answer.message.startswith(f"{name}: ")
    assert (await ann.post(path, {"name": "Cat"})).message == "emailAddress: must be given"


async def test_a_child_has_an_account_of_its_own(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up(timeZone="Europe/Lisbon", iso639Code="de")
    household = await ann.new_household()
    child = await new_child(ann, household, name="Leo", emailAddress="", permissions={"auth": 1, "budget": 2})
    _, member = await members_of(ann, household)
    assert (member["id"], member["child"], member["name"]) == (child, True, "Leo")
    assert (member["inviteToken"], member["permissions"]["budget"]) == ("", 2)
    assert member["emailAddress"].endswith("@example.com")
    leo = ann.signed_in((await ann.post("/auth/sessions", {"authAccountID": child})).value)
    account = (await leo.get(leo.home)).value
    assert (account["child"], account["primaryAuthHouseholdID"]) == (True, household)
    assert (account["timeZone"], account["iso639Code"]) == ("Europe/Lisbon", "de")
    assert (await leo.put(leo.home, {"password": "another-horse-9"})).status == 403
    assert (await leo.put(leo.home, {"emailAddress": new_address()})).status == 403
    assert (await leo.put(leo.home, {"name": "Leonie"})).value["name"] == "Leonie"
    mails = "SELECT count(*) FROM notification WHERE auth_account_id = %(id)s OR to_smtp = %(to)s"
    assert await database.fetch_value(mails, {"id": child, "to": member["emailAddress"]}) == 0


async def test_what_a_member_may_do_changes_at_once_everywhere(start_api: StartAPI, sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    await joined(ann, household, bob, auth=1)
    elsewhere = (await start_api()).signed_in(bob.session)
    lists = {"name": "List", "authHouseholdID": household}
    assert (await elsewhere.post("/shop/lists", lists)).status == 200
    path = f"/auth/households/{household}/members/{bob.account}"
    answer = await ann.put(path, {"color": 7, "permissions": {"auth": 2, "shop": 1}})
    assert (answer.status, answer.body) == (200, None)
    assert (await elsewhere.post("/shop/lists", {**lists, "name": "Two"})).status == 403
    _, member = await members_of(ann, household)
    assert (member["color"], member["permissions"]) == (7, {**EDIT, "auth": 1, "shop": 1})
    assert (await ann.put(path, {"color": 7})).status == 204
    assert (await ann.put(path, {"permissions": member["permissions"]})).status == 204
    await ann.put(path, {"permissions": {}})
    assert (await members_of(ann, household))[1]["color"] == 7, "what is left out stays"
    assert (await elsewhere.post("/shop/lists", {**lists, "name": "Three"})).status == 200


async def test_only_whoever_administers_a_household_changes_members(sign_up: SignUp) -> None:
    ann, bob, cat = await sign_up(), await sign_up(), await sign_up()
    household = await ann.new_household()
    await joined(ann, household, bob, auth=1)
    await joined(ann, household, cat, auth=1)
    for account in (ann.account, bob.account, cat.account):
        answer = await bob.put(f"/auth/households/{household}/members/{account}", {"permissions": EDIT})
        assert answer.status == 403
    for account in (ann.account, cat.account):
        assert (await bob.remove(f"/auth/households/{household}/members/{account}")).status == 403
    assert (await bob.post(f"/auth/households/{household}/invites", {"child": True})).status == 403
    body = {"permissions": {**NONE, "auth": 0}}
    assert (await ann.put(f"/auth/households/{household}/members/{ann.account}", body)).status == 200


async def test_strangers_are_no_members(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    await invite(ann, household, new_address())
    for account in (bob.account, str(uuid.uuid4()), NIL):
        path = f"/auth/households/{household}/members/{account}"
        assert (await ann.put(path, {"color": 1})).status == 204
        assert (await ann.remove(path)).status == 204
    path = f"/auth/households/{household}/members/nonsense"
    assert (await ann.put(path, {})).status == (await ann.remove(path)).status == 400
    assert (await ann.put(f"/auth/households/{household}/members/{ann.account}", b"{")).status == 400


async def test_members_leave_when_they_like(start_api: StartAPI, sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    await joined(ann, household, bob, auth=1)
    elsewhere = (await start_api()).signed_in(bob.session)
    assert len((await elsewhere.get("/shop/categories")).values) == 16
    path = f"/auth/households/{household}/members/{bob.account}"
    answer = await bob.remove(path)
    assert (answer.status, answer.body) == (200, None)
    assert (await elsewhere.get("/shop/categories")).values == []
    assert (await bob.get(f"/auth/households/{household}")).status == 403
    assert (await bob.get(bob.home)).value["primaryAuthHouseholdID"] is None
    assert len(await members_of(ann, household)) == 1
    assert (await bob.remove(path)).status == 403


async def test_whoever_administers_a_household_sends_members_away(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    own, household = await bob.new_household(), await ann.new_household()
    await joined(ann, household, bob)
    assert (await ann.remove(f"/auth/households/{household}/members/{bob.account}")).status == 200
    assert (await bob.get("/auth/households")).value["id"] == own
    assert (await bob.get(bob.home)).value["primaryAuthHouseholdID"] == own


async def test_members_come_and_go_side_by_side(sign_up: SignUp) -> None:
    ann = await sign_up()
    guests = [await sign_up() for _ in range(4)]
    household = await ann.new_household()
    tokens = [await invite(ann, household, new_address()) for _ in guests]
    path = f"/auth/households/{household}"
    joining = (g.get(f"{path}/invites/{t}") for g, t in zip(guests, tokens, strict=True))
    assert [answer.status for answer in await asyncio.gather(*joining)] == [200] * 4
    leaving = [
        *(guest.remove(f"{path}/members/{guest.account}") for guest in guests),
        *(ann.put(f"{path}/members/{ann.account}", {"color": n}) for n in (1, 2, 3)),
        *(ann.post(f"{path}/invites", {"child": True}) for _ in range(3)),
    ]
    assert [answer.status for answer in await asyncio.gather(*leaving)] == [200] * 10
    assert len(await members_of(ann, household)) == 4
