"""What goes to push services, as the standards say it."""

from __future__ import annotations

from datetime import UTC, datetime

import http_ece
import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from homechart_common.notify.base64url import decoded, encoded
from homechart_common.notify.encryption import MOST_BYTES, RECORD_BYTES, encrypted
from homechart_common.notify.vapid import KeyPair, point
from homechart_common.notify.webpush import ON_OTHERS, Actions, document

#: RFC 8291, appendix A.
MESSAGE = b"When I grow up, I want to be a watermelon"
SECRET = decoded("BTBZMqHH6r4Tts7J_aSIgg")
RECEIVER = decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
SENDER = decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
SALT = decoded("DGv6ra1nlYgDCS1FRnbzlw")
ENCRYPTED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
    "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out() -> None:
    sender = ec.derive_private_key(int.from_bytes(SENDER), ec.SECP256R1())
    made = encrypted(MESSAGE, RECEIVER, SECRET, length=len(MESSAGE), salt=SALT, sender=sender)
    assert encoded(made) == ENCRYPTED


@pytest.mark.parametrize("length", [0, 1, 100, MOST_BYTES])
def test_every_message_is_as_long_and_never_the_same(length: int) -> None:
    browser = ec.generate_private_key(ec.SECP256R1())
    made = [encrypted(b"x" * length, point(browser.public_key()), SECRET) for _ in range(2)]
    assert {len(body) for body in made} == {RECORD_BYTES}
    assert made[0][:16] != made[1][:16]
    assert made[0][21:86] != made[1][21:86]
    for body in made:
        read = http_ece.decrypt(body, private_key=browser, auth_secret=SECRET, version="aes128gcm")
        assert read == b"x" * length


def test_a_message_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at most {MOST_BYTES} bytes"):
        encrypted(b"x" * (MOST_BYTES + 1), RECEIVER, SECRET)


@pytest.mark.parametrize("key", [b"", b"abc", b"\x04" + bytes(64), RECEIVER[:-1]], ids=len)
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=r"point|key|empty"):
        encrypted(MESSAGE, key, SECRET)


@pytest.mark.parametrize("text", ["-_8", "-_8=", "+/8=", "+/8"])
def test_keys_are_understood_as_browsers_spell_them(text: str) -> None:
    assert decoded(text) == b"\xfb\xff"


@pytest.mark.parametrize("text", ["ab cd", "a", "ä", "ab\n"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|string|ASCII|characters|padding"):
        decoded(text)


def test_who_sends_is_signed() -> None:
    pair = KeyPair.generated()
    now = datetime(2026, 11, 24, tzinfo=UTC)
    header = pair.authorization("https://push.test", "https://house.test", now)
    assert header.startswith("vapid t=")
    token, key = header.removeprefix("vapid t=").split(", k=")
    assert key == pair.public_key
    *signed, signature = token.split(".")
    assert [orjson.loads(decoded(part)) for part in signed] == [
        {"typ": "JWT", "alg": "ES256"},
        {
            "aud": "https://push.test",
            "exp": datetime(2026, 11, 24, 5, tzinfo=UTC).timestamp(),
            "sub": "https://house.test",
        },
    ]
    numbers = decoded(signature)
    halves = (int.from_bytes(numbers[:32]), int.from_bytes(numbers[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    public.verify(encode_dss_signature(*halves), ".".join(signed).encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(encode_dss_signature(*halves), b"something else", ec.ECDSA(SHA256()))


def test_a_pair_is_found_again_by_its_private_key() -> None:
    pair = KeyPair.generated()
    assert KeyPair.of(pair.private_key) == pair
    assert pair.private_key not in repr(pair)
    assert (len(pair.private_key), len(pair.public_key)) == (43, 87)
    assert KeyPair.generated() != pair


@given(st.text(), st.text())
def test_what_fits_is_said_as_it_is(subject: str, body: str) -> None:
    actions = Actions("/calendar", "x", "calendar_event", ON_OTHERS).to_json()
    assert orjson.loads(document(subject, body, actions)) == {
        "subject": subject,
        "body": body,
        "actions": {"default": "/calendar", "target": "x", "targetType": "calendar_event", "types": [0]},
    }


@pytest.mark.parametrize("letter", ["a", "ä", '"', "\n", "\0", "😀", 'ä"😀'])
@pytest.mark.parametrize(("subject", "body"), [(10, 4000), (1000, 4000), (4000, 0), (4000, 4000)])
def test_what_does_not_fit_is_shortened_from_its_end(letter: str, subject: int, body: int) -> None:
    texts = {"subject": letter * subject, "body": letter * body}
    made = document(**texts, actions=Actions().to_json())
    assert len(made) <= MOST_BYTES
    said = orjson.loads(made)
    for name, text in texts.items():
        assert said[name] in ("", text) or said[name].endswith("…")
        assert text.startswith(said[name].removesuffix("…"))
    assert said["subject"], "the body is left out before it"
