"""Signing in with a passkey, and everything that looks like it and is not."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

from homechart_common.postgresql.database import Database
from tests.authenticator import (
    COPIED,
    PRESENT,
    VERIFIED,
    Authenticator,
    Key,
    creation_options,
    elliptic,
    enrol,
    request_options,
    sign_in,
)
from tests.visitors import UNLIMITED_KEY, Letters, SetClock, SignUp, StartAPI, Visitor, new_address

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
NOT_OPEN = "credential: answers no challenge that is open; please try again"
UNKNOWN = "credential: this passkey is not known here"
UNREADABLE = "credential: cannot be read"

#: Changes what an authenticator does.
Twist = Callable[[Authenticator], Any]


def rsa_key() -> Key:
    return rsa.generate_private_key(65537, 2048)


async def enrolled(sign_up: SignUp, **members: Any) -> tuple[Visitor, Authenticator]:
    """Somebody with a passkey."""
    ann, phone = await sign_up(), Authenticator(**members)
    assert (await enrol(ann, phone)).status == 200
    return ann, phone


async def test_any_passkey_of_the_person_will_do(api: Visitor) -> None:
    offered, other = await request_options(api), await request_options(api)
    assert (offered["rpId"], offered["userVerification"]) == ("localhost", "required")
    assert offered["allowCredentials"] == [], "who has an account is told to nobody"
    assert offered["challenge"] != other["challenge"]


@pytest.mark.parametrize(
    "new_key", [elliptic, ed25519.Ed25519PrivateKey.generate, rsa_key], ids=lambda f: f.__name__
)
async def test_a_passkey_opens_a_session(api: Visitor, sign_up: SignUp, new_key: Callable[[], Key]) -> None:
    ann, phone = await enrolled(sign_up, key=new_key())
    for _ in range(2):
        session = (await sign_in(api, phone)).value
        assert session["authAccountID"] == ann.account
        assert (await api.signed_in(session).get(ann.home)).value["id"] == ann.account


async def test_the_session_is_as_one_by_password(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address, phone = new_address(), Authenticator()
    ann = await sign_up(emailAddress=address)
    household = await ann.new_household()
    await enrol(ann, phone)
    body = {
        "credential": phone.get(await request_options(api)),
        "rememberMe": True,
        "permissionsAccount": {"notes": 2},
        "permissionsHouseholds": [{"authHouseholdID": household, "permissions": {"shop": 1}}],
    }
    session = (await api.post("/auth/webauthn", body, User_Agent=BROWSER)).value
    assert (session["name"], session["userAgent"]) == ("Firefox", "firefox")
    assert session["permissionsAccount"]["notes"] == 2
    assert [entry["permissions"]["shop"] for entry in session["permissionsHouseholds"]] == [1]
    created, expires = (datetime.fromisoformat(session[name]) for name in ("created", "expires"))
    assert (expires - created).days == 89 or (expires - created).days == 90
    notice = (await letters(address))[-1]
    assert notice.kind == "sign_in"
    assert "Firefox" in notice.body


async def test_it_stands_for_the_one_time_password(api: Visitor, sign_up: SignUp, database: Database) -> None:
    ann, phone = await enrolled(sign_up)
    locked = "UPDATE auth_account SET totp_secret = 'ABCDEFGH' WHERE id = %(id)s"
    await database.execute(locked, {"id": ann.account})
    assert (await sign_in(api, phone)).status == 200


async def test_passkeys_that_are_copied_do_not_count(api: Visitor, sign_up: SignUp) -> None:
    ann, phone = await enrolled(sign_up, counts=False)
    assert [(await sign_in(api, phone)).status for _ in range(2)] == [200, 200]
    assert (await ann.get(f"{ann.home}/passkeys")).value["backedUp"] is False
    phone.flags |= COPIED
    await sign_in(api, phone)
    assert (await ann.get(f"{ann.home}/passkeys")).value["backedUp"] is True


@pytest.mark.parametrize("count", [0, 3, 7])
async def test_one_that_counted_and_went_back_is_refused_and_noted(
    api: Visitor, sign_up: SignUp, lines: list[str], count: int
) -> None:
    _, phone = await enrolled(sign_up, count=6)
    assert (await sign_in(api, phone)).status == 200
    phone.count, phone.counts = count, False
    answer = await sign_in(api, phone)
    assert answer.status == 400
    assert answer.message.endswith("so there may be a copy of it")
    assert sum("The counter of a passkey went back" in line for line in lines) == 1
    phone.count = 8
    assert (await sign_in(api, phone)).status == 200, "nothing was remembered of what was refused"


async def test_nobody_else_can_make_it_look_copied(api: Visitor, sign_up: SignUp, lines: list[str]) -> None:
    _, phone = await enrolled(sign_up, count=6)
    forged = Authenticator(credential_id=phone.credential_id, handle=phone.handle)
    assert "could not verify" in (await sign_in(api, forged)).message
    assert "went back" not in "".join(lines)


def twist(name: str) -> Twist:
    """What goes wrong, by its name."""
    twists: dict[str, Twist] = {
        "another origin": lambda it: setattr(it, "origin", "https://localhost:3000"),
        "another port": lambda it: setattr(it, "origin", "http://localhost:3001"),
        "an origin that is no text": lambda it: setattr(it, "origin", {"a": 1}),
        "another host": lambda it: setattr(it, "host", "evil.example"),
        "inside another page": lambda it: it.said.update(crossOrigin=True),
        "another ceremony": lambda it: it.said.update(type="webauthn.forget"),
        "another challenge": lambda it: it.said.update(challenge=bytes_to_base64url(b"x" * 32)),
        "no challenge": lambda it: it.said.update(challenge=""),
        "a challenge that is no text": lambda it: it.said.update(challenge=[1]),
        "nobody verified": lambda it: setattr(it, "flags", PRESENT),
        "nobody there": lambda it: setattr(it, "flags", VERIFIED),
        "copied without being able to": lambda it: setattr(it, "flags", PRESENT | VERIFIED | 0x10),
    }  # fmt: skip
    return twists[name]


TWISTS = {
    "another origin": "credential: was not made on a page of http://localhost:3000",
    "another port": "credential: was not made on a page of http://localhost:3000",
    "an origin that is no text": "credential: was not made on a page of http://localhost:3000",
    "another host": "credential: unexpected RP ID hash",
    "inside another page": "credential: was made inside a page of somebody else",
    "another ceremony": "credential: unexpected client data type",
    "another challenge": NOT_OPEN,
    "no challenge": NOT_OPEN,
    "a challenge that is no text": UNREADABLE,
    "nobody verified": "credential: user verification is required",
    "nobody there": "credential: user ",
    "copied without being able to": "credential: single-device credential",
}


@pytest.mark.parametrize("name", TWISTS)
async def test_what_does_not_hold_signs_nobody_in(api: Visitor, sign_up: SignUp, name: str) -> None:
    _, phone = await enrolled(sign_up)
    twist(name)(phone)
    answer = await sign_in(api, phone)
    assert (answer.status, answer.message[: len(TWISTS[name])]) == (400, TWISTS[name])


@pytest.mark.parametrize("name", TWISTS)
async def test_what_does_not_hold_adds_nothing(sign_up: SignUp, name: str) -> None:
    ann, phone = await sign_up(), Authenticator()
    twist(name)(phone)
    answer = await enrol(ann, phone)
    assert (answer.status, answer.message[: len(TWISTS[name])]) == (400, TWISTS[name])
    assert (await ann.get(f"{ann.home}/passkeys")).values == []


async def test_a_signature_is_of_the_key_that_was_added(api: Visitor, sign_up: SignUp) -> None:
    _, phone = await enrolled(sign_up)
    phone.key = elliptic()
    assert (await sign_in(api, phone)).message == "credential: could not verify authentication signature"


async def test_what_was_signed_cannot_be_changed_afterwards(api: Visitor, sign_up: SignUp) -> None:
    _, phone = await enrolled(sign_up)
    credential = phone.get(await request_options(api))
    signed = base64url_to_bytes(credential["response"]["authenticatorData"])
    raised = signed[:-1] + bytes([signed[-1] + 1])
    credential["response"]["authenticatorData"] = bytes_to_base64url(raised)
    answer = await api.post("/auth/webauthn", {"credential": credential})
    assert answer.message == "credential: could not verify authentication signature"


async def test_a_signature_works_once(api: Visitor, sign_up: SignUp) -> None:
    _, phone = await enrolled(sign_up, counts=False)
    body = {"credential": phone.get(await request_options(api))}
    answers = await asyncio.gather(*(api.post("/auth/webauthn", body) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]
    assert {answer.message for answer in answers if answer.status == 400} == {NOT_OPEN}


async def test_a_challenge_is_used_up_by_what_does_not_hold(api: Visitor, sign_up: SignUp) -> None:
    _, phone = await enrolled(sign_up)
    offered, key = await request_options(api), phone.key
    phone.key = elliptic()
    await api.post("/auth/webauthn", {"credential": phone.get(offered)})
    phone.key = key
    assert (await api.post("/auth/webauthn", {"credential": phone.get(offered)})).message == NOT_OPEN


async def test_any_process_takes_the_answer(api: Visitor, sign_up: SignUp, start_api: StartAPI) -> None:
    _, phone = await enrolled(sign_up)
    credential = phone.get(await request_options(await start_api()))
    assert (await api.post("/auth/webauthn", {"credential": credential})).status == 200


async def test_a_challenge_is_open_for_five_minutes(
    api: Visitor, sign_up: SignUp, set_clock: SetClock
) -> None:
    _, phone = await enrolled(sign_up)
    set_clock(2030, 1, 1, 12)
    credential = phone.get(await request_options(api))
    set_clock(2030, 1, 1, 13)
    assert (await api.post("/auth/webauthn", {"credential": credential})).message == NOT_OPEN


async def test_a_challenge_to_add_a_passkey_signs_nobody_in(api: Visitor, sign_up: SignUp) -> None:
    ann, phone = await enrolled(sign_up)
    credential = phone.get(await creation_options(ann))
    assert (await api.post("/auth/webauthn", {"credential": credential})).message == NOT_OPEN


@pytest.mark.parametrize("other", [b"", b"\x00" * 16, "bob"])
async def test_a_passkey_is_for_its_account(api: Visitor, sign_up: SignUp, other: Any) -> None:
    _, phone = await enrolled(sign_up)
    phone.handle = uuid.UUID((await sign_up()).account).bytes if other == "bob" else other
    answer = await sign_in(api, phone)
    assert answer.message == (UNKNOWN if other else "credential: response userHandle must not be empty")


async def test_a_passkey_that_nobody_added_is_not_known(api: Visitor, sign_up: SignUp) -> None:
    ann, _ = await enrolled(sign_up)
    stranger = Authenticator(handle=uuid.UUID(ann.account).bytes)
    assert (await sign_in(api, stranger)).message == UNKNOWN


async def test_trying_is_limited(start_api: StartAPI, sign_up: SignUp) -> None:
    limited = await start_api("app_ratelimiterrate=2-H")
    del limited.headers["x-homechart-ratelimiterkey"]
    for method in ("GET", "POST"):
        answers = [await limited.call(method, "/auth/webauthn", {}) for _ in range(3)]
        assert [answer.status == 429 for answer in answers] == [False, False, True]
    ann = limited.signed_in((await sign_up()).session)
    del ann.headers["x-homechart-ratelimiterkey"]
    for method in ("GET", "PUT"):
        answers = [await ann.call(method, f"{ann.home}/webauthn", {}) for _ in range(3)]
        assert [answer.status == 429 for answer in answers] == [False, False, True]
    assert UNLIMITED_KEY not in limited.headers.values()


async def test_a_statement_by_the_new_key_itself_is_read(api: Visitor, sign_up: SignUp) -> None:
    ann, phone = await sign_up(), Authenticator(states=True)
    assert (await enrol(ann, phone)).status == 200
    assert (await sign_in(api, phone)).status == 200
