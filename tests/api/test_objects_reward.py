"""Reward cards: who sees them, who changes them, and how many stamps fit on one (contract B2 §8)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, join, new_household

CARD = registry["RewardCard"]


@pytest.fixture
async def card(cast: Cast) -> dict[str, Any]:
    """A card from Ann for the child."""
    return await cast.ann.make(CARD, authHouseholdID=cast.home, recipients=[cast.kid.account])


async def sees(caller: Caller, card: dict[str, Any]) -> bool:
    """Whether somebody is answered a card; the list and the card itself say the same."""
    listed = card in (await caller.list(CARD)).values
    assert ((await caller.read(CARD, card["id"])).status == 200) is listed
    return listed


async def test_a_card_is_seen_by_those_it_names(cast: Cast, card: dict[str, Any]) -> None:
    for _ in range(2):  # what is answered to one is not kept for another
        for caller, seen in ((cast.ann, True), (cast.bob, False), (cast.kid, True), (cast.vic, False)):
            assert await sees(caller, card) is seen
    theirs = {"senders": [cast.bob.account], "recipients": [cast.vic.account]}
    card = (await cast.ann.update(CARD, card["id"], theirs)).value
    assert {name: card[name] for name in theirs} == theirs
    for caller, seen in ((cast.ann, False), (cast.bob, True), (cast.kid, False), (cast.vic, True)):
        assert await sees(caller, card) is seen


async def test_a_card_without_recipients_is_seen_by_the_household(cast: Cast) -> None:
    card = await cast.ann.make(CARD, authHouseholdID=cast.home)
    for caller in (cast.ann, cast.bob, cast.kid, cast.vic):
        assert await sees(caller, card)
    for caller in (cast.nel, cast.cat, cast.root):
        assert not await sees(caller, card)


async def test_being_named_is_no_way_into_a_household(cast: Cast, card: dict[str, Any]) -> None:
    everybody = [cast.nel.account, cast.cat.account]
    card = (await cast.ann.update(CARD, card["id"], {"recipients": everybody})).value
    for stranger in (cast.nel, cast.cat):
        assert not await sees(stranger, card)


async def test_only_those_a_card_names_change_it(cast: Cast) -> None:
    card = await cast.ann.make(CARD, authHouseholdID=cast.home, stampCount=1)
    assert (await cast.bob.update(CARD, card["id"], {"stampCount": 2})).status == 204
    own = [cast.bob.account]
    assert (await cast.bob.update(CARD, card["id"], {"senders": own, "recipients": own})).status == 204
    assert (await cast.bob.read(CARD, card["id"])).value == card
    shared = (await cast.ann.update(CARD, card["id"], {"recipients": [cast.kid.account]})).value
    stamped = (await cast.kid.update(CARD, card["id"], {"stampCount": 2})).value
    assert stamped == {**shared, "stampCount": 2, "updated": stamped["updated"]}


async def test_who_may_only_view_cards_changes_none(
    cast: Cast, database: Database, card: dict[str, Any]
) -> None:
    await new_household(database, cast.vic.account)
    assert (await cast.vic.update(CARD, card["id"], {"stampCount": 0})).status == 204, "it is not in sight"
    await cast.ann.update(CARD, card["id"], {"recipients": [cast.vic.account]})
    assert (await cast.vic.update(CARD, card["id"], {"stampCount": 0})).status == 403
    assert (await cast.vic.delete(CARD, card["id"])).message == "Item not found"


async def test_a_card_is_deleted_by_who_sees_it(cast: Cast, card: dict[str, Any]) -> None:
    assert (await cast.bob.delete(CARD, card["id"])).message == "Item not found"
    assert (await cast.kid.delete(CARD, card["id"])).value == card
    shared = await cast.ann.make(CARD, authHouseholdID=cast.home)
    assert (await cast.bob.delete(CARD, shared["id"])).value == shared


async def test_the_id_of_a_card_shows_it_to_nobody(cast: Cast, card: dict[str, Any]) -> None:
    found = await cast.bob.make(CARD, authHouseholdID=cast.home, id=card["id"])
    assert found["id"] != card["id"]
    assert found["senders"] == [cast.bob.account]
    assert await cast.kid.make(CARD, authHouseholdID=cast.home, id=card["id"]) == card


async def test_who_administers_a_household_handles_its_cards(cast: Cast, database: Database) -> None:
    await join(database, cast.home, cast.bob.account, {"auth": 0, "reward": 2})
    card = await cast.bob.make(CARD, authHouseholdID=cast.home)
    card = (await cast.bob.update(CARD, card["id"], {"name": "Dishes"})).value
    assert await sees(cast.bob, card)
    await join(database, cast.home, cast.bob.account, {"auth": 1, "reward": 2})
    assert (await cast.bob.create(CARD, body_for(CARD, authHouseholdID=cast.home))).status == 403
    assert not await sees(cast.bob, card)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"stampCount": 6}, "stampCount: must not be more than stampGoal"),
        ({"stampGoal": 4}, "stampCount: must not be more than stampGoal"),
        ({"stampCount": -1}, "stampCount: must not be negative"),
        ({"stampGoal": -1}, "stampGoal: must not be negative"),
        ({"name": ""}, "name: must not be empty"),
        ({"recipients": "everybody"}, "recipients: must be a list of strings"),
    ],
)
async def test_what_does_not_fit_on_a_card_is_refused(
    cast: Cast, members: dict[str, Any], message: str
) -> None:
    full = {"stampCount": 5, "stampGoal": 5}
    made = await cast.ann.make(CARD, **full)
    for answer in (
        await cast.ann.create(CARD, body_for(CARD, **{**full, **members})),
        await cast.ann.update(CARD, made["id"], members),
    ):
        assert (answer.status, answer.message) == (400, message)
    assert (await cast.ann.read(CARD, made["id"])).value == made
