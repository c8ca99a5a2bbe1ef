"""What mailed tokens open: verifying an address, and choosing a new password."""

from __future__ import annotations

import uuid
from typing import Any

import pyotp
import pytest

from homechart_common.postgresql.database import Database
from tests.visitors import PASSWORD, Letters, SignUp, StartAPI, Visitor, new_address

NEW_PASSWORD = "another-horse-9"


async def test_the_verification_mail_can_be_sent_again(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    account = (await ann.get("/auth/verify")).value
    assert (account["id"], account["verified"]) == (ann.account, False)
    welcome, again = await letters(address)
    assert again.kind == "verification"
    assert (await api.put(f"/auth/verify?id={ann.account}&token={welcome.token}")).status == 400
    verified = (await api.put(f"/auth/verify?id={ann.account}&token={again.token}")).value
    assert (verified["id"], verified["verified"]) == (ann.account, True)
    assert (await ann.get("/auth/verify")).value["verified"]
    assert [letter.kind for letter in await letters(address)][2:] == ["verified"]


async def test_a_verification_token_works_once(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    (welcome,) = await letters(address)
    path = f"/auth/verify?id={ann.account}&token={welcome.token}"
    assert (await api.put(path)).status == 200
    again = await api.put(path)
    assert (again.status, again.message) == (400, "Item not found")


async def test_only_the_right_token_verifies(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    ann, bob = await sign_up(emailAddress=address), await sign_up()
    (welcome,) = await letters(address)
    for query in (
        "",
        f"?id={ann.account}",
        f"?token={welcome.token}",
        f"?id={bob.account}&token={welcome.token}",
        f"?id={ann.account}&token={uuid.uuid4()}",
        f"?id={ann.account}&token={uuid.UUID(int=0)}",
        f"?id={ann.account}&token=nonsense%00",
        f"?id=x&token={welcome.token}",
    ):
        answer = await api.put(f"/auth/verify{query}")
        assert (answer.status, answer.message) == (400, "Item not found")
    assert (await ann.get(ann.home)).value["verified"] is False


async def test_tokens_and_keys_are_stored_as_hashes(
    sign_up: SignUp, api: Visitor, letters: Letters, database: Database
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    await api.post("/auth/reset", {"emailAddress": address})
    tokens = [letter.token for letter in await letters(address)] + [ann.session["key"]]
    rows = await database.fetch(
        "SELECT to_jsonb(a)::text || to_jsonb(s)::text FROM auth_account a"
        " JOIN auth_session s ON s.auth_account_id = a.id WHERE a.id = %(id)s",
        {"id": ann.account},
    )
    assert len(tokens) == 3
    assert not any(token in row[0] for row in rows for token in tokens)


async def test_a_forgotten_password_is_replaced(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    secret = (await ann.post(f"{ann.home}/totp", {})).value["totpSecret"]
    await ann.put(f"{ann.home}/totp", {"totpSecret": secret, "totpCode": pyotp.TOTP(secret).now()})
    answer = await api.post("/auth/reset", {"emailAddress": address.upper()})
    assert (answer.status, answer.body) == (200, None)
    *_, letter = await letters(address)
    assert (letter.kind, letter.subject) == ("password_reset", "Choose a new password")
    body = {"emailAddress": address, "password": NEW_PASSWORD, "passwordResetToken": letter.token}
    answer = await api.put("/auth/reset", body)
    assert (answer.status, answer.body) == (200, None)
    session = (await api.post("/auth/signin", {"emailAddress": address, "password": NEW_PASSWORD})).value
    account = (await api.signed_in(session).get(ann.home)).value
    assert (account["totpEnabled"], account["verified"]) == (False, True)
    assert (await api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD})).status == 400
    assert "password_changed" in [letter.kind for letter in await letters(address)]
    assert (await api.put("/auth/reset", body)).status == 204, "it works once"


async def test_who_chooses_a_forgotten_password_is_signed_out_everywhere(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address = new_address()
    squatter = await sign_up(emailAddress=address)
    program = squatter.signed_in((await squatter.post("/auth/sessions", {"name": "Program"})).value)
    await api.post("/auth/reset", {"emailAddress": address})
    _, letter = await letters(address)
    body = {"emailAddress": address, "password": NEW_PASSWORD, "passwordResetToken": letter.token}
    assert (await api.put("/auth/reset", {**body, "passwordResetToken": str(uuid.uuid4())})).status == 204
    assert (await squatter.get("/auth/signin")).status == 200
    assert (await api.put("/auth/reset", body)).status == 200
    for session in (squatter, program):
        assert (await session.get("/auth/signin")).status == 410


async def test_whoever_claimed_the_address_first_does_not_keep_the_calendar_feed(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address = new_address()
    claimant = await sign_up(emailAddress=address)
    feeds = [(await claimant.put("/icalendar")).value["icalendarID"]]
    for _ in range(2):
        await api.post("/auth/reset", {"emailAddress": address})
        body = {
            "emailAddress": address,
            "password": NEW_PASSWORD,
            "passwordResetToken": (await letters(address))[-1].token,
        }
        assert (await api.put("/auth/reset", body)).status == 200
        ann = api.signed_in((await api.post("/auth/signin", body)).value)
        feeds.append((await ann.get(ann.home)).value["icalendarID"])
        if feeds[-1] is None:
            feeds.append((await ann.put("/icalendar")).value["icalendarID"])
    assert feeds[1] is None
    assert feeds[0] != feeds[2] == feeds[3]


async def test_a_new_password_voids_links_to_choose_another(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    await api.post("/auth/reset", {"emailAddress": address})
    _, letter = await letters(address)
    assert (await ann.put(ann.home, {"password": NEW_PASSWORD})).status == 200
    body = {"emailAddress": address, "password": PASSWORD, "passwordResetToken": letter.token}
    assert (await api.put("/auth/reset", body)).status == 204


async def test_only_the_newest_token_resets(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    for _ in range(2):
        await api.post("/auth/reset", {"emailAddress": address})
    _, first, second = await letters(address)
    body = {"emailAddress": address, "password": NEW_PASSWORD}
    assert (await api.put("/auth/reset", {**body, "passwordResetToken": first.token})).status == 204
    assert (await api.put("/auth/reset", {**body, "passwordResetToken": second.token})).status == 200


async def test_a_reset_token_is_good_for_an_hour(
    api: Visitor, sign_up: SignUp, letters: Letters, database: Database
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    await api.post("/auth/reset", {"emailAddress": address})
    expires = await database.fetch_value(
        "SELECT password_reset_expires BETWEEN now() + '59 min' AND now() + '61 min'"
        " FROM auth_account WHERE id = %(id)s",
        {"id": ann.account},
    )
    assert expires
    await database.execute(
        "UPDATE auth_account SET password_reset_expires = now() - interval '1 s' WHERE id = %(id)s",
        {"id": ann.account},
    )
    _, letter = await letters(address)
    body = {"emailAddress": address, "password": NEW_PASSWORD, "passwordResetToken": letter.token}
    assert (await api.put("/auth/reset", body)).status == 204


@pytest.mark.parametrize("token", [None, "0d9a8c34-7b1f-4b6c-8f0a-5d3e2c1b0a99", str(uuid.UUID(int=0))])
async def test_a_wrong_token_changes_nothing(api: Visitor, sign_up: SignUp, token: str | None) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    for asked in (False, True):
        if asked:
            await api.post("/auth/reset", {"emailAddress": address})
        body = {"emailAddress": address, "password": NEW_PASSWORD, "passwordResetToken": token}
        assert (await api.put("/auth/reset", body)).status == 204
    assert (await api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD})).status == 200


async def test_the_token_of_one_account_opens_no_other(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address, other = new_address(), new_address()
    await sign_up(emailAddress=address)
    await sign_up(emailAddress=other)
    await api.post("/auth/reset", {"emailAddress": address})
    _, letter = await letters(address)
    body = {"emailAddress": other, "password": NEW_PASSWORD, "passwordResetToken": letter.token}
    assert (await api.put("/auth/reset", body)).status == 204


@pytest.mark.parametrize(
    "members",
    [
        {"emailAddress": ""},
        {"emailAddress": "x"},
        {"password": ""},
        {"password": "short"},
        {"passwordResetToken": "nonsense"},
        {"passwordResetToken": 5},
    ],
    ids=str,
)
async def test_what_is_wrong_is_refused_by_name(api: Visitor, members: dict[str, Any]) -> None:
    body = {"emailAddress": new_address(), "password": NEW_PASSWORD, "passwordResetToken": str(uuid.uuid4())}
    answer = await api.put("/auth/reset", {**body, **members})
    (name,) = members
    assert answer.status == 400
    assert answer.message.startswith(f"{name}: ")


async def test_a_body_without_an_address_is_refused(api: Visitor) -> None:
    for body in ({}, b"{", [], {"emailAddress": None}):
        assert (await api.post("/auth/reset", body)).status == 400


async def test_an_address_without_account_is_answered_alike(api: Visitor, letters: Letters) -> None:
    address = new_address()
    answer = await api.post("/auth/reset", {"emailAddress": address})
    assert (answer.status, answer.body) == (200, None)
    (letter,) = await letters(address)
    assert letter.kind == "password_reset_unknown"


async def test_children_have_no_password_to_reset(api: Visitor, sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    await ann.post(f"/auth/households/{household}/invites", {"child": True})
    child = (await ann.get(f"/auth/households/{household}")).value["members"][1]
    assert (await api.post("/auth/reset", {"emailAddress": child["emailAddress"]})).status == 200
    token = "SELECT password_reset_token FROM auth_account WHERE id = %(id)s"
    assert await database.fetch_value(token, {"id": child["id"]}) is None
    mails = "SELECT count(*) FROM notification WHERE auth_account_id = %(id)s"
    assert await database.fetch_value(mails, {"id": child["id"]}) == 0


async def test_without_a_mail_server_everything_else_works(start_api: StartAPI, database: Database) -> None:
    api = await start_api(mail=False)
    address, before = new_address(), await database.fetch_value("SELECT count(*) FROM notification")
    body = {"emailAddress": address, "password": PASSWORD, "tosAccepted": True}
    ann = api.signed_in((await api.post("/auth/accounts", body)).value)
    assert (await api.post("/auth/signin", body)).status == 200
    assert (await ann.get("/auth/verify")).status == 200
    assert (await api.post("/auth/reset", {"emailAddress": address})).status == 200
    household = await ann.new_household()
    invite = {"emailAddress": new_address()}
    assert (await ann.post(f"/auth/households/{household}/invites", invite)).status == 200
    assert (await ann.put(ann.home, {"emailAddress": new_address()})).status == 200
    assert await database.fetch_value("SELECT count(*) FROM notification") == before
