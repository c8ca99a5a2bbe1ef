"""Bookmarks (contract B1 §7)."""

from __future__ import annotations

from homechart_common.models import registry
from tests.cast import Cast
from tests.factories import body_for

BOOKMARK = registry["Bookmark"]


async def test_an_icon_is_named_or_linked_and_not_both(cast: Cast) -> None:
    both = await cast.ann.create(BOOKMARK, body_for(BOOKMARK, iconName="school", iconLink="/icon.png"))
    assert (both.status, both.message) == (400, "iconName and iconLink cannot both be set")
    named = await cast.ann.make(BOOKMARK, iconName="school")
    assert (await cast.ann.update(BOOKMARK, named["id"], {"iconLink": "/icon.png"})).message == both.message
    linked = await cast.ann.update(BOOKMARK, named["id"], {"iconName": "", "iconLink": "/icon.png"})
    assert (linked.value["iconName"], linked.value["iconLink"]) == ("", "/icon.png")


async def test_names_are_unique_for_each_owner(cast: Cast) -> None:
    own = await cast.ann.make(BOOKMARK)
    twin = body_for(BOOKMARK, name=own["name"])
    answer = await cast.ann.create(BOOKMARK, twin)
    assert (answer.status, answer.message) == (409, "name: another one has it already")
    assert (await cast.bob.create(BOOKMARK, twin)).status == 200
    assert (await cast.ann.create(BOOKMARK, {**twin, "authHouseholdID": cast.home})).status == 200
    assert (await cast.ann.update(BOOKMARK, own["id"], {"authHouseholdID": cast.home})).status == 409
