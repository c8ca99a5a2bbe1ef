"""An archive knows who its people are elsewhere, and is not believed it over the API."""

from __future__ import annotations

import uuid

from homechart_common.postgresql.database import Database
from tests.archives import (
    address_of,
    bring,
    closed,
    exported,
    import_,
    new_family,
    new_home,
    opened,
)
from tests.callers import Client
from tests.factories import new_account


async def identities(database: Database) -> dict[str, tuple[str, str]]:
    """The address of the account, and that at the provider, by what the provider calls somebody."""
    found = await database.fetch(
        "SELECT i.subject, a.email_address, i.email_address"
        " FROM auth_identity i JOIN auth_account a ON a.id = i.auth_account_id"
    )
    return {subject: (account, address) for subject, account, address in found}


async def new_identity(database: Database, account: str) -> str:
    """Link somebody that a provider knows; what it calls them."""
    subject = uuid.uuid4().hex
    await database.execute(
        "INSERT INTO auth_identity (auth_account_id, issuer, subject, email_address)"
        " VALUES (%(account)s, 'https://id.home.test', %(subject)s, 'ann@id.home.test')",
        {"account": account, "subject": subject},
    )
    return subject


async def test_an_archive_is_not_believed_who_somebody_is_elsewhere(
    database: Database, served: Client, elsewhere: Client, fresh_database: Database
) -> None:
    family = await new_family(database, served)
    subject = await new_identity(database, family.ann.account)
    archive = await exported(family.ann, family.household)
    assert [identity["subject"] for identity in opened(archive)["authIdentities"]] == [subject]
    await bring(fresh_database, elsewhere, archive)
    assert await identities(fresh_database) == {}


async def test_who_replaces_their_account_keeps_who_they_are_elsewhere(
    database: Database, served: Client
) -> None:
    caller, household = await new_home(database, served)
    before = await exported(caller, household)
    address = await address_of(database, caller.account)
    subject = await new_identity(database, caller.account)
    other = await new_identity(database, await new_account(database))
    document = opened(before)
    document["authIdentities"] = [
        {
            "id": str(uuid.uuid4()),
            "authAccountID": document["authAccounts"][0]["id"],
            "issuer": "https://id.home.test",
            "subject": claimed,
            "emailAddress": "x@id.home.test",
            "created": "2026-11-24T00:00:00Z",
            "lastUsed": "2026-11-24T00:00:00Z",
        }
        for claimed in (other, uuid.uuid4().hex)
    ]
    assert (await import_(caller, household, closed(document))).status == 200
    known = await identities(database)
    assert [name for name, (account, _) in known.items() if account == address] == [subject]
    assert known[subject] == (address, "ann@id.home.test")
    assert known[other][0] != address
