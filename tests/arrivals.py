"""Somebody who comes from a provider, and what the server makes of them."""

from __future__ import annotations

import uuid
from typing import Any

from tests.callers import Answer
from tests.openid_provider import come_back
from tests.visitors import Visitor, new_address

FAILED = "Signing in there did not work, please try again"
BASE = "http://localhost:3000/oidc?provider="


def new_person(**claims: Any) -> dict[str, Any]:
    """Somebody whom nobody knows yet."""
    return {"sub": uuid.uuid4().hex, "email": new_address(), "email_verified": True, "name": "Jane", **claims}


async def there_and_back(visitor: Visitor, name: str = "home") -> dict[str, str]:
    """Go to a provider and come back, with what a client then sends."""
    begun = (await visitor.get(f"/oidc/{name}?pkce=true")).value
    back = await come_back(begun["url"])
    assert back["state"] == begun["state"]
    return {"oidcCode": back["code"], "oidcState": back["state"]}


async def sign_in(visitor: Visitor, body: dict[str, Any], **members: Any) -> Answer:
    """Try to sign in with that."""
    return await visitor.post("/auth/signin", {**body, **members})


async def account_of(visitor: Visitor, answer: Answer) -> dict[str, Any]:
    """The account to which somebody was signed in."""
    return (
        await visitor.signed_in(answer.value).get(f"/auth/accounts/{answer.value['authAccountID']}")
    ).value
