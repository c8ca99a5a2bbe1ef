"""Households: creating, reading, changing and deleting them."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.factories import EDIT
from tests.visitors import SignUp, StartAPI, Visitor

#: What answers have, exactly (contract, catalogue of objects; members also have `authAccountID`).
HOUSEHOLD_MEMBERS = """
    backupEncryptionKey countMembers created demo featureVotes id members name preferences selfHostedID
    selfHostedURL subscriptionCustomerID subscriptionExpires subscriptionID subscriptionLastTransactionID
    subscriptionProcessor subscriptionReferralCode subscriptionReferralCount subscriptionReferrerCode updated
"""
MEMBER_MEMBERS = """
    authAccountID authHouseholdID child color emailAddress id inviteToken name permissions publicKey
"""


async def viewer_of(owner: Visitor, household: str) -> Visitor:
    """A session that may only look at who is in the household."""
    body = {"permissionsHouseholds": [{"authHouseholdID": household, "permissions": {"auth": 1}}]}
    return owner.signed_in((await owner.post("/auth/sessions", body)).value)


async def test_who_creates_a_household_is_in_it(sign_up: SignUp) -> None:
    ann = await sign_up(name="Ann")
    household = (await ann.post("/auth/households", {"name": "Lisbon flat"})).value
    assert household.keys() == set(HOUSEHOLD_MEMBERS.split())
    assert (household["name"], household["countMembers"]) == ("Lisbon flat", 1)
    (member,) = household["members"]
    assert member.keys() == set(MEMBER_MEMBERS.split())
    assert (member["id"], member["authAccountID"], member["name"]) == (ann.account, ann.account, "Ann")
    assert (member["permissions"], member["inviteToken"], member["color"]) == (EDIT, "", 0)
    assert (await ann.get(f"/auth/households/{household['id']}")).value == household
    assert (await ann.get("/auth/households")).value == household
    assert (await ann.get(ann.home)).value["primaryAuthHouseholdID"] == household["id"]


async def test_households_never_expire(sign_up: SignUp) -> None:
    ann = await sign_up()
    body = {"subscriptionExpires": "2001-01-01", "subscriptionProcessor": 0, "demo": True}
    household = (await ann.post("/auth/households", body)).value
    told = (household["subscriptionExpires"], household["subscriptionProcessor"], household["demo"])
    assert told == ("2999-12-31", 5, False)
    await ann.put(f"/auth/households/{household['id']}", body)
    assert (await ann.get("/auth/households")).value == household


async def test_a_household_without_name_has_a_default(sign_up: SignUp) -> None:
    ann = await sign_up()
    for body in ({}, {"name": ""}, {"name": None}):
        assert (await ann.post("/auth/households", body)).value["name"] == "Homecharter"


async def test_ids_that_a_body_names_are_ignored(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    theirs = await ann.new_household()
    body = {"id": theirs, "preferences": {"currency": 3}, "featureVotes": [{"amount": 5, "feature": 1}]}
    household = (await bob.post("/auth/households", body)).value
    assert household["id"] != theirs
    assert (household["preferences"]["currency"], household["featureVotes"]) == (0, [])


async def test_a_new_household_finds_its_first_objects(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    categories = (await ann.get("/shop/categories")).values
    assert len(categories) == 16
    assert {category["authHouseholdID"] for category in categories} == {household}
    assert all(re.compile(category["match"], re.IGNORECASE).search(" ") is None for category in categories)
    assert len((await ann.get("/inventory/collections")).values) == 4
    (card,) = (await ann.get("/reward/cards")).values
    assert (card["stampGoal"], card["senders"], card["recipients"]) == (5, [ann.account], [])
    found = {}
    for path in ("/bookmarks", "/shop/lists"):
        found[path] = [o for o in (await ann.get(path)).values if o["authHouseholdID"] == household]
    assert [len(objects) for objects in found.values()] == [1, 1]
    assert (await ann.get("/changes")).values == []


@pytest.mark.parametrize(
    ("thing", "category"),
    [
        ("Whole milk", "Dairy and eggs"),
        ("2 eggplants", "Fruit and vegetables"),
        ("toilet paper", "Personal care"),
    ],
)
async def test_patterns_recognise_what_belongs_where(sign_up: SignUp, thing: str, category: str) -> None:
    ann = await sign_up()
    await ann.new_household()
    categories = (await ann.get("/shop/categories")).values
    longest = {
        each["name"]: max((len(m[0]) for m in re.finditer(each["match"], thing, re.IGNORECASE)), default=0)
        for each in categories
    }
    assert max(longest, key=lambda name: longest[name]) == category


async def test_only_households_of_the_session_are_seen(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    first, second = await ann.new_household("One"), await ann.new_household("Two")
    theirs = await bob.new_household()
    assert [household["id"] for household in (await ann.get("/auth/households")).values] == [first, second]
    assert (await ann.get(f"/auth/households/{theirs}")).status == 403
    assert (await ann.get(f"/auth/households?filter={theirs}")).values[0]["id"] == first


async def test_a_household_is_answered_only_when_it_is_newer(sign_up: SignUp) -> None:
    ann = await sign_up(name="Ann")
    path = f"/auth/households/{await ann.new_household()}"
    updated = (await ann.get(path)).value["updated"]
    assert (await ann.get(path, x_homechart_updated=updated)).status == 204
    await ann.put(ann.home, {"name": "Ann Two"})
    newer = (await ann.get(path, x_homechart_updated=updated)).value
    assert (newer["updated"] > updated, newer["members"][0]["name"]) == (True, "Ann Two")
    updated = newer["updated"]
    await ann.post(f"{path}/invites", {"child": True, "name": "Leo"})
    newer = (await ann.get(path, x_homechart_updated=updated)).value
    assert (newer["updated"] > updated, newer["countMembers"]) == (True, 2)


async def test_a_client_can_send_back_what_it_was_answered(sign_up: SignUp) -> None:
    ann = await sign_up()
    path = f"/auth/households/{await ann.new_household()}"
    household = (await ann.get(path)).value
    assert (await ann.put(path, household)).status == 204
    preferences = {**household["preferences"], "currency": 2}
    changed = (await ann.put(path, {**household, "name": "Ann & Co", "preferences": preferences})).value
    assert changed == {
        **household,
        "name": "Ann & Co",
        "preferences": preferences,
        "updated": changed["updated"],
    }
    assert (await ann.put(path, {"selfHostedURL": "https://example.org"})).value["name"] == "Ann & Co"


@pytest.mark.parametrize(
    ("votes", "counted"),
    [([3, 4, 2], [3, 2, 0]), ([5, 5], [5, 0]), ([1, 0, 3], [1, 0, 3]), ([0, 5, 1], [0, 5, 0])],
)
async def test_votes_count_until_none_is_left(sign_up: SignUp, votes: list[int], counted: list[int]) -> None:
    ann = await sign_up()
    path = f"/auth/households/{await ann.new_household()}"
    body = [{"amount": amount, "feature": n, "comment": "why"} for n, amount in enumerate(votes)]
    changed = (await ann.put(path, {"featureVotes": body})).value["featureVotes"]
    assert [vote["amount"] for vote in changed] == counted
    assert [vote["feature"] for vote in changed] == list(range(len(votes)))


@pytest.mark.parametrize(
    "members",
    [
        {"name": ""},
        {"name": None},
        {"name": "x" * 999},
        {"name": "a\u0000"},
        {"subscriptionReferralCode": ""},
        {"subscriptionReferralCode": "x" * 15},
        {"selfHostedID": "x"},
        {"preferences": {"currency": 17}},
        {"featureVotes": [{"amount": 6}]},
        {"featureVotes": [{"amount": 1, "feature": 10**30}]},
        {"featureVotes": {}},
        {"featureVotes": [1]},
    ],
    ids=str,
)
async def test_what_is_wrong_is_refused_by_name(sign_up: SignUp, members: dict[str, Any]) -> None:
    ann = await sign_up()
    answer = await ann.put(f"/auth/households/{await ann.new_household()}", members)
    (name,) = members
    assert answer.status == 400
    assert answer.message.startswith(f"{name}: ")


async def test_codes_of_households_differ(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    path = f"/auth/households/{await ann.new_household()}"
    household = (await ann.get(path)).value
    own = {"subscriptionReferrerCode": household["subscriptionReferralCode"]}
    answer = await ann.put(path, own)
    assert (answer.status, answer.message.split(":")[0]) == (400, "subscriptionReferrerCode")
    other = f"/auth/households/{await bob.new_household()}"
    taken = {"subscriptionReferralCode": household["subscriptionReferralCode"]}
    answer = await bob.put(other, taken)
    assert (answer.status, answer.message.split(":")[0]) == (409, "subscriptionReferralCode")
    identity = str(uuid.uuid4())
    await ann.put(path, {"selfHostedID": identity})
    assert (await bob.post("/auth/households", {"selfHostedID": identity})).status == 409


async def test_only_whoever_administers_a_household_changes_it(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    viewer, path = await viewer_of(ann, household), f"/auth/households/{household}"
    assert (await viewer.get(path)).status == 200
    assert (await viewer.put(path, {"name": "No"})).status == 403
    assert (await viewer.remove(path)).status == 403
    assert (await viewer.post(f"{path}/invites", {"child": True})).status == 403


async def test_what_was_granted_ends_at_once_everywhere(start_api: StartAPI, sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    elsewhere = (await start_api()).signed_in(ann.session)
    lists = {"name": "List", "authHouseholdID": household}
    assert (await elsewhere.post("/shop/lists", lists)).status == 200
    body = {"permissionsHouseholds": [{"authHouseholdID": household, "permissions": {"auth": 1, "shop": 1}}]}
    await ann.put(f"/auth/sessions/{ann.session['id']}", body)
    assert (await elsewhere.post("/shop/lists", {**lists, "name": "Two"})).status == 403
    assert (await elsewhere.put(f"/auth/households/{household}", {"name": "No"})).status == 403


async def test_a_household_goes_with_everything_that_is_its_own(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    first, second = await ann.new_household("One"), await ann.new_household("Two")
    await ann.post("/plan/tasks", {"name": "x", "authHouseholdID": first, "authAccountID": ann.account})
    answer = await ann.remove(f"/auth/households/{first}")
    assert (answer.status, answer.body) == (200, None)
    assert (await ann.remove(f"/auth/households/{first}")).status == 403
    assert [household["id"] for household in (await ann.get("/auth/households")).values] == [second]
    assert (await ann.get(ann.home)).value["primaryAuthHouseholdID"] is None
    for table in ("bookmark", "shop_category", "shop_list", "change", "plan_task"):
        count = f"SELECT count(*) FROM {table} WHERE auth_household_id = %(id)s"
        assert await database.fetch_value(count, {"id": first}) == 0
    assert len((await ann.get("/plan/tasks")).values) == 20, "what is personal stays"


async def test_households_are_created_side_by_side(sign_up: SignUp) -> None:
    ann = await sign_up()
    answers = await asyncio.gather(*(ann.post("/auth/households", {"name": str(n)}) for n in range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    households = {household["id"] for household in (await ann.get("/auth/households")).values}
    assert len(households) == 6
    assert (await ann.get(ann.home)).value["primaryAuthHouseholdID"] in households


async def test_administrators_see_all_households_page_by_page(
    sign_up: SignUp, admin: Visitor, database: Database
) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    assert (await admin.get("/auth/households")).values == [], "their own, without a filter"
    assert (await admin.get(f"/auth/households?filter={household}")).value["id"] == household
    assert (await admin.get("/auth/households?filter=nonsense")).values == []
    await database.execute(
        "INSERT INTO auth_household (name, subscription_referral_code)"
        " SELECT 'x', left(md5(random()::text), 14) FROM generate_series(1, 51)"
    )
    first = await admin.get("/auth/households?filter=&offset=0")
    second = await admin.get("/auth/households?filter=&offset=50")
    assert first.body is not None
    assert len(first.values) == 50
    assert first.body["dataTotal"] > 50
    assert not {h["id"] for h in first.values} & {h["id"] for h in second.values}
    assert (await admin.get("/auth/households?filter=&offset=x")).status == 400


async def test_administrators_read_and_do_not_change_households_of_others(
    sign_up: SignUp, admin: Visitor
) -> None:
    ann = await sign_up()
    path = f"/auth/households/{await ann.new_household()}"
    assert (await admin.get(path)).status == 200
    assert (await admin.put(path, {"name": "Mine"})).status in (204, 403)
    assert (await admin.remove(path)).status == 403
    assert (await ann.get(path)).value["name"] == "Home"
    assert (await admin.get(f"/auth/households/{uuid.uuid4()}")).message == "Item not found"
