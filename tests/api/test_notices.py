"""What the log tells of accounts and households, for the operator (contract §7.1)."""

from __future__ import annotations

import re

from tests.visitors import PASSWORD, Letters, SignUp, Visitor, new_address


def notices(lines: list[str]) -> list[str]:
    """The sentences, without of whom they tell."""
    return [re.split(r" \w+=", line)[0] for line in lines]


async def test_the_operator_is_told_of_accounts_and_households_that_come_and_go(
    sign_up: SignUp, lines: list[str]
) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    for _ in range(2):
        await ann.remove(f"/auth/households/{household}")
    await ann.remove(ann.home)
    assert notices(lines) == [
        "[NOTICE] Somebody signed up",
        "[NOTICE] A household was deleted",
        "[NOTICE] An account was deleted",
    ]
    for line, what in zip(lines, (ann.account, household, ann.account), strict=True):
        assert what in line
        assert ann.session["key"] not in line


async def test_the_operator_is_told_of_a_password_that_was_reset(
    api: Visitor, sign_up: SignUp, letters: Letters, lines: list[str]
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    await api.post("/auth/reset", {"emailAddress": address})
    *_, letter = await letters(address)
    body = {"emailAddress": address, "password": f"{PASSWORD}!", "passwordResetToken": letter.token}
    del lines[:]
    assert [(await api.put("/auth/reset", body)).status for _ in range(2)] == [200, 204]
    assert notices(lines) == ["[NOTICE] A forgotten password was replaced"]
    assert f"authAccountID='{ann.account}'" in lines[0]
    assert PASSWORD not in lines[0]
    assert letter.token not in lines[0]
