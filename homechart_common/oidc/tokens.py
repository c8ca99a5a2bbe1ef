"""What a provider says of a person, once it is certain that it is the provider who says it, to us, now."""

from __future__ import annotations

import hmac
import warnings
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from homechart_common import clock
from homechart_common.oidc.transport import ProviderError

#: How tokens may be signed: with keys of which everybody may know the public half. ``none`` is nobody's signature,
#: and with HMAC a public key would do as the secret.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
#: Seconds by which the provider's clock may differ from ours.
LEEWAY = 60

_KINDS: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_MOST_KEYS = 100
_MOST_SUBJECT = 255
_SMALLEST_RSA_BITS = 2048


class UnknownKey(ProviderError):
    """A token was signed with a key that is not among those that are known."""


class _Registry(JWSRegistry):
    """Header members that are not known are ignored (RFC 7515 section 4); some providers have certificates there."""

    max_header_length = 8192

    def get_alg(self, name: str) -> Any:
        with warnings.catch_warnings():
            # EdDSA has a new name, and providers go on to use the old one
            warnings.simplefilter("ignore", SecurityWarning)
            return super().get_alg(name)


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


def read_keys(document: dict[str, Any]) -> KeySet:
    """The keys of a JWK set that can verify signatures. Raises :class:`ProviderError` if there are none."""
    given = document.get("keys")
    found = [] if not isinstance(given, list) else [key for said in given[:_MOST_KEYS] if (key := _key(said))]
    if not found:
        raise ProviderError("there is no key that could verify a signature")
    return KeySet(found)


def _key(said: Any) -> Key | None:
    """A public key; ``None`` for a secret, a weak one, one for something else, or what is none."""
    kind = _KINDS.get(str(said.get("kty"))) if isinstance(said, dict) else None
    if kind is None or said.get("use", "sig") != "sig":
        return None
    with suppress(JoseError, ValueError, TypeError, KeyError, OverflowError):
        key = kind.import_key(said)
        if not isinstance(key, RSAKey) or key.public_key.key_size >= _SMALLEST_RSA_BITS:
            return key
    return None


def read_claims(token: str, keys: KeySet) -> dict[str, Any]:
    """What a signed token says. Raises :class:`UnknownKey` or another :class:`ProviderError`."""
    try:
        return jwt.decode(token, keys, registry=_REGISTRY).claims
    except InvalidKeyIdError as error:
        raise UnknownKey(f"the token's key is not known: {error}") from None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProviderError(f"the token is not valid: {error!r}") from None


def check_claims(claims: dict[str, Any], issuers: Collection[str], client_id: str) -> None:
    """Refuse a token that another provider made, or for somebody else, or that is over (OpenID Connect 3.1.3.7).

    Whether it answers our question is for the caller to check, by its nonce.
    """
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(clock.now().timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "values": list(issuers)},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    )
    try:
        registry.validate(claims)
    except (JoseError, TypeError, ValueError) as error:
        raise ProviderError(f"the token is not for us, or not now: {error}") from None
    audience, party = claims["aud"], claims.get("azp")
    if party != client_id and (party is not None or (isinstance(audience, list) and len(audience) > 1)):
        raise ProviderError("the token was made for another client")
    if not isinstance(claims["nonce"], str) or not 0 < len(claims["sub"]) <= _MOST_SUBJECT:
        raise ProviderError("the token does not say whom it is about, or why")


def same(one: str, other: str) -> bool:
    """Whether two texts are the same; how long it takes does not tell."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
