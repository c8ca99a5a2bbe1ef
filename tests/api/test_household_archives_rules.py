"""Importing takes away nothing but what is the caller's own, and lets nobody in who may not be."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.archives import (
    PASSWORD,
    address_of,
    bring,
    closed,
    exported,
    import_,
    moved,
    new_family,
    new_home,
    opened,
    somebody_new,
    without_ids,
)
from tests.callers import API, Caller, Client, serving
from tests.factories import VIEW, join, leave, new_account, new_household, new_session

BOOKMARK, PAGE = registry["Bookmark"], registry["NotesPage"]
PASSPHRASE = "how much wood would a woodchuck chuck"


async def pages(caller: Caller) -> list[str]:
    return sorted(page["name"] for page in (await caller.list(PAGE)).values)


@asynccontextmanager
async def server(database: Database, *options: str) -> AsyncIterator[Client]:
    async with serving(database.settings, *options) as client:
        yield client


@pytest.mark.parametrize("child", [False, True], ids=["alone", "with a child"])
async def test_who_is_in_it_brings_a_household_back(database: Database, served: Client, child: bool) -> None:
    caller, household = await new_home(database, served, child=child)
    archive, before = await exported(caller, household), await pages(caller)
    await caller.make(PAGE, authHouseholdID=household)
    assert (await import_(caller, household, archive)).status == 200

    # the session is the one of the archive
    assert await pages(caller) == before
    [home] = (await caller.call("GET", "/auth/households")).values
    assert home["id"] != household
    assert [member["name"] for member in home["members"]] == ["Ann", "Kid"][: 1 + child]
    gone = "SELECT count(*) FROM auth_household WHERE id = %(id)s"
    assert await database.fetch_value(gone, {"id": household}) == 0


async def test_nobody_takes_away_the_account_of_somebody_else(database: Database, served: Client) -> None:
    family = await new_family(database, served)
    archive = await exported(family.ann, family.household)
    await family.bob.make(BOOKMARK, authAccountID=family.bob.account)
    before = await family.bob.list(BOOKMARK)
    mallory, household = await somebody_new(database, served)
    for caller, into in ((family.ann, family.household), (mallory, household)):
        answer = await import_(caller, into, archive)
        assert answer.status == 409
        assert "belongs to an account on this server" in answer.message
    assert (await family.bob.list(BOOKMARK)).token == before.token
    assert [home["id"] for home in (await mallory.call("GET", "/auth/households")).values] == [household]


async def test_nobody_takes_away_a_child_that_is_also_elsewhere(database: Database, served: Client) -> None:
    caller, household = await new_home(database, served, child=True)
    archive = await exported(caller, household)
    [home] = (await caller.call("GET", "/auth/households")).values
    other = await new_household(database, await new_account(database))
    await join(database, other, home["members"][1]["id"], VIEW)
    answer = await import_(caller, household, archive)
    assert (answer.status, home["members"][1]["emailAddress"] in answer.message) == (409, True)


async def test_nobody_leaves_another_household_by_this(database: Database, served: Client) -> None:
    caller, household = await new_home(database, served)
    archive, before = await exported(caller, household), await pages(caller)
    other = await new_household(database, caller.account, name="Summer house")
    answer = await import_(caller, household, archive)
    assert answer.status == 409
    assert "another household" in answer.message
    assert await pages(caller) == before

    await leave(database, other, caller.account)
    assert (await import_(caller, household, archive)).status == 200


async def test_a_household_that_others_are_in_stays(database: Database, served: Client) -> None:
    caller, household = await new_home(database, served)
    archive = await exported(caller, household)
    late = await new_account(database)
    await join(database, household, late)
    assert (await import_(caller, household, archive)).status == 200
    stayed = Caller(served, late, (await new_session(database, late)).headers)
    assert household in [home["id"] for home in (await stayed.call("GET", "/auth/households")).values]
    assert len(await pages(stayed)) == 1


async def test_who_is_not_in_it_stays_as_they_are(
    database: Database, served: Client, elsewhere: Client, fresh_database: Database
) -> None:
    caller, household = await new_home(database, served)
    guest, own = await bring(fresh_database, elsewhere, await exported(caller, household))
    assert [home["id"] for home in (await guest.call("GET", "/auth/households")).values] == [own]


async def test_where_nobody_could_sign_in_the_caller_joins(database: Database, served: Client) -> None:
    caller, household = await new_home(database, served)
    second = await new_household(database, caller.account, name="Summer house")
    await caller.make(BOOKMARK, authHouseholdID=second)
    archive = await exported(caller, second)
    assert opened(archive)["authAccounts"] == []
    assert (await import_(caller, household, archive)).status == 200
    homes = (await caller.call("GET", "/auth/households")).values
    assert sorted(home["name"] for home in homes) == ["New", "Summer house", "Summer house"]
    assert [len(home["members"]) for home in homes] == [1, 1, 1]
    assert len((await caller.list(BOOKMARK)).values) == 2
    # joining is no part of what was restored, and changes the household like any other
    assert len({home["updated"] for home in homes if home["name"] == "Summer house"}) == 2


async def test_where_nobody_signs_up_nobody_is_brought_in(
    database: Database, served: Client, fresh_database: Database
) -> None:
    caller, household = await new_home(database, served)
    archive = await exported(caller, household)
    async with server(fresh_database, "app_signupdisabled=true") as client:
        stranger, own = await somebody_new(fresh_database, client)
        answer = await import_(stranger, own, archive)
        assert (answer.status, "sign up" in answer.message) == (400, True)
        # what is one's own can be brought back all the same
        assert (await import_(stranger, own, await exported(stranger, own))).status == 200
        root = Caller(client, stranger.account, {})
        account = await new_account(fresh_database)
        root.headers = (await new_session(fresh_database, account, admin=True)).headers
        into = await new_household(fresh_database, account)
        assert (await import_(root, into, archive)).status == 200


async def test_who_does_not_control_their_account_takes_and_brings_nothing(
    database: Database, served: Client
) -> None:
    caller, household = await new_home(database, served)
    archive = await exported(caller, household)
    lowered = replace(caller, headers=(await new_session(database, caller.account, {"auth": 1})).headers)
    assert (await lowered.call("GET", f"/auth/households/{household}/export")).status == 403
    assert (await import_(lowered, household, archive)).status == 403


async def test_who_loses_the_right_while_the_file_comes_brings_nothing(
    database: Database, served: Client
) -> None:
    caller, household = await new_home(database, served)
    before = await pages(caller)
    document = opened(await exported(caller, household))
    version = {"notesPageID": document["notesPages"][0]["id"], "body": "x" * 9000}
    document["notesPageVersions"] = [{**version, "id": str(uuid.uuid4())} for _ in range(2500)]
    # more than can be on its way before somebody reads it
    archive, lost = gzip.decompress(closed(document)), []

    async def slowly() -> AsyncIterator[bytes]:
        yield archive[:-100]
        lost.append(
            await database.execute(
                """UPDATE auth_account_auth_household SET permissions = '{"auth": 1}'
                WHERE (auth_account_id, auth_household_id) = (%(account)s, %(household)s)""",
                {"account": caller.account, "household": household},
            )
        )
        yield archive[-100:]

    path = f"{API}/auth/households/{household}/import"
    async with served.post(path, data=slowly(), headers=caller.headers) as answer:
        assert (len(lost), answer.status) == (1, 503)
    assert await pages(caller) == before


async def test_nobody_is_brought_in_as_a_child_instead(
    database: Database, served: Client, fresh_database: Database
) -> None:
    """Who has the address could not sign up with it any more, and would not be told why."""
    caller, household = await new_home(database, served, child=True)
    document = opened(await exported(caller, household))
    ann, kid = document["authAccounts"]
    document["authSessions"] = []
    async with server(fresh_database, "app_signupdisabled=true") as client:
        for address, status in (("boss@house.test", 400), (kid["emailAddress"], 200)):
            stranger, own = await somebody_new(fresh_database, client)
            ann["emailAddress"] = await address_of(fresh_database, stranger.account)
            kid |= {"child": True, "emailAddress": address}
            assert (await import_(stranger, own, closed(document))).status == status


async def test_nobody_is_somebody_because_an_archive_says_so(
    database: Database, served: Client, fresh_database: Database
) -> None:
    family = await new_family(database, served)
    document = opened(await exported(family.ann, family.household))
    for account in document["authAccounts"]:
        account |= {"verified": True, "admin": True}
    document["authAccounts"][0]["emailAddress"] = "root@house.test"
    for session in document["authSessions"]:
        session |= {"admin": True}
    mail = ("smtp_hostname=mail.test", "smtp_fromaddress=home@mail.test")
    async with server(fresh_database, "app_adminemailaddresses=root@house.test", *mail) as client:
        await bring(fresh_database, client, closed(document))
        ann = moved(family, client)[0]
        assert [account["verified"] for account in (await ann.call("GET", "/auth/accounts")).values] == [
            False
        ]
        assert (await ann.call("GET", "/auth/households?filter=")).body["dataTotal"] == 1  # type: ignore[index]
        body = {"emailAddress": "root@house.test", "password": PASSWORD}
        assert "admin" not in (await Caller(client).call("POST", "/auth/signin", body)).value


async def test_sums_are_worked_out_and_not_believed(
    database: Database, served: Client, elsewhere: Client, fresh_database: Database
) -> None:
    caller, household = await new_home(database, served)
    await caller.make(registry["BudgetAccount"], authHouseholdID=household)
    document = opened(await exported(caller, household))
    for account in document["budgetAccounts"]:
        account |= {"budgetTransactionAmount": 999, "openingName": "x", "openingDate": "2023-01-01"}
    await bring(fresh_database, elsewhere, closed(document))
    there = Caller(elsewhere, headers=caller.headers)
    [account] = (await there.list(registry["BudgetAccount"])).values
    assert account["budgetTransactionAmount"] == 0
    path = f"/budget/accounts/{account['id']}/transactions"
    assert len((await there.call("GET", path)).values) == 1


async def test_who_is_in_an_archive_is_told(database: Database, served: Client) -> None:
    mail = ("smtp_hostname=mail.test", "smtp_fromaddress=home@mail.test")
    async with server(database, *mail) as client:
        family = await new_family(database, client)
        address = f"{uuid.uuid4().hex}@house.test"
        await database.execute(
            "UPDATE auth_account SET email_address = %(address)s, verified = true WHERE id = %(id)s",
            {"address": address, "id": family.bob.account},
        )
        # nobody knows whether an address is hers
        una = await new_account(database, email_address=f"{uuid.uuid4().hex}@house.test")
        await join(database, family.household, una)
        await exported(family.ann, family.household)
        told = (
            "SELECT subject_smtp FROM notification"
            " WHERE kind = 'household_exported' AND auth_account_id = ANY (%(ids)s::uuid[])"
        )
        ids = [una, *(caller.account for caller in (family.ann, family.bob, family.kid, family.gus))]
        assert await database.fetch(told, {"ids": ids}) == [("Ann saved Our home! as a file",)]
        # which is not to become a nuisance
        path = f"/auth/households/{family.household}/export"
        statuses = [(await family.ann.call("GET", path)).status for _ in range(10)]
        assert statuses == [200] * 9 + [429]


async def test_many_people_are_not_brought_in_at_once(
    database: Database, served: Client, fresh_database: Database
) -> None:
    caller, household = await new_home(database, served)
    document = opened(await exported(caller, household))
    async with server(fresh_database, "app_ratelimiterrate=2-H") as client:
        came = []
        for number in range(3):
            document["authAccounts"][0]["emailAddress"] = f"{number}@example.com"
            document["authSessions"] = []
            guest, own = await somebody_new(fresh_database, client)
            came.append((await import_(guest, own, closed(document))).status)
        assert came == [200, 200, 429]
        assert (await import_(guest, own, b"")).status == 400


async def encrypted_home(database: Database, client: Client) -> tuple[Caller, str, bytes]:
    caller, household = await new_home(database, client)
    body = {"backupEncryptionKey": PASSPHRASE}
    assert (await caller.call("PUT", f"/auth/households/{household}", body)).status == 200
    return caller, household, await exported(caller, household)


async def test_with_a_backup_key_an_archive_is_encrypted(database: Database, served: Client) -> None:
    _, _, archive = await encrypted_home(database, served)
    # the contract's form: 16 random bytes, AES-256-CBC, the last 32 bytes of the passphrase, PKCS #7
    key = PASSPHRASE.encode()[-32:]
    decryptor = Cipher(algorithms.AES(key), modes.CBC(archive[:16])).decryptor()
    text = decryptor.update(archive[16:]) + decryptor.finalize()
    document = opened(text[: -text[-1]])
    assert document["authHouseholds"][0]["backupEncryptionKey"] == PASSPHRASE


@pytest.mark.parametrize("key", [PASSPHRASE, "", "another", "é" * 40])
async def test_an_encrypted_archive_is_restored_with_its_key(
    database: Database, served: Client, elsewhere: Client, fresh_database: Database, key: str
) -> None:
    caller, _, archive = await encrypted_home(database, served)
    guest, own = await somebody_new(fresh_database, elsewhere)
    if key:
        await guest.call("PUT", f"/auth/households/{own}", {"backupEncryptionKey": key})
    answer = await import_(guest, own, archive)
    assert answer.status == (200 if key == PASSPHRASE else 400)
    there = Caller(elsewhere, headers=caller.headers)
    seen = await there.list(PAGE)
    assert seen.status == (200 if key == PASSPHRASE else 410)
    if key == PASSPHRASE:
        assert without_ids({"": seen.values}) == without_ids({"": (await caller.list(PAGE)).values})


async def test_what_was_is_kept_until_all_is_there(database: Database, served: Client) -> None:
    caller, household = await new_home(database, served)
    document: dict[str, Any] = opened(await exported(caller, household))
    before = await pages(caller)
    document["notesPages"][-1]["parentID"] = str(uuid.uuid4())
    answer = await import_(caller, household, closed(document))
    assert answer.status == 400
    assert await pages(caller) == before
    assert [home["id"] for home in (await caller.call("GET", "/auth/households")).values] == [household]
