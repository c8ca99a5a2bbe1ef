"""Secrets: how passwords are hashed, and which one-time passwords are right."""

from __future__ import annotations

import re

import pyotp
import pytest

from homechart_common.security import hash_password, hash_token, new_backup_code, totp_step, verify_password

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#: Of RFC 6238, appendix B: seconds since 1970, and the last six digits for SHA-1 and this secret.
OFFICIAL = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]


async def test_passwords_are_hashed_as_the_contract_says() -> None:
    first, second = await hash_password("correct-horse-9"), await hash_password("correct-horse-9")
    form = r"\$argon2id\$v=19\$m=16384,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"
    assert re.fullmatch(form, first)
    assert first != second
    assert await verify_password(first, "correct-horse-9")
    assert not await verify_password(first, "correct-horse-8")


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$m=1", "$2a$10$N9qo8uLOickgx2ZMRZoMye"])
async def test_what_is_no_hash_matches_nothing(stored: str) -> None:
    for password in ("", stored, "correct-horse-9"):
        assert not await verify_password(stored, password)


@pytest.mark.parametrize(("at", "code"), OFFICIAL)
def test_one_time_passwords_are_those_of_the_standard(at: int, code: str) -> None:
    assert totp_step(SECRET, code, at) == at // 30


def test_clocks_may_differ_by_one_step() -> None:
    totp = pyotp.TOTP(SECRET)
    found = [totp_step(SECRET, totp.at(3000 + 30 * steps), 3000) for steps in range(-2, 3)]
    assert found == [None, 99, 100, 101, None]


def test_tokens_are_stored_as_something_else() -> None:
    token = "0d9a8c34-7b1f-4b6c-8f0a-5d3e2c1b0a99"
    assert len(hash_token(token)) == 32
    assert hash_token(token) == hash_token(token) != hash_token(token.upper())


def test_backup_codes_have_six_digits() -> None:
    codes = {new_backup_code() for _ in range(100)}
    assert all(re.fullmatch("[0-9]{6}", code) for code in codes)
    assert len(codes) > 90
