"""Invitations do not let anybody take over a person, or a household."""

from __future__ import annotations

import uuid
from typing import Any

from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.factories import leave, new_account, new_session
from tests.security.everybody import Everybody

NIL = str(uuid.UUID(int=0))


async def members_of(caller: Caller, household: str) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = (await caller.call("GET", f"/auth/households/{household}")).value[
        "members"
    ]
    return members


async def address_of(database: Database, account: str) -> str:
    found = "SELECT email_address FROM auth_account WHERE id = %(id)s"
    return str(await database.fetch_value(found, {"id": account}))


async def test_a_child_is_not_drawn_into_a_household_by_its_address(
    database: Database, everybody: Everybody
) -> None:
    cast = everybody.cast
    await cast.ann.call("POST", f"/auth/households/{cast.home}/invites", {"child": True, "name": "Leo"})
    child = (await members_of(cast.ann, cast.home))[-1]
    await leave(database, cast.home, child["id"])
    invite = {"emailAddress": child["emailAddress"], "permissions": {}}
    assert (await cast.cat.call("POST", f"/auth/households/{cast.away}/invites", invite)).status == 200
    invited = (await members_of(cast.cat, cast.away))[-1]
    assert (invited["id"], invited["name"], invited["child"]) == (NIL, "", False)
    assert (await cast.cat.call("POST", "/auth/sessions", {"authAccountID": child["id"]})).status == 403
    await cast.cat.call("DELETE", f"/auth/households/{cast.away}/invites/{invited['inviteToken']}")


async def test_an_invitation_becomes_the_primary_household_when_it_is_accepted(
    database: Database, everybody: Everybody
) -> None:
    cast, account = everybody.cast, await new_account(database)
    guest = Caller(cast.ann.client, account, (await new_session(database, account)).headers)
    invite = {"emailAddress": await address_of(database, account)}
    assert (await cast.cat.call("POST", f"/auth/households/{cast.away}/invites", invite)).status == 200
    (invited,) = (m for m in await members_of(cast.cat, cast.away) if m["id"] == account)
    own = f"/auth/accounts/{account}"
    assert (await guest.call("GET", own)).value["primaryAuthHouseholdID"] is None
    await guest.call("GET", f"/auth/households/{NIL}/invites/{invited['inviteToken']}")
    assert (await guest.call("GET", own)).value["primaryAuthHouseholdID"] == cast.away
    await leave(database, cast.away, account)


async def test_who_may_only_view_cannot_join_again_as_somebody_who_may_do_everything(
    everybody: Everybody, database: Database
) -> None:
    cast, second = everybody.cast, await new_account(database)
    accomplice = Caller(cast.ann.client, second, (await new_session(database, second)).headers)
    invite = {"emailAddress": f"{uuid.uuid4().hex}@example.com"}
    assert (await cast.ann.call("POST", f"/auth/households/{cast.home}/invites", invite)).status == 200
    for member in await members_of(cast.vic, cast.home):
        if member["inviteToken"]:
            path = f"/auth/households/{cast.home}/invites/{member['inviteToken']}"
            assert (await cast.vic.call("DELETE", path)).status == 204
            assert (await accomplice.call("GET", path)).status == 204
    assert (await accomplice.call("GET", f"/auth/households/{cast.home}")).status == 403
    (token,) = (m["inviteToken"] for m in await members_of(cast.ann, cast.home) if m["inviteToken"])
    await cast.ann.call("DELETE", f"/auth/households/{cast.home}/invites/{token}")
