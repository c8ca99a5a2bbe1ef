"""Identifiers: UUIDs, and the short ids that appear in links inside texts."""

from __future__ import annotations

import re
import secrets
import uuid

NIL_UUID = "00000000-0000-0000-0000-000000000000"

#: Digits and letters without those that are easily mistaken for one another (contract §1.7).
NANOID_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
NANOID_LENGTH = 14

#: The character for each random byte; bytes beyond would favour some characters and are left out.
_CHARACTER = (NANOID_ALPHABET * 5).encode()[:256]
_SURPLUS = bytes(range(256 - 256 % len(NANOID_ALPHABET), 256))

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def new_uuid() -> str:
    """A random version 4 UUID, as lower-case text."""
    return str(uuid.uuid4())


def new_nanoid() -> str:
    """A random short id of 14 characters, some 81 bits."""
    return secrets.token_bytes(32).translate(_CHARACTER, _SURPLUS)[:NANOID_LENGTH].decode()


def parse_uuid(text: object) -> str | None:
    """The UUID that ``text`` spells in its hyphenated form, lower-cased, or ``None``."""
    if isinstance(text, str) and _UUID.fullmatch(text):
        return text.lower()
    return None
