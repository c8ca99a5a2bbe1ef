"""One-time passwords: turning them on and off, and signing in with them, each code once."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from typing import Any

import pyotp
import pytest
from PIL import Image

from homechart_common.postgresql.database import Database
from tests.visitors import PASSWORD, Letters, SignUp, Visitor, new_address


def code(secret: str, steps: int = 0) -> str:
    """What an authenticator shows, so many steps of 30 seconds from now."""
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


async def enrolled(sign_up: SignUp, address: str) -> tuple[Visitor, str]:
    """Somebody who has turned one-time passwords on, and the secret."""
    ann = await sign_up(emailAddress=address)
    secret = (await ann.post(f"{ann.home}/totp", {})).value["totpSecret"]
    answer = await ann.put(f"{ann.home}/totp", {"totpSecret": secret, "totpCode": code(secret)})
    assert answer.value["totpEnabled"]
    return ann, secret


async def sign_in(api: Visitor, address: str, passcode: str | None) -> Any:
    body = {"emailAddress": address, "password": PASSWORD, "totpCode": passcode}
    return await api.post("/auth/signin", body)


async def test_a_secret_is_offered_and_not_kept(sign_up: SignUp) -> None:
    ann = await sign_up()
    offered = (await ann.post(f"{ann.home}/totp", {})).value
    assert len(offered["totpSecret"]) == 32
    with Image.open(io.BytesIO(base64.b64decode(offered["totpQR"]))) as picture:
        assert (picture.format, picture.size) == ("PNG", (200, 200))
    again = (await ann.post(f"{ann.home}/totp")).value
    assert again["totpSecret"] != offered["totpSecret"]
    assert (await ann.get(ann.home)).value["totpEnabled"] is False


async def test_a_long_address_fits_into_the_picture(sign_up: SignUp) -> None:
    ann = await sign_up(emailAddress="🏠" * 270 + new_address())
    offered = (await ann.post(f"{ann.home}/totp", {})).value
    with Image.open(io.BytesIO(base64.b64decode(offered["totpQR"]))) as picture:
        assert picture.size == (200, 200)


async def test_a_code_shows_that_the_authenticator_works(sign_up: SignUp) -> None:
    ann = await sign_up()
    secret = (await ann.post(f"{ann.home}/totp", {})).value["totpSecret"]
    for wrong in ("", "000000", "abc", code(secret, 100), "٣٣٣٣٣٣"):
        answer = await ann.put(f"{ann.home}/totp", {"totpSecret": secret, "totpCode": wrong})
        assert (answer.status, answer.message) == (400, "Incorrect passcode")
    for secret in ("not base 32!", "1", "=", "ÄÖÜ"):
        answer = await ann.put(f"{ann.home}/totp", {"totpSecret": secret, "totpCode": "000000"})
        assert (answer.status, answer.message) == (400, "Incorrect passcode")


async def test_signing_in_needs_a_code(api: Visitor, sign_up: SignUp) -> None:
    address = new_address()
    _, secret = await enrolled(sign_up, address)
    for wrong in (None, "", "000000", code(secret, 100), "123456\u0660", "1" * 50):
        answer = await sign_in(api, address, wrong)
        assert (answer.status, answer.message) == (400, "Incorrect passcode")
    assert (await sign_in(api, address, code(secret, 1))).status == 200


async def test_a_wrong_password_says_nothing_about_the_code(api: Visitor, sign_up: SignUp) -> None:
    address = new_address()
    _, secret = await enrolled(sign_up, address)
    body = {"emailAddress": address, "password": "wrong-horse-9", "totpCode": code(secret, 1)}
    assert (await api.post("/auth/signin", body)).message == "Incorrect password"


async def test_a_code_works_once(api: Visitor, sign_up: SignUp) -> None:
    address = new_address()
    _, secret = await enrolled(sign_up, address)
    used, following = code(secret), code(secret, 1)
    assert (await sign_in(api, address, used)).message == "Incorrect passcode", "it was used to enrol"
    answers = await asyncio.gather(*(sign_in(api, address, following) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400, 400]


async def test_the_backup_code_is_mailed_shown_and_signs_in(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address = new_address()
    ann, _ = await enrolled(sign_up, address)
    shown = (await ann.get(f"{ann.home}/totp")).value
    assert (shown["id"], shown["emailAddress"], shown["totpSecret"]) == (ann.account, address, "")
    assert len(shown["totpBackup"]) == 6
    *_, letter = await letters(address)
    assert letter.kind == "totp_enabled"
    assert shown["totpBackup"] in letter.body
    assert (await sign_in(api, address, shown["totpBackup"])).status == 200


async def test_an_empty_secret_turns_them_off(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    ann, _ = await enrolled(sign_up, address)
    assert (await ann.put(f"{ann.home}/totp", {"totpCode": "000000"})).status == 204, "nothing was said"
    assert (await ann.put(f"{ann.home}/totp", {"totpSecret": ""})).value["totpEnabled"] is False
    assert (await ann.put(f"{ann.home}/totp", {"totpSecret": ""})).status == 204
    assert [letter.kind for letter in await letters(address)][-1] == "totp_disabled"
    assert (await ann.get(f"{ann.home}/totp")).value["totpBackup"] == ""
    assert (await sign_in(api, address, None)).status == 200


async def test_children_have_no_second_factor(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    await ann.post(f"/auth/households/{household}/invites", {"child": True})
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    child = ann.signed_in((await ann.post("/auth/sessions", {"authAccountID": members[1]["id"]})).value)
    for method in ("GET", "POST", "PUT"):
        assert (await child.call(method, f"{child.home}/totp", {"totpSecret": "", "x": 1})).status == 204


@pytest.mark.parametrize("members", [{"totpSecret": "A" * 51}, {"totpSecret": 5}, {"totpSecret": "a\u0000"}])
async def test_what_is_wrong_is_refused_by_name(sign_up: SignUp, members: dict[str, Any]) -> None:
    ann = await sign_up()
    answer = await ann.put(f"{ann.home}/totp", members)
    assert (answer.status, answer.message.split(":")[0]) == (400, "totpSecret")


async def test_the_secret_is_kept_by_the_account_alone(sign_up: SignUp, database: Database) -> None:
    address = new_address()
    ann, secret = await enrolled(sign_up, address)
    stored = "SELECT totp_secret FROM auth_account WHERE id = %(id)s"
    assert await database.fetch_value(stored, {"id": ann.account}) == secret
    await ann.put(ann.home, {"totpSecret": "", "totpEnabled": False, "totpBackup": ""})
    assert await database.fetch_value(stored, {"id": ann.account}) == secret
