"""What households want built, summed up for administrators (contract §10.6, B1 §5.4 and §11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.visitors import SignUp, Visitor

PATH = "/admin/feature-votes"


@pytest.fixture(autouse=True)
async def nobody_has_voted(admin: Visitor) -> None:
    answer = await admin.remove(PATH)
    assert (answer.status, answer.body) == (200, None)


async def vote(sign_up: SignUp, *votes: dict[str, Any]) -> tuple[Visitor, str]:
    """A new household votes; a member of it, and its path."""
    ann = await sign_up()
    path = f"/auth/households/{await ann.new_household()}"
    assert (await ann.put(path, {"featureVotes": list(votes)})).status == 200
    return ann, path


async def test_votes_are_summed_for_each_feature(sign_up: SignUp, admin: Visitor) -> None:
    assert (await admin.get(PATH)).values == []
    await vote(
        sign_up,
        {"amount": 1, "feature": 3, "comment": ""},
        {"amount": 3, "feature": 0, "comment": 'more "charts"'},
    )
    await vote(sign_up, {"amount": 4, "feature": 0, "comment": "please"}, {"amount": 4, "feature": 3})
    answer = await admin.get(PATH)
    assert answer.body is not None
    assert (answer.body["dataType"], answer.body["dataTotal"]) == ("AuthHouseholdFeatureVotes", 2)
    assert answer.values == [
        {"amount": 7, "comment": 'more "charts"\nplease', "feature": 0},
        {"amount": 2, "comment": "", "feature": 3},
    ]


async def test_votes_are_taken_back_and_every_household_is_told(sign_up: SignUp, admin: Visitor) -> None:
    ann, path = await vote(sign_up, {"amount": 5, "feature": 1, "comment": "soup"})
    before = (await ann.get(path)).value
    answer = await admin.remove(PATH)
    assert (answer.status, answer.body) == (200, None)
    assert (await admin.get(PATH)).values == []
    after = (await ann.get(path, x_homechart_updated=before["updated"])).value
    assert (after["featureVotes"], after["updated"] > before["updated"]) == ([], True)
    assert (await admin.remove(PATH)).status == 200, "nothing is left to take back"


async def test_only_administrators_learn_what_others_want(sign_up: SignUp) -> None:
    ann, path = await vote(sign_up, {"amount": 5, "feature": 1})
    for method in ("GET", "DELETE"):
        answer = await ann.call(method, PATH)
        assert (answer.status, answer.message) == (403, "Action forbidden")
    assert (await ann.get(path)).value["featureVotes"] == [{"amount": 5, "comment": "", "feature": 1}]
