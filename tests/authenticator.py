"""An authenticator with one passkey, and the browser before it, as one object that also does what neither may."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url, encode_cbor

from tests.callers import Answer
from tests.visitors import Visitor

ORIGIN = "http://localhost:3000"
HOST = "localhost"

PRESENT, VERIFIED, COPIED = 0x01, 0x04, 0x18
KEY_FOLLOWS, MORE_FOLLOWS = 0x40, 0x80

Options = Mapping[str, Any]
Credential = dict[str, Any]
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def elliptic() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authenticator:
    """``create`` and ``get`` are those of ``navigator.credentials``. What its members say is done, right or wrong."""

    origin: str = ORIGIN
    host: str = HOST
    flags: int = PRESENT | VERIFIED
    #: How often it has signed; without counting it stays 0.
    count: int = 0
    counts: bool = True
    #: Whether it states with its new key that it made it.
    states: bool = False
    key: Key = field(default_factory=elliptic)
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    #: Whose passkey it is, once one was made.
    handle: bytes = b""
    #: Extensions that it adds to what it says, as CBOR.
    more: bytes = b""
    #: Further members of what the browser says.
    said: dict[str, Any] = field(default_factory=dict)

    def create(self, options: Options, **parts: Any) -> Credential:
        """A new passkey; ``parts`` of the attestation are replaced."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        said, made = self._client_data("webauthn.create", options), self.made()
        attestation = {"fmt": "none", "attStmt": {}, "authData": made}
        if self.states:
            signed = signature(self.key, made + hashlib.sha256(said).digest())
            attestation |= {"fmt": "packed", "attStmt": {"alg": -7, "sig": signed}}
        attestation |= parts
        return self._credential(
            clientDataJSON=said,
            attestationObject=encode_cbor(attestation),
            transports=["internal", "hybrid"],
        )

    def made(self, key: bytes = b"") -> bytes:
        """What it says of its new passkey, with its own public key or another one."""
        head = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        return self._authenticator_data(KEY_FOLLOWS, head + (key or encode_cbor(public_key(self.key))))

    def get(self, options: Options) -> Credential:
        """A signature."""
        self.count += self.counts
        signed = self._authenticator_data(0, b"")
        said = self._client_data("webauthn.get", options)
        return self._credential(
            clientDataJSON=said,
            authenticatorData=signed,
            signature=signature(self.key, signed + hashlib.sha256(said).digest()),
            userHandle=self.handle,
        )

    def _authenticator_data(self, flags: int, rest: bytes) -> bytes:
        flags |= self.flags | (MORE_FOLLOWS if self.more else 0)
        head = hashlib.sha256(self.host.encode()).digest() + bytes([flags])
        return head + self.count.to_bytes(4, "big") + rest + self.more

    def _client_data(self, kind: str, options: Options) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, **self.said}).encode()

    def _credential(self, **response: Any) -> Credential:
        known = bytes_to_base64url(self.credential_id)
        return {
            "id": known,
            "rawId": known,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                name: bytes_to_base64url(value) if isinstance(value, bytes) else value
                for name, value in response.items()
            },
        }


def public_key(key: Key) -> dict[int, Any]:
    """The public half as COSE has it."""
    match key:
        case ec.EllipticCurvePrivateKey():
            numbers = key.public_key().public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        case ed25519.Ed25519PrivateKey():
            return {1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()}
        case _:
            modulus = key.public_key().public_numbers()
            return {1: 3, 3: -257, -1: modulus.n.to_bytes(256, "big"), -2: modulus.e.to_bytes(3, "big")}


def signature(key: Key, data: bytes) -> bytes:
    """What the key says to that."""
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(data, ec.ECDSA(hashes.SHA256()))
        case ed25519.Ed25519PrivateKey():
            return key.sign(data)
        case _:
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


async def creation_options(visitor: Visitor) -> dict[str, Any]:
    """What somebody who adds a passkey is offered."""
    return (await visitor.get(f"{visitor.home}/webauthn")).value


async def enrol(visitor: Visitor, authenticator: Authenticator, name: str = "Phone") -> Answer:
    """Add a new passkey."""
    return await hand_over(visitor, authenticator.create(await creation_options(visitor)), name)


async def hand_over(visitor: Visitor, credential: Any, name: Any = "Phone") -> Answer:
    """Add the passkey that a browser has made, or something else."""
    return await visitor.put(f"{visitor.home}/webauthn", {"credential": credential, "name": name})


async def request_options(visitor: Visitor) -> dict[str, Any]:
    """What somebody who signs in is offered."""
    return (await visitor.get("/auth/webauthn")).value


async def sign_in(visitor: Visitor, authenticator: Authenticator, **members: Any) -> Answer:
    """Sign in with a passkey; further ``members`` go into the body."""
    credential = authenticator.get(await request_options(visitor))
    return await visitor.post("/auth/webauthn", {"credential": credential, **members})
