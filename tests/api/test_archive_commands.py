"""Whoever runs the server takes households to files and back without anybody's session."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.archives import (
    PASSWORD,
    Family,
    closed,
    exported,
    moved,
    new_family,
    opened,
    stored,
    without_ids,
)
from tests.callers import Caller, Client, serving
from tests.factories import new_household
from tests.visitors import Run

PAGE = registry["NotesPage"]


@pytest.fixture
async def family(database: Database, served: Client) -> Family:
    family = await new_family(database, served)
    await family.bob.make(PAGE, authAccountID=family.bob.account)
    return family


async def test_a_household_goes_into_a_file_and_comes_back(
    run: Run, family: Family, fresh_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.gz", tmp_path / "second.gz"
    first.write_bytes(await exported(family.ann, family.household))
    assert await run("import", first) == 0
    said = capsys.readouterr().out
    assert f"{family.addresses['bob']} and 1 child\n" in said
    assert family.addresses["kid"] not in said
    assert await run("export", "Our home!", second) == 0
    assert str(second) in capsys.readouterr().out
    assert stat.S_IMODE(second.stat().st_mode) == 0o600
    for name in ("authAccounts", "notesPages"):
        pair = [without_ids({"": opened(path.read_bytes())[name]}) for path in (first, second)]
        assert pair[0] == pair[1]
    async with serving(fresh_database.settings) as client:
        assert (await moved(family, client)[1].list(PAGE)).values


async def test_who_is_here_already_goes_only_if_that_is_said(
    run: Run, family: Family, fresh_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "home.gz"
    path.write_bytes(await exported(family.ann, family.household))
    assert await run("import", path) == 0
    async with serving(fresh_database.settings) as client:
        bob = moved(family, client)[1]
        await bob.make(PAGE, authAccountID=(await bob.call("GET", "/auth/accounts")).value["id"])
        before = await stored(fresh_database)
        capsys.readouterr()
        assert await run("import", path) == 1
        said = capsys.readouterr().err
        named = {name for name, address in family.addresses.items() if address in said}
        assert named == {"ann", "bob"}
        assert said.endswith(" and 1 child (--replace deletes them)\n")
        assert await stored(fresh_database) == before
        assert await run("import", path, "--replace") == 0
        assert len((await bob.list(PAGE)).values) == 1
    assert await fresh_database.fetch_value("SELECT count(*) FROM auth_household") == 1


async def test_what_people_are_is_not_questioned(
    run: Run, family: Family, fresh_database: Database, tmp_path: Path
) -> None:
    document = opened(await exported(family.ann, family.household))
    document["authAccounts"][0]["verified"] = True
    path = tmp_path / "home.gz"
    path.write_bytes(closed(document))
    assert await run("-x", "smtp_hostname=mail.test,smtp_fromaddress=home@mail.test", "import", path) == 0
    verified = "SELECT verified FROM auth_account WHERE email_address = %(address)s"
    assert await fresh_database.fetch_value(
        verified, {"address": document["authAccounts"][0]["emailAddress"]}
    )


async def test_an_encrypted_file_needs_its_key(
    run: Run, family: Family, fresh_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passphrase = "correct horse battery"
    await family.ann.call("PUT", f"/auth/households/{family.household}", {"backupEncryptionKey": passphrase})
    path, key = tmp_path / "home.gz", tmp_path / "key"
    path.write_bytes(await exported(family.ann, family.household))
    key.write_text(passphrase + "\n", encoding="utf-8")
    assert await run("import", path) == 1
    assert "backup key" in capsys.readouterr().err
    assert await run("import", path, "--key-file", key) == 0
    async with serving(fresh_database.settings) as client:
        body = {"emailAddress": family.addresses["ann"], "password": PASSWORD}
        assert (await Caller(client).call("POST", "/auth/signin", body)).status == 200
        assert (await moved(family, client)[1].list(PAGE)).values


async def test_what_cannot_be_is_one_line_and_1(
    run: Run, family: Family, fresh_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there, nobody = tmp_path / "there", tmp_path / "nobody.gz"
    there.write_bytes(b"")
    document = opened(await exported(family.ann, family.household))
    nobody.write_bytes(closed({**document, "authAccounts": [], "authSessions": []}))
    homes = [await new_household(fresh_database, name="Twin") for _ in range(2)]
    for arguments, said in (
        (("export", "Nowhere", tmp_path / "x"), "There is no household Nowhere"),
        (("export", "Twin", tmp_path / "x"), homes[0]),
        (("export", homes[0], there), "File exists"),
        (("export", homes[0], tmp_path / "no" / "x"), "No such file"),
        (("import", tmp_path / "x"), "No such file"),
        (("import", there), "not an archive"),
        (("import", there, "--key-file", tmp_path / "x"), "No such file"),
        (("import", nobody), ""),
    ):
        assert await run(*arguments) == 1
        written = capsys.readouterr().err.splitlines()[-1]
        assert written.startswith("homechart-api: ")
        assert said in written
    assert not (tmp_path / "x").exists()
    assert there.read_bytes() == b""


async def test_whoever_runs_the_server_is_believed_who_people_are_elsewhere(
    run: Run,
    family: Family,
    database: Database,
    fresh_database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, linked = tmp_path / "home.gz", {"ann": family.ann.account, "issuer": "https://id.home.test"}
    await database.execute(
        "INSERT INTO auth_identity (auth_account_id, issuer, subject, last_used)"
        " VALUES (%(ann)s, %(issuer)s, %(ann)s, '2023-11-24')",
        linked,
    )
    path.write_bytes(await exported(family.ann, family.household))
    assert await run("import", path) == 0
    found = (
        "SELECT a.email_address, i.issuer, i.subject, i.last_used::date::text"
        " FROM auth_identity i JOIN auth_account a ON a.id = i.auth_account_id"
    )
    assert await fresh_database.fetch(found) == [
        (family.addresses["ann"], "https://id.home.test", family.ann.account, "2023-11-24")
    ]
    await fresh_database.execute("UPDATE auth_account SET email_address = 'a' || email_address")
    assert await run("import", path) == 1
    assert "Somebody in it has an identity elsewhere that another account has here" in capsys.readouterr().err
