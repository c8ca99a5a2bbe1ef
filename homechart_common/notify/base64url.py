"""Bytes as web push spells them: base64url without padding (RFC 7515 §2)."""

from __future__ import annotations

import base64
import binascii

_PLAIN = str.maketrans("-_", "+/")


def encoded(content: bytes) -> str:
    """The text for some bytes."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of a text; the alphabet of plain base64 and padding are understood, too, as browsers give both.

    Raises ``ValueError`` for anything else.
    """
    plain = text.rstrip("=").translate(_PLAIN)
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
