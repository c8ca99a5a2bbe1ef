"""Nonsense in the place of a passkey: always refused, and by the name of what is wrong."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from cbor2 import CBORTag
from webauthn.helpers import bytes_to_base64url, encode_cbor

from homechart_api.app import MOST_BODY_BYTES
from homechart_common.postgresql.database import Database
from tests.authenticator import (
    Authenticator,
    creation_options,
    enrol,
    hand_over,
    public_key,
    request_options,
    sign_in,
)
from tests.callers import Answer
from tests.visitors import SignUp, Visitor

STATEMENTS: dict[str, dict[str, Any]] = {
    "of another key": {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"not its signature"}},
    "with certificates": {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"sig", "x5c": [b"certificate"]}},
    "of another kind": {"fmt": "fido-u2f", "attStmt": {"sig": b"sig", "x5c": [b"certificate"]}},
    "none and yet one": {"fmt": "none", "attStmt": {"sig": b"sig"}},
    "a number": {"fmt": "none", "attStmt": 5},
    "of a number": {"fmt": 5, "attStmt": {}},
}
_HALF = b"\x01" * 32
KEYS: dict[str, Any] = {
    "no members": {},
    "a list": [],
    "a number": 4,
    "not on the curve": {1: 2, 3: -7, -1: 1, -2: _HALF, -3: _HALF},
    "unknown curve": {1: 2, 3: -7, -1: 99, -2: _HALF, -3: _HALF},
    "empty": {1: 2, 3: -7, -1: 1, -2: b"", -3: b""},
    "too short": {1: 1, 3: -8, -1: 6, -2: b"short"},
    "no modulus": {1: 3, 3: -257, -1: b"", -2: b"\x01"},
    "huge": {1: 3, 3: -257, -1: b"\xff" * 5000, -2: b"\x01\x00\x01"},
    "unknown kind": {1: 9, 3: -7},
    "unknown algorithm": {1: 2, 3: -65535},
}


async def enrolled(sign_up: SignUp) -> tuple[Visitor, Authenticator]:
    """Somebody with a passkey."""
    ann, phone = await sign_up(), Authenticator()
    assert (await enrol(ann, phone)).status == 200
    return ann, phone


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_statement_that_does_not_hold_is_refused(sign_up: SignUp, name: str) -> None:
    ann, phone = await sign_up(), Authenticator()
    answer = await hand_over(ann, phone.create(await creation_options(ann), **STATEMENTS[name]))
    assert (answer.status, answer.message.partition(":")[0]) == (400, "credential")


@pytest.mark.parametrize("name", KEYS)
async def test_what_is_no_key_is_refused(sign_up: SignUp, name: str) -> None:
    ann, phone = await sign_up(), Authenticator()
    made = phone.made(encode_cbor(KEYS[name]))
    answer = await hand_over(ann, phone.create(await creation_options(ann), authData=made))
    assert (answer.status, answer.message.partition(":")[0]) == (400, "credential")


@pytest.mark.parametrize(
    "text",
    [b"\x00", b"\xa0", b"\xff", b"\x80" * 5000, b"\x81" * 5000, b"\x9b" + b"\xff" * 8],
    ids=["zero", "no members", "break", "lists", "deep", "endless"],
)
async def test_what_is_no_attestation_is_refused(sign_up: SignUp, text: bytes) -> None:
    ann, phone = await sign_up(), Authenticator()
    credential = phone.create(await creation_options(ann))
    outside = changed(credential, "response.attestationObject", bytes_to_base64url(text))
    answer = await hand_over(ann, outside)
    assert (answer.status, answer.message.partition(":")[0]) == (400, "credential")
    inside = phone.create(await creation_options(ann), authData=phone.made(text))
    answer = await hand_over(ann, inside)
    assert (answer.status, answer.message.partition(":")[0]) == (400, "credential")


async def test_extensions_that_were_not_asked_for_do_no_harm(api: Visitor, sign_up: SignUp) -> None:
    more = encode_cbor({"credProtect": 3, "hmac-secret": b"\x01" * 32})
    ann, phone = await sign_up(), Authenticator(more=more)
    assert (await enrol(ann, phone)).status == 200
    assert (await sign_in(api, phone)).status == 200


async def test_what_grows_when_it_is_read_is_refused(api: Visitor, sign_up: SignUp) -> None:
    """Only a little of it here: it would be let in if it were read."""
    shared = CBORTag(28, [0] * 20)
    laughter = encode_cbor([shared, CBORTag(29, 0), CBORTag(29, 0)])
    ann, phone = await sign_up(), Authenticator(more=laughter)
    assert (await enrol(ann, phone)).message == "credential: cannot be read"
    phone.more = b""
    statement = {"more": [shared, CBORTag(29, 0)]}
    credential = phone.create(await creation_options(ann), attStmt=statement)
    assert (await hand_over(ann, credential)).message == "credential: cannot be read"
    await enrol(ann, phone)
    phone.more = laughter
    assert (await sign_in(api, phone)).message == "credential: cannot be read"


def changed(credential: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A credential with another value at a path."""
    *above, last = path.split(".")
    copy = json.loads(json.dumps(credential))
    inner = copy
    for name in above:
        inner = inner[name]
    inner[last] = value
    return dict(copy)


MEMBERS = ["id", "response", "response.clientDataJSON"]
ASSERTION = [*MEMBERS, "response.authenticatorData", "response.signature", "response.userHandle"]
ATTESTATION = [*MEMBERS, "response.attestationObject"]
NONSENSE = [None, 5, [], {}, "", "\u0000", "not base64!", "A", "ÄÖ", "=" * 4, "A" * 30_000, True]


def is_refused(answer: Answer, name: str) -> bool:
    """Whether it was, with the name of what is wrong."""
    said = answer.message
    return answer.status == 400 and said.startswith("credential: ") and name in said


@pytest.mark.parametrize("path", ASSERTION)
async def test_nonsense_in_a_signature_is_refused_by_name(api: Visitor, sign_up: SignUp, path: str) -> None:
    _, phone = await enrolled(sign_up)
    credential = phone.get(await request_options(api))
    for value in NONSENSE:
        answer = await api.post("/auth/webauthn", {"credential": changed(credential, path, value)})
        name = "" if path == "response" else path.rpartition(".")[2]
        assert is_refused(answer, name), (value, answer)
    assert (await api.post("/auth/webauthn", {"credential": credential})).status == 200


@pytest.mark.parametrize("path", ATTESTATION)
async def test_nonsense_in_an_attestation_is_refused_by_name(sign_up: SignUp, path: str) -> None:
    ann, phone = await sign_up(), Authenticator()
    credential = phone.create(await creation_options(ann))
    for value in NONSENSE:
        answer = await hand_over(ann, changed(credential, path, value))
        name = "" if path == "response" else path.rpartition(".")[2]
        assert is_refused(answer, name), (value, answer)
    assert (await hand_over(ann, credential)).status == 200


@pytest.mark.parametrize("said", [b"", b"null", b"[]", b"{}", b'{"challenge":', b"[" * 4000, b"\xff\xfe"])
async def test_what_a_browser_would_not_say_is_refused(api: Visitor, sign_up: SignUp, said: bytes) -> None:
    ann, phone = await enrolled(sign_up)
    text = bytes_to_base64url(said)
    signed = changed(phone.get(await request_options(api)), "response.clientDataJSON", text)
    made = changed(phone.create(await creation_options(ann)), "response.clientDataJSON", text)
    for answer in (await api.post("/auth/webauthn", {"credential": signed}), await hand_over(ann, made)):
        assert (answer.status, answer.message.partition(":")[0]) == (400, "credential")


@pytest.mark.parametrize(
    "body", [{}, {"credential": None}, {"credential": 5}, {"credential": []}, {"credential": {}}]
)
async def test_what_is_missing_is_named(api: Visitor, sign_up: SignUp, body: dict[str, Any]) -> None:
    ann = await sign_up()
    for answer in (
        await api.post("/auth/webauthn", body),
        await ann.put(f"{ann.home}/webauthn", {"name": "Phone", **body}),
    ):
        assert (answer.status, answer.message[:10]) == (400, "credential")
    credential = Authenticator().create(await creation_options(ann))
    for name in (None, "", 5, "x" * 201):
        answer = await hand_over(ann, credential, name)
        assert (answer.status, answer.message.partition(":")[0]) == (400, "name")


async def test_large_bodies_are_refused(api: Visitor) -> None:
    body = json.dumps({"credential": {"id": "A" * MOST_BODY_BYTES}}).encode()
    assert (await api.post("/auth/webauthn", BytesIO(body))).status == 413


async def test_public_keys_are_as_they_were_made(sign_up: SignUp, database: Database) -> None:
    ann, phone = await enrolled(sign_up)
    stored = await database.fetch_value(
        "SELECT public_key FROM auth_passkey WHERE auth_account_id = %(id)s", {"id": ann.account}
    )
    assert bytes(stored) == encode_cbor(public_key(phone.key))
