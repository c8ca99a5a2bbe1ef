"""Secrets: password hashes, one-time passwords, and how tokens are stored."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from functools import partial

import pyotp
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

#: Argon2id with the parameters the contract gives (§3.5): 16 MiB, 2 passes, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=16384, parallelism=1, hash_len=32, salt_len=16)

#: How many passwords one process hashes at once: each takes a core and 16 MiB for some 30 ms.
_hashing = asyncio.Semaphore(2)

#: Verified against when an account does not exist, so that an answer takes as long as if it did.
_DUMMY_HASH = _hasher.hash(secrets.token_hex(16))

TOTP_ISSUER = "Homechart"
_LONGEST_NAME = 120


async def hash_password(password: str) -> str:
    """The Argon2id hash of ``password`` as a PHC string; computed in a thread."""
    async with _hashing:
        return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(password_hash: str, password: str) -> bool:
    """Whether ``password`` is the one that was hashed. An empty hash never matches, and takes as long."""
    async with _hashing:
        matches = await asyncio.to_thread(partial(_matches, password_hash or _DUMMY_HASH, password))
    return matches and bool(password_hash)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_affordable(password_hash: str) -> bool:
    """Whether verifying against a hash that was made elsewhere takes no more than against one made here."""
    try:
        made = extract_parameters(password_hash)
    except (InvalidHashError, ValueError):
        return False
    return (
        made.type is Type.ID
        and made.time_cost <= _hasher.time_cost
        and made.memory_cost <= _hasher.memory_cost
        and made.parallelism <= _hasher.parallelism
    )


def hash_token(token: str) -> bytes:
    """What is stored of a session key or a mailed token: its SHA-256. They are random, so no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_totp_secret() -> str:
    """A new base-32 secret for one-time passwords."""
    return pyotp.random_base32()


def totp_url(secret: str, account: str) -> str:
    """The ``otpauth:`` address an authenticator app reads: SHA-1, 6 digits, 30 seconds (contract §3.6).

    Apps only show the name of the account; more of it than this might not fit into a QR code.
    """
    return pyotp.TOTP(secret).provisioning_uri(name=account[:_LONGEST_NAME], issuer_name=TOTP_ISSUER)


def totp_step(secret: str, code: str, at: float) -> int | None:
    """The 30-second step for which ``code`` is right, one step of clock difference allowed, or ``None``.

    The caller remembers the step and from then on refuses it and older ones, so that a code works once
    (RFC 6238 §5.2).
    """
    current = int(at) // 30
    try:
        totp = pyotp.TOTP(secret)
        for step in (current, current - 1, current + 1):
            if hmac.compare_digest(totp.generate_otp(step), code):
                return step
    except (ValueError, TypeError):
        pass
    return None


def new_backup_code() -> str:
    """Six digits that replace a one-time password when the device is lost."""
    return f"{secrets.randbelow(1_000_000):06d}"
