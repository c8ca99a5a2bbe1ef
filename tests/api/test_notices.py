"""What whoever runs the server is told of people: that they came and went, by id, and nothing else of them."""

from __future__ import annotations

import re
from typing import Any

from tests.visitors import PASSWORD, Letters, SignUp, Visitor, new_address


async def test_whoever_runs_the_server_is_told_who_came_and_went(
    api: Visitor, sign_up: SignUp, letters: Letters, lines: list[str]
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address, name="Ann Example")
    household = await ann.new_household("Lisbon flat")
    await api.post("/auth/reset", {"emailAddress": address})
    _, letter = await letters(address)
    body: dict[str, Any] = {"emailAddress": address, "passwordResetToken": letter.token}
    await api.put("/auth/reset", {**body, "password": "another-horse-9"})
    session = (await api.post("/auth/signin", {**body, "password": "another-horse-9"})).value
    ann = api.signed_in(session)
    await ann.remove(f"/auth/households/{household}")
    await ann.remove(ann.home)
    told = [
        re.sub(r" (authSession\w+|method|path|remoteAddr|requestID)=\S+", "", line).strip() for line in lines
    ]
    assert told == [
        f"[NOTICE] Somebody signed up authAccountID='{ann.account}'",
        f"[NOTICE] A forgotten password was replaced authAccountID='{ann.account}'",
        f"[NOTICE] A household was deleted authAccountID='{ann.account}' authHouseholdID='{household}'",
        f"[NOTICE] An account was deleted authAccountID='{ann.account}'",
    ]
    for secret in (address, "Ann", "Lisbon", PASSWORD, letter.token, session["key"]):
        assert not any(secret in line for line in lines)


async def test_what_did_not_happen_is_not_told(api: Visitor, sign_up: SignUp, lines: list[str]) -> None:
    ann = await sign_up()
    lines.clear()
    body = {"emailAddress": new_address(), "password": PASSWORD, "passwordResetToken": ann.session["id"]}
    await api.put("/auth/reset", body)
    await ann.remove(f"/auth/households/{ann.account}")
    await api.remove(ann.home)
    assert lines == []
