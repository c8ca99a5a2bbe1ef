"""A household taken from one server to another: everybody sees there what they saw here."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from homechart_common.archive.contents import kinds
from homechart_common.archive.writing import write
from homechart_common.models import registry
from homechart_common.models.budget_transaction import Entries
from homechart_common.models.fields import Field
from homechart_common.postgresql.database import Database
from tests.archives import (
    PASSWORD,
    Family,
    bring,
    everything,
    exported,
    furnish,
    moved,
    new_family,
    opened,
    somebody_new,
    stored,
    without_ids,
)
from tests.callers import Caller, Client


@pytest.fixture(scope="module")
async def family(database: Database, served: Client) -> Family:
    family = await new_family(database, served)
    await furnish(database, family)
    return family


@pytest.fixture(scope="module")
async def archive(family: Family) -> bytes:
    return await exported(family.ann, family.household)


async def test_everybody_sees_the_same_elsewhere(
    family: Family, archive: bytes, elsewhere: Client, fresh_database: Database
) -> None:
    await bring(fresh_database, elsewhere, archive)
    for here, there in zip(family.at_home, moved(family, elsewhere), strict=True):
        before, after = await everything(here), await everything(there)
        # who lives elsewhere is not among them, and is told of below
        for seen in (before, after):
            home = seen["/auth/households"][0]
            home["members"] = [
                member for member in home["members"] if member["emailAddress"] != family.addresses["gus"]
            ]
        assert after.keys() == before.keys()
        for path, values in without_ids(before).items():
            assert without_ids(after)[path] == values, path


async def test_an_archive_has_something_of_every_kind(archive: bytes) -> None:
    document = opened(archive)
    assert [name for name in document if isinstance(document[name], list)] == list(kinds())
    assert {name for name in kinds() if not document[name]} == set()
    # names of members that are ids come along, too
    assert any(item["correlations"] for item in document["healthItems"])


def test_an_archive_holds_what_clients_write() -> None:
    def written(fields: dict[str, Field]) -> set[str]:
        return {
            name
            for name, field in fields.items()
            if (field.stored and field.wire and field.write) or isinstance(field, Entries)
        }

    held = {kind.model: set(kind.members) for kind in kinds().values()}
    for model in registry:
        if model.archived is not None:
            assert written(model.fields) - held[model] <= {"primary_auth_household_id"}, model


async def test_nothing_has_the_id_that_it_had(
    family: Family, archive: bytes, elsewhere: Client, fresh_database: Database
) -> None:
    document = opened(archive)
    ids = {
        row["id"]
        for name in document
        if isinstance(document[name], list)
        for row in document[name]
        if "id" in row and name != "authSessions"
    }
    assert len(ids) > 100
    await bring(fresh_database, elsewhere, archive)
    everywhere = await stored(fresh_database)
    assert [old for old in ids if old in everywhere] == []
    assert family.ann.headers["x-homechart-id"] in everywhere


async def test_people_sign_in_as_ever(
    family: Family, archive: bytes, elsewhere: Client, fresh_database: Database
) -> None:
    await bring(fresh_database, elsewhere, archive)
    for name in ("ann", "bob"):
        body = {"emailAddress": family.addresses[name], "password": PASSWORD}
        answer = await Caller(elsewhere).call("POST", "/auth/signin", body)
        assert answer.value["primaryAuthHouseholdID"]
    child = await Caller(elsewhere).call(
        "POST", "/auth/signin", {"emailAddress": family.addresses["kid"], "password": PASSWORD}
    )
    assert child.status == 400


async def test_who_lives_elsewhere_is_invited(
    family: Family, archive: bytes, elsewhere: Client, fresh_database: Database
) -> None:
    document = opened(archive)
    assert family.addresses["gus"] not in json.dumps(document["authAccounts"])
    _, household = await bring(fresh_database, elsewhere, archive)
    ann = moved(family, elsewhere)[0]
    [home] = (await ann.call("GET", "/auth/households")).values
    [waiting] = [member for member in home["members"] if member["inviteToken"]]
    assert waiting["emailAddress"] == family.addresses["gus"]
    assert waiting["permissions"]["budget"] == 1

    gus, _ = await somebody_new(fresh_database, elsewhere)
    assert (
        await gus.call("GET", f"/auth/households/{household}/invites/{waiting['inviteToken']}")
    ).status == 200
    assert home["id"] in [joined["id"] for joined in (await gus.call("GET", "/auth/households")).values]


async def test_what_is_restored_goes_on_living(
    family: Family, archive: bytes, elsewhere: Client, fresh_database: Database
) -> None:
    await bring(fresh_database, elsewhere, archive)
    ann = moved(family, elsewhere)[0]
    before = await ann.list(registry["PlanTask"])
    task = before.values[0]
    changed = await ann.update(registry["PlanTask"], task["id"], {"name": "Now"})
    assert changed.value["updated"] > max(value["updated"] for value in before.values)
    after = await ann.list(registry["PlanTask"], token=before.token, updated=task["updated"])
    assert [value["name"] for value in after.values] == ["Now"]


async def test_an_archive_of_an_archive_is_the_same(
    family: Family, archive: bytes, elsewhere: Client, fresh_database: Database
) -> None:
    await bring(fresh_database, elsewhere, archive)
    ann = moved(family, elsewhere)[0]
    [home] = (await ann.call("GET", "/auth/households")).values
    again = opened(await exported(ann, home["id"]))
    # whoever brings it in is not believed who somebody is elsewhere
    first = opened(archive) | {"authIdentities": []}
    waiting = [row for row in again["authAccountAuthHouseholds"] if row["emailAddress"]]
    assert [row.pop("inviteToken") for row in waiting] != [""]
    for row in first["authAccountAuthHouseholds"]:
        if row["emailAddress"]:
            del row["inviteToken"]
    lists = {name: rows for name, rows in first.items() if isinstance(rows, list)}
    assert without_ids({name: again[name] for name in lists}) == without_ids(lists)


async def test_what_others_own_does_not_come_along(family: Family) -> None:
    own = await family.gus.make(registry["NotesPage"], authAccountID=family.gus.account)
    there = await family.gus.make(registry["ShopList"], authHouseholdID=family.elsewhere)
    text = json.dumps(opened(await exported(family.ann, family.household)))
    assert own["name"] not in text
    assert there["name"] not in text
    assert family.elsewhere not in text


async def test_an_archive_is_of_one_moment(database: Database, served: Client) -> None:
    family = await new_family(database, served)
    page, version = registry["NotesPage"], registry["NotesPageVersion"]

    async def write() -> None:
        while True:
            made = await family.bob.make(page, authHouseholdID=family.household)
            await family.bob.make(version, notesPageID=made["id"])

    writers = [asyncio.create_task(write()) for _ in range(4)]
    try:
        for _ in range(20):
            document = opened(await exported(family.ann, family.household))
            pages = {row["id"] for row in document["notesPages"]}
            assert {row["notesPageID"] for row in document["notesPageVersions"]} <= pages
    finally:
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
    assert len(pages) > 20


async def test_an_archive_comes_as_a_file(family: Family) -> None:
    answer = await family.ann.call("GET", f"/auth/households/{family.household}/export")
    assert answer.headers["Content-Type"] == "application/x-gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="our-home-20')


class _Slow(BytesIO):
    """A file on a disk that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def write(self, data: Any) -> int:
        self.begun.set()
        self.goes_on.wait()
        return super().write(data)


async def test_while_archives_are_written_others_can_read(
    family: Family, open_database: Callable[..., Awaitable[Database]]
) -> None:
    database, files = await open_database(max_connections=2), [_Slow(), _Slow(), _Slow()]
    written = [asyncio.create_task(write(database, family.household, file)) for file in files]
    try:
        await asyncio.to_thread(files[0].begun.wait)
        assert await database.fetch_value("SELECT 1") == 1
    finally:
        for file in files:
            file.goes_on.set()
        await asyncio.gather(*written)
    assert [opened(file.getvalue())["authHouseholds"][0]["id"] for file in files] == [family.household] * 3


async def test_who_may_not_sign_in_for_themselves_takes_nothing(family: Family) -> None:
    for caller in (family.kid, replace(family.ann, headers={})):
        answer = await caller.call("GET", f"/auth/households/{family.household}/export")
        assert answer.status in (403, 410)
