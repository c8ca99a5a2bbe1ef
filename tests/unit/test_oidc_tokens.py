"""Keys and tokens of providers: what is believed, whatever comes."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from homechart_common.oidc.tokens import ALGORITHMS, check_claims, read_claims, read_keys
from homechart_common.oidc.transport import ProviderError
from tests.openid_provider import new_key

RSA, EC = new_key("rsa"), new_key("ec", ECKey)
SECRET = {"kty": "oct", "kid": "secret", "k": base64.urlsafe_b64encode(b"x" * 32).decode()}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def joined(parts: list[bytes]) -> str:
    """What looks like a token, with these parts."""
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def public(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


@pytest.mark.filterwarnings("ignore:Key size")
def test_keys_that_could_verify_are_taken_and_others_passed_over() -> None:
    weak = RSAKey.generate_key(1024, {"kid": "weak"})
    locked = {**RSA.as_dict(private=False), "kid": "locked", "use": "enc"}
    newer = {"kty": "ML-DSA", "kid": "newer"}
    broken = {**EC.as_dict(private=False), "kid": "broken", "x": "!"}
    document = {
        "keys": [SECRET, weak.as_dict(private=False), locked, newer, broken, 5, *public(RSA, EC)["keys"]]
    }
    assert [key.kid for key in read_keys(document)] == ["rsa", "ec"]


def test_the_secret_half_of_a_key_is_no_reason_to_refuse_it() -> None:
    assert [key.kid for key in read_keys({"keys": [RSA.as_dict(private=True)]})] == ["rsa"]


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [(name, RSA) for name in ALGORITHMS if name[:2] in ("RS", "PS")]
    + [("ES256", EC), ("ES384", ECKey.generate_key("P-384")), ("ES512", ECKey.generate_key("P-521"))]
    + [(name, OKPKey.generate_key("Ed25519")) for name in ("Ed25519", "EdDSA")],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_every_way_to_sign_is_understood(algorithm: str, key: Any) -> None:
    token = jwt.encode({"alg": algorithm}, {"sub": "jane"}, key, [algorithm])
    assert read_claims(token, read_keys(public(key))) == {"sub": "jane"}


@pytest.mark.parametrize("name", ["none", "HS256", "HS384", "HS512", "ES256K"])
def test_no_other_way_to_sign_is(name: str) -> None:
    assert name not in ALGORITHMS


@given(st.text(max_size=200) | st.lists(st.binary(max_size=60), min_size=1, max_size=5).map(joined))
def test_whatever_is_sent_as_a_token_is_refused(text: str) -> None:
    with pytest.raises(ProviderError):
        read_claims(text, KeySet([RSA, EC]))


@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce"]), JSON))
def test_whatever_a_token_says_is_refused_unless_it_says_all_that_it_must(claims: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        check_claims(claims, ["https://id.home.test"], "home")


@given(JSON)
def test_whatever_is_sent_as_keys_is_refused(value: Any) -> None:
    with pytest.raises(ProviderError):
        read_keys({"keys": value})


@given(
    st.dictionaries(
        st.sampled_from(["kty", "n", "e", "x", "y", "crv", "use", "alg", "d", "key_ops", "kid"]),
        JSON | st.sampled_from(["RSA", "EC", "OKP", "P-256", "AQAB"]),
    )
)
def test_whatever_is_said_of_a_key_is_passed_over(said: dict[str, Any]) -> None:
    assert [key.kid for key in read_keys({"keys": [said, *public(RSA)["keys"]]})] == ["rsa"]
