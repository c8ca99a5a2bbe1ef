"""How this server tells push services who it is: a key pair, and what it signs with it (RFC 8292)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from homechart_common.notify.base64url import decoded, encoded

#: How long what is signed holds. Services accept a day at most; less leaves room for clocks that are wrong.
_LIFETIME = timedelta(hours=5)
_NUMBER_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair on the curve P-256, raw and in base64url, as options and clients have it."""

    private_key: str = field(repr=False)
    public_key: str

    @classmethod
    def generated(cls) -> KeyPair:
        """A new one."""
        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        return cls.of(encoded(number.to_bytes(_NUMBER_BYTES)))

    @classmethod
    def of(cls, private_key: str) -> KeyPair:
        """The pair that a private key belongs to. Raises ``ValueError`` for what is no such key."""
        return cls(private_key, encoded(point(_private(private_key).public_key())))

    def authorization(self, audience: str, subject: str, now: datetime) -> str:
        """The ``Authorization`` header for requests to the push service at an origin, ``audience``.

        ``subject`` is an address at which the service can reach who runs this server.
        """
        claims = {"aud": audience, "exp": int((now + _LIFETIME).timestamp()), "sub": subject}
        signed = ".".join(encoded(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        signature = _private(self.private_key).sign(signed.encode(), ec.ECDSA(SHA256()))
        numbers = b"".join(number.to_bytes(_NUMBER_BYTES) for number in decode_dss_signature(signature))
        return f"vapid t={signed}.{encoded(numbers)}, k={self.public_key}"


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as a point of the curve, not compressed."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _private(key: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(key)), ec.SECP256R1())
