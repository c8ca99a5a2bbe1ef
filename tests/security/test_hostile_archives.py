"""Archives that no server of ours made: refused by what is wrong with them, and nothing of them stays."""

from __future__ import annotations

import copy
import gzip
import json
import random
import tracemalloc
import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from homechart_common.archive import packing, reading
from homechart_common.archive.contents import kinds
from homechart_common.archive.packing import unpacked
from homechart_common.archive.reading import Reader
from homechart_common.archive.renaming import Renaming
from homechart_common.archive.restoring import Restored, restore
from homechart_common.errors import InvalidInput
from homechart_common.models.model import Row
from homechart_common.postgresql.database import Connection, Database
from tests.archives import closed, exported, furnish, new_family, opened, somebody_new
from tests.callers import Answer, Caller, Client

Document = dict[str, Any]

ABSENT = object()

#: What no member takes, or only some do.
VALUES: tuple[Any, ...] = (
    None, True, 7, -1, 2**31, 2**63, 10**400, 1.5, 1e300, "", "x", "x" * 100_001, "a\x00b", "'; --", "infinity",
    "00000000-0000-0000-0000-000000000000", "9999-12-31T23:59:59.999999Z", "2024-02-30", [], [None], [[]], ["x" * 5000],
    [{}], {}, {"x": 1}, {"id": {}}, [{"id": 7}], [{"amount": 2**63}],
)  # fmt: skip


@pytest.fixture(scope="module")
async def archive(database: Database, client: Client) -> bytes:
    family = await new_family(database, client)
    await furnish(database, family)
    archive = await exported(family.ann, family.household)
    for caller in family.at_home:
        await database.execute("DELETE FROM auth_account WHERE id = %(id)s", {"id": caller.account})
    await database.execute("DELETE FROM auth_household WHERE id = %(id)s", {"id": family.household})
    return archive


@pytest.fixture
def document(archive: bytes) -> Document:
    return opened(archive)


@pytest.fixture(scope="module")
async def importer(database: Database, client: Client) -> tuple[Caller, str]:
    return await somebody_new(database, client)


async def sent(importer: tuple[Caller, str], archive: bytes) -> Answer:
    caller, household = importer
    return await caller.call("POST", f"/auth/households/{household}/import", BytesIO(archive))


async def counted(database: Database) -> Any:
    return await database.fetch(
        "SELECT (SELECT count(*) FROM auth_account), (SELECT count(*) FROM auth_household),"
        " (SELECT count(*) FROM auth_session), (SELECT count(*) FROM sync_change)"
    )


class _Undone(Exception):
    """An archive was restored, and shall not stay."""


class _Anybody:
    """Lets in whatever comes, and throws it out again."""

    believes_identities = True

    async def admit(self, connection: Connection, accounts: list[Row]) -> None:
        pass

    async def settle(self, connection: Connection, restored: Restored) -> None:
        raise _Undone


async def outcome(database: Database, archive: bytes) -> str:
    """Why an archive is refused, or nothing."""
    try:
        # most are refused before anything is stored, which is found out faster so
        list(Reader(unpacked(BytesIO(archive)), Renaming(), "").batches())
        await restore(database, BytesIO(archive), "", _Anybody())
    except InvalidInput as refusal:
        return refusal.message
    except _Undone:
        return ""
    raise AssertionError


def text_of(document: Document) -> bytes:
    return gzip.decompress(closed(document))


BYTES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda archive: b"",
    "no gzip": lambda archive: b"PK\x03\x04" + bytes(100),
    "only a head": lambda archive: archive[:10],
    "the first half": lambda archive: archive[: len(archive) // 2],
    "without its end": lambda archive: archive[:-4],
    "a wrong sum": lambda archive: archive[:-8] + bytes(8),
    "a byte changed": lambda archive: archive[:900] + bytes([archive[900] ^ 255]) + archive[901:],
    "something behind": lambda archive: archive + b"x",
    "twice": lambda archive: archive + archive,
    "zipped twice": gzip.compress,
    "gzip of nothing": lambda archive: gzip.compress(b""),
    "no JSON": lambda archive: gzip.compress(b"\xff\xfe\x00\n" * 1000),
    "other JSON": lambda archive: gzip.compress(b'{"name":"x"}\n'),
    "a list": lambda archive: gzip.compress(b"[]\n"),
    "of the future": lambda archive: gzip.compress(b'{"archive":2,\n"authAccounts":[\n]}'),
    "of no version": lambda archive: gzip.compress(b'{"archive":null,\n"authAccounts":[\n]}'),
    "a long line": lambda archive: gzip.compress(
        b'{"archive":1,\n"authAccounts":[\n"' + b"x" * (5 << 20) + b'"\n]}'
    ),
    "deep lists": lambda archive: gzip.compress(
        b'{"archive":1,\n"authAccounts":[\n' + b"[" * 100_000 + b"\n]}"
    ),
    "on one line": lambda archive: gzip.compress(gzip.decompress(archive).replace(b"\n", b"")),
    "only a start": lambda archive: gzip.compress(b'{"archive":1,'),
    "without lists": lambda archive: gzip.compress(b'{"archive":1}\n'),
    "not ended": lambda archive: gzip.compress(gzip.decompress(archive).rstrip().removesuffix(b"]}")),
    "ended twice": lambda archive: gzip.compress(gzip.decompress(archive) + b"]}\n"),
}


@pytest.mark.parametrize("name", BYTES)
async def test_what_is_no_archive_is_refused(
    database: Database, importer: tuple[Caller, str], archive: bytes, name: str
) -> None:
    before = await counted(database)
    answer = await sent(importer, BYTES[name](archive))
    assert (answer.status, bool(answer.message)) == (400, True)
    assert await counted(database) == before


@pytest.mark.parametrize("content", [b"\n", b"x", b'{"archive":1,\n"authAccounts":[' + b"\n{}," * 1000])
def test_a_bomb_costs_little_memory(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 16 << 20)
    bomb = gzip.compress(content * ((32 << 20) // len(content)), 1)
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="more than 16 MiB"):
        for _ in unpacked(BytesIO(bomb)):
            pass
    with pytest.raises(InvalidInput):
        list(Reader(unpacked(BytesIO(bomb)), Renaming(), "").batches())
    assert tracemalloc.get_traced_memory()[1] < 12 << 20
    tracemalloc.stop()


async def test_too_many_rows_are_refused(
    database: Database, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_ROWS", 10)
    assert "more than 10 rows" in await outcome(database, closed(document))


async def test_more_than_is_read_is_refused(importer: tuple[Caller, str]) -> None:
    assert (await sent(importer, b"\x1f\x8b\x08" + bytes(65 << 20))).status == 413


def _without(name: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document[name] = []

    return change


def _first(name: str, **members: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document[name][0] |= members

    return change


def _twice(name: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document[name].append(document[name][0])

    return change


def _swapped(document: Document) -> None:
    lists = [name for name in document if isinstance(document[name], list)]
    document["bookmarks"], *_ = (document.pop("bookmarks"),)
    assert list(document)[-1] == "bookmarks" != lists[-1]


ELSEWHERE = str(uuid.uuid4())
#: What is wrong, and what the answer names.
WRONG: dict[str, tuple[Callable[[Document], None], str]] = {
    "no household": (_without("authHouseholds"), "authAccountAuthHouseholds"),
    "no members": (_without("authAccountAuthHouseholds"), "authAccounts: must all be members"),
    "no accounts": (_without("authAccounts"), "authAccountAuthHouseholds"),
    "two accounts with one id": (_twice("authAccounts"), "authAccounts"),
    "two pages with one id": (_twice("notesPages"), "notesPages"),
    "two transactions with one id": (_twice("budgetTransactions"), "budgetTransactions"),
    "a member who is not there": (
        _first("authAccountAuthHouseholds", authAccountID=ELSEWHERE),
        "authAccountID",
    ),
    "a member of another household": (
        _first("authAccountAuthHouseholds", authHouseholdID=ELSEWHERE),
        "authHouseholdID",
    ),
    "a session of somebody else": (_first("authSessions", authAccountID=ELSEWHERE), "authAccountID"),
    "an object of nobody": (_first("bookmarks", authAccountID=None, authHouseholdID=None), "bookmarks"),
    "an object of another account": (
        _first("bookmarks", authAccountID=ELSEWHERE, authHouseholdID=None),
        "bookmarks",
    ),
    "an object of another household": (
        _first("bookmarks", authHouseholdID=ELSEWHERE, authAccountID=None),
        "bookmarks",
    ),
    "a category of another household": (
        _first("budgetCategories", authHouseholdID=ELSEWHERE),
        "authHouseholdID",
    ),
    "a parent that is not there": (_first("notesPages", parentID=ELSEWHERE), "notesPages"),
    "a reference to what is not there": (_first("shopItems", budgetPayeeID=ELSEWHERE), "budgetPayeeID"),
    "a page that is not there": (_first("notesPageVersions", notesPageID=ELSEWHERE), "notesPageID"),
    "a list that nobody knows": (lambda document: document.update(weapons=[{}]), "weapons"),
    "lists in another order": (_swapped, "bookmarks"),
    "no address": (_first("authAccounts", emailAddress=""), "emailAddress"),
    "no id": (_first("bookmarks", id=None), "bookmarks"),
    "a hash that takes long": (
        _first("authAccounts", passwordHash="$argon2id$v=19$m=4194304,t=99,p=1$c29tZXNhbHQ$aGFzaGhhc2g"),
        "authAccounts, row 1: passwordHash",
    ),
    "a hash that is none": (_first("authAccounts", passwordHash="x"), "passwordHash"),
    "a key that is no hash": (_first("authSessions", keyHash="\\xff"), "keyHash"),
    "a row that is none": (lambda document: document["planTasks"].append(7), "planTasks, row"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_with_it_is_named(
    database: Database, importer: tuple[Caller, str], document: Document, name: str
) -> None:
    change, named = WRONG[name]
    change(document)
    before = await counted(database)
    answer = await sent(importer, closed(document))
    assert (answer.status, answer.message) == (400, answer.message)
    assert named in answer.message
    assert await counted(database) == before


async def test_two_households_are_refused(database: Database, document: Document) -> None:
    home = document["authHouseholds"][0]
    document["authHouseholds"].append(
        {**home, "id": str(uuid.uuid4()), "subscriptionReferralCode": "another"}
    )
    assert "authHouseholds" in await outcome(database, closed(document))


async def test_it_cannot_name_what_is_here(
    database: Database, client: Client, importer: tuple[Caller, str], document: Document
) -> None:
    """Not even by an id that is right: of a household, an account and objects that exist."""
    victim, home = await somebody_new(database, client)
    page = await victim.make(kinds()["notesPages"].model, authHouseholdID=home)
    before = await victim.call("GET", "/sync")
    for name, members in (
        ("bookmarks", {"authHouseholdID": home, "authAccountID": None}),
        ("bookmarks", {"authAccountID": victim.account, "authHouseholdID": None}),
        ("notesPages", {"parentID": page["id"]}),
        ("notesPageVersions", {"notesPageID": page["id"]}),
        ("authAccountAuthHouseholds", {"authHouseholdID": home}),
        ("authAccountAuthHouseholds", {"authAccountID": victim.account}),
        ("authSessions", {"authAccountID": victim.account}),
    ):
        tried = copy.deepcopy(document)
        tried[name][0] |= members
        assert (await sent(importer, closed(tried))).status == 400, (name, members)
    after = await victim.call("GET", "/sync")
    assert after.value == before.value


async def test_it_brings_ids_that_nobody_chose(database: Database, document: Document) -> None:
    text = text_of(document)
    ids = [
        [
            row["id"]
            for batch in Reader(iter([text]), Renaming(), "").batches()
            for row in batch.rows
            if "id" in row
        ]
        for _ in range(2)
    ]
    kept = {session["id"] for session in document["authSessions"]}
    assert set(ids[0]) & set(ids[1]) == kept
    assert len(set(ids[0])) == len(ids[0])


@pytest.mark.parametrize("name", kinds())
async def test_whatever_a_member_says_is_taken_or_refused(
    database: Database, document: Document, name: str
) -> None:
    before = await counted(database)
    chosen = random.Random(name)
    for field in kinds()[name].members.values():
        for value in chosen.sample((*VALUES, ABSENT), 3):
            tried = copy.deepcopy(document)
            tried[name][0][field.json] = value
            if value is ABSENT:
                del tried[name][0][field.json]
            assert isinstance(await outcome(database, closed(tried)), str), (field.json, value)
    assert await counted(database) == before


async def test_the_archive_itself_is_taken(database: Database, archive: bytes, document: Document) -> None:
    assert await outcome(database, archive) == ""
    assert await outcome(database, closed(document)) == ""
    # some programs unpack what they download
    assert await outcome(database, gzip.decompress(archive)) == ""
    assert json.loads(gzip.decompress(closed(document))) == document
