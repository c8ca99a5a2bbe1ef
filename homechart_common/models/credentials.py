"""What browsers send of passkeys."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from typing import Any

from homechart_common.models.fields import Field, Invalid, Object, Strings, Text


class Encoded(Text):
    """Bytes in base64url, as browsers write them; they are read to bytes."""

    _FORM = re.compile(r"[A-Za-z0-9_-]+={0,2}")

    def __init__(self, json: str, *, most: int) -> None:
        super().__init__(min=1, max=-(-most // 3) * 4, long=True, json=json)
        self.json_schema = {**self.json_schema, "pattern": f"^{self._FORM.pattern}$"}

    def read(self, value: Any) -> bytes:  # type: ignore[override]  # only what is stored must be text
        text = super().read(value)
        if not self._FORM.fullmatch(text):
            raise Invalid("must be bytes in base64url")
        text = text.rstrip("=")
        try:
            return urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            raise Invalid("must be bytes in base64url") from None


class Transports(Strings):
    """How a browser reaches an authenticator."""

    most, longest = 10, 30


def _credential(description: str, **response: Field) -> Object:
    """What ``PublicKeyCredential.toJSON()`` answers, as far as it is read."""
    members: dict[str, Field] = {
        "id": Encoded("id", most=1023),
        "response": Object({"client_data": Encoded("clientDataJSON", most=4096), **response}, required=True),
    }
    return Object(members, required=True, write="", stored=False, wire=False, description=description)


def attestation() -> Object:
    """A new passkey, as a browser hands it over."""
    return _credential(
        "What `navigator.credentials.create()` answered, as JSON",
        attestation=Encoded("attestationObject", most=16384),
        transports=Transports(),
    )


def assertion() -> Object:
    """A signature by a passkey, as a browser hands it over."""
    return _credential(
        "What `navigator.credentials.get()` answered, as JSON",
        authenticator_data=Encoded("authenticatorData", most=4096),
        signature=Encoded("signature", most=1024),
        user_handle=Encoded("userHandle", most=64),
    )
