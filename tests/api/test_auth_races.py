"""What two requests do at the same time ends as if one had come after the other.

One is played by a transaction that is under way when the other, which has been read already, comes to write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.authenticator import Authenticator, enrol, sign_in
from tests.callers import Answer
from tests.factories import EDIT, join
from tests.visitors import PASSWORD, SignUp, Visitor, new_address

#: Sends a request while a transaction is under way that it will wait for, and answers what came back.
Overtaken = Callable[..., Awaitable[Answer]]

_WAITING = """SELECT EXISTS (SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock')"""


@pytest.fixture
def overtaken(database: Database, until: Callable[..., Awaitable[None]]) -> Overtaken:
    """``answer = await overtaken(ann.put(...), "UPDATE ...", id=...)``: the statement's effect comes first."""

    async def send(request: Coroutine[Any, Any, Answer], statement: str, **parameters: str) -> Answer:
        async with database.transaction() as connection:
            await connection.execute(statement, parameters)
            sent = asyncio.create_task(request)
            await until(lambda: database.fetch_value(_WAITING))
        return await sent

    return send


async def test_a_password_that_is_replaced_meanwhile_does_not_sign_in(
    api: Visitor, sign_up: SignUp, overtaken: Overtaken
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    answer = await overtaken(
        api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD}),
        "UPDATE auth_account SET password_hash = 'another' WHERE id = %(id)s",
        id=ann.account,
    )
    assert (answer.status, answer.message) == (400, "Incorrect password")


async def test_a_second_factor_that_is_turned_on_meanwhile_is_asked_for(
    api: Visitor, sign_up: SignUp, overtaken: Overtaken
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    answer = await overtaken(
        api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD}),
        "UPDATE auth_account SET totp_secret = 'ABCDEFGH' WHERE id = %(id)s",
        id=ann.account,
    )
    assert (answer.status, answer.message) == (400, "Incorrect passcode")


async def test_an_account_that_is_deleted_meanwhile_does_not_exist(
    api: Visitor, sign_up: SignUp, overtaken: Overtaken
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    answer = await overtaken(
        api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD}),
        "DELETE FROM auth_account WHERE id = %(id)s",
        id=ann.account,
    )
    assert (answer.status, answer.message) == (400, "Account does not exist")


async def test_an_address_that_is_given_up_meanwhile_gets_no_link(
    api: Visitor, sign_up: SignUp, database: Database, overtaken: Overtaken
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    answer = await overtaken(
        api.post("/auth/reset", {"emailAddress": address}),
        "UPDATE auth_account SET email_address = %(new)s WHERE id = %(id)s",
        new=new_address(),
        id=ann.account,
    )
    assert answer.status == 200
    token = "SELECT password_reset_token FROM auth_account WHERE id = %(id)s"
    assert await database.fetch_value(token, {"id": ann.account}) is None


async def test_a_session_that_ends_meanwhile_leaves_no_other_behind(
    sign_up: SignUp, database: Database, overtaken: Overtaken
) -> None:
    ann = await sign_up()
    answer = await overtaken(
        ann.post("/auth/sessions", {"name": "Program"}),
        "DELETE FROM auth_session WHERE auth_account_id = %(account)s",
        account=ann.account,
    )
    assert answer.status == 410
    assert await sessions_of(database, ann) == 0


async def test_signing_out_everywhere_ends_sessions_that_are_being_made(
    sign_up: SignUp, database: Database, overtaken: Overtaken
) -> None:
    ann = await sign_up()
    answer = await overtaken(
        ann.remove("/auth/sessions"),
        "INSERT INTO auth_session (auth_account_id, key_hash, expires)"
        " VALUES (%(account)s, uuid_send(gen_random_uuid()), now() + interval '1 hour')",
        account=ann.account,
    )
    assert answer.status == 200
    assert await sessions_of(database, ann) == 0


async def test_permissions_that_are_lowered_meanwhile_are_not_raised_again(
    sign_up: SignUp, overtaken: Overtaken
) -> None:
    ann = await sign_up()
    answer = await overtaken(
        ann.put(f"/auth/sessions/{ann.session['id']}", {"permissionsAccount": {"shop": 1}}),
        "UPDATE auth_session SET permissions_account = '{\"plan\": 2}' WHERE id = %(id)s",
        id=ann.session["id"],
    )
    assert answer.status == 403
    assert (await ann.get("/auth/signin")).value["permissionsAccount"] == {**EDIT, "plan": 2}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_who_loses_a_household_meanwhile_does_not_get_it_back(
    sign_up: SignUp, database: Database, overtaken: Overtaken, method: str
) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    await join(database, household, bob.account)
    target = {"PUT": bob, "DELETE": ann}[method]
    path = f"/auth/households/{household}/members/{target.account}"
    answer = await overtaken(
        bob.call(method, path, {"permissions": EDIT}),
        """UPDATE auth_account_auth_household SET permissions = '{"auth": 1}' WHERE auth_account_id = %(bob)s""",
        bob=bob.account,
    )
    assert answer.status == 403
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    assert [member["permissions"]["auth"] for member in members] == [0, 1]


async def test_a_passkey_that_goes_meanwhile_does_not_sign_in(
    api: Visitor, sign_up: SignUp, overtaken: Overtaken
) -> None:
    ann, phone = await sign_up(), Authenticator()
    await enrol(ann, phone)
    answer = await overtaken(
        sign_in(api, phone),
        "WITH gone AS (DELETE FROM auth_passkey WHERE auth_account_id = %(id)s)"
        " UPDATE auth_account SET password_hash = 'another' WHERE id = %(id)s",
        id=ann.account,
    )
    assert (answer.status, answer.message) == (400, "credential: this passkey is not known here")


async def test_a_session_that_is_lowered_meanwhile_adds_no_passkey(
    sign_up: SignUp, database: Database, overtaken: Overtaken
) -> None:
    ann = await sign_up()
    answer = await overtaken(
        enrol(ann, Authenticator()),
        "WITH lowered AS (UPDATE auth_session SET permissions_account = '{\"auth\": 1}' WHERE id = %(id)s)"
        " UPDATE auth_account SET password_hash = 'another' WHERE id = %(account)s",
        id=ann.session["id"],
        account=ann.account,
    )
    assert answer.status == 403
    kept = "SELECT count(*) FROM auth_passkey WHERE auth_account_id = %(account)s"
    assert await database.fetch_value(kept, {"account": ann.account}) == 0


async def test_a_session_that_is_lowered_meanwhile_takes_no_identity_away(
    sign_up: SignUp, database: Database, overtaken: Overtaken
) -> None:
    ann = await sign_up()
    await database.execute(
        "INSERT INTO auth_identity (auth_account_id, issuer, subject) VALUES (%(id)s, 'https://id.test', %(id)s)",
        {"id": ann.account},
    )
    identity = (await ann.get(f"{ann.home}/identities")).value["id"]
    answer = await overtaken(
        ann.remove(f"{ann.home}/identities/{identity}"),
        "WITH lowered AS (UPDATE auth_session SET permissions_account = '{\"auth\": 1}' WHERE id = %(id)s)"
        " UPDATE auth_account SET password_hash = 'another' WHERE id = %(account)s",
        id=ann.session["id"],
        account=ann.account,
    )
    assert answer.status == 403
    kept = "SELECT count(*) FROM auth_identity WHERE auth_account_id = %(account)s"
    assert await database.fetch_value(kept, {"account": ann.account}) == 1


async def sessions_of(database: Database, visitor: Visitor) -> int:
    count = "SELECT count(*) FROM auth_session WHERE auth_account_id = %(account)s"
    return int(await database.fetch_value(count, {"account": visitor.account}))
