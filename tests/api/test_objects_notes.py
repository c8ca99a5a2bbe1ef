"""Notes: a tree of pages, and the versions that hold their text (contract B2 §5)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for

PAGE, VERSION = registry["NotesPage"], registry["NotesPageVersion"]
NOBODYS_ID = "11111111-1111-4111-8111-111111111111"
WRITTEN = "2020-01-01T10:00:00.000000Z"


async def owner_of(caller: Caller, page: dict[str, Any]) -> tuple[str | None, str | None]:
    found = (await caller.read(PAGE, page["id"])).value
    return found["authAccountID"], found["authHouseholdID"]


# The tree


async def test_a_page_in_another_belongs_to_whom_that_one_belongs(cast: Cast) -> None:
    above = await cast.ann.make(PAGE, authHouseholdID=cast.home)
    below = await cast.ann.make(PAGE, parentID=above["id"], authAccountID=cast.ann.account)
    assert (below["authAccountID"], below["authHouseholdID"]) == (None, cast.home)
    own = await cast.ann.make(PAGE)
    await cast.ann.update(PAGE, own["id"], {**own, "parentID": below["id"]})
    assert await owner_of(cast.bob, own) == (None, cast.home)
    out = {"parentID": None, "authAccountID": cast.ann.account, "authHouseholdID": None}
    await cast.ann.update(PAGE, own["id"], out)
    assert await owner_of(cast.ann, own) == (cast.ann.account, None)


async def test_what_is_below_a_page_moves_with_it(cast: Cast) -> None:
    top = await cast.ann.make(PAGE)
    middle = await cast.ann.make(PAGE, parentID=top["id"])
    bottom = await cast.ann.make(PAGE, parentID=middle["id"])
    version = await cast.ann.make(VERSION, notesPageID=bottom["id"])
    await cast.ann.update(PAGE, top["id"], {"authHouseholdID": cast.home})
    for page in (top, middle, bottom):
        assert await owner_of(cast.bob, page) == (None, cast.home)
    assert (await cast.bob.read(VERSION, version["id"])).value == version


async def test_deleting_a_page_deletes_what_is_below_it(cast: Cast) -> None:
    page = await cast.ann.make(PAGE, authHouseholdID=cast.home)
    below = await cast.ann.make(PAGE, parentID=page["id"])
    version = await cast.ann.make(VERSION, notesPageID=below["id"])
    await cast.bob.delete(PAGE, page["id"])
    assert (await cast.ann.read(PAGE, below["id"])).message == "Item not found"
    assert (await cast.ann.read(VERSION, version["id"])).message == "Item not found"


async def test_the_bin_is_for_the_page_alone_and_gives_it_back(cast: Cast) -> None:
    page = await cast.ann.make(PAGE, deleted=WRITTEN)
    assert page["deleted"] is None, "nothing starts in the bin"
    below = await cast.ann.make(PAGE, parentID=page["id"])
    binned = (await cast.ann.update(PAGE, page["id"], {"deleted": WRITTEN})).value
    assert binned["deleted"] == WRITTEN
    assert binned in (await cast.ann.list(PAGE)).values
    assert (await cast.ann.read(PAGE, below["id"])).value == below
    assert (await cast.ann.update(PAGE, page["id"], {"deleted": None})).value["deleted"] is None


async def test_pages_beside_each_other_have_names_of_their_own(cast: Cast) -> None:
    page = await cast.ann.make(PAGE)
    below = await cast.ann.make(PAGE, parentID=page["id"], name=page["name"])
    assert (await cast.bob.create(PAGE, body_for(PAGE, name=page["name"]))).status == 200
    for twin in (body_for(PAGE, name=page["name"]), body_for(PAGE, name=page["name"], parentID=page["id"])):
        answer = await cast.ann.create(PAGE, twin)
        assert (answer.status, answer.message) == (409, "name: another page beside this one has it")
    assert (await cast.ann.update(PAGE, below["id"], {"parentID": None})).status == 409
    await cast.ann.update(PAGE, page["id"], {"deleted": WRITTEN})
    again = await cast.ann.create(PAGE, body_for(PAGE, name=page["name"]))
    assert again.status == 409, "a page in the bin can come back, so its name is taken"


# Versions


async def test_a_version_says_who_wrote_it_and_when(cast: Cast) -> None:
    page = await cast.ann.make(PAGE, authHouseholdID=cast.home)
    version = await cast.bob.make(VERSION, notesPageID=page["id"], createdBy=None, updated=None)
    assert version["createdBy"] == cast.bob.account
    assert version["updated"] > page["updated"]
    brought = await cast.bob.make(
        VERSION, notesPageID=page["id"], createdBy=cast.cat.account, updated=WRITTEN
    )
    assert (brought["createdBy"], brought["updated"]) == (cast.cat.account, WRITTEN)
    listed = (await cast.ann.list(VERSION)).values
    assert listed == [brought, version], "the newest comes last"


async def test_a_version_never_changes(cast: Cast) -> None:
    version = await cast.ann.make(VERSION)
    assert (await cast.ann.update(VERSION, version["id"], {"body": "Other"})).status == 405
    assert (await cast.ann.read(VERSION, version["id"])).value == version


async def test_a_version_has_room_for_a_long_text(cast: Cast) -> None:
    page = await cast.ann.make(PAGE)
    text = "\U0001f600\n" * 5000
    assert (await cast.ann.make(VERSION, notesPageID=page["id"], body=text))["body"] == text
    assert (await cast.ann.make(VERSION, notesPageID=page["id"], body=None))["body"] == ""
    answer = await cast.ann.create(VERSION, {"notesPageID": page["id"], "body": f"{text}!"})
    assert (answer.status, answer.message) == (400, "body: must not be longer than 10000 characters")


async def test_who_may_not_edit_a_page_writes_no_version_of_it(cast: Cast) -> None:
    page = await cast.ann.make(PAGE, authHouseholdID=cast.home)
    own = await cast.ann.make(PAGE)
    for caller, target in ((cast.vic, page), (cast.cat, page), (cast.bob, own)):
        answer = await caller.create(VERSION, body_for(VERSION, notesPageID=target["id"]))
        assert answer.status == 400
        assert answer.message == "notesPageID: names nothing that can be referred to here"
    for nothing in (NOBODYS_ID, None):
        assert (await cast.ann.create(VERSION, body_for(VERSION, notesPageID=nothing))).status == 400
    assert (await cast.ann.create(VERSION, {"body": "Hello"})).message == "notesPageID: must be given"
    assert (await cast.ann.list(VERSION)).values == []


@pytest.mark.parametrize("side", ["authAccountID", "authHouseholdID"])
async def test_a_version_is_deleted_by_itself(cast: Cast, side: str) -> None:
    owner = {side: cast.ann.account if side == "authAccountID" else cast.home}
    page = await cast.ann.make(PAGE, **owner)
    version = await cast.ann.make(VERSION, notesPageID=page["id"])
    assert (await cast.ann.delete(VERSION, version["id"])).value == version
    assert (await cast.ann.read(PAGE, page["id"])).value == page
