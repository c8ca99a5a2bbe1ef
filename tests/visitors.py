"""Somebody who comes in by the front door: signs up, signs in, and gets mail."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from tests.callers import Answer, Caller, Client

PASSWORD = "correct-horse-9"

#: What the servers of tests are told, so that tests may ask often.
UNLIMITED_KEY = "tests"
_UNLIMITED = {"x-homechart-ratelimiterkey": UNLIMITED_KEY}


class Visitor(Caller):
    """Who talks to the API with a session, as its creation answered it, or without one."""

    def __init__(self, client: Client, session: Mapping[str, Any] | None = None) -> None:
        self.session = session or {}
        headers = dict(_UNLIMITED)
        if session:
            headers |= {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}
        super().__init__(client, self.session.get("authAccountID", ""), headers)

    @property
    def home(self) -> str:
        """The path of the account."""
        return f"/auth/accounts/{self.account}"

    def signed_in(self, session: Mapping[str, Any]) -> Visitor:
        """Who talks to the same server with another session."""
        return Visitor(self.client, session)

    async def get(self, path: str, **headers: str) -> Answer:
        """Read. Headers are named with underscores."""
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Create."""
        return await self._ask("POST", path, body, headers)

    async def put(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Change."""
        return await self._ask("PUT", path, body, headers)

    async def remove(self, path: str, **headers: str) -> Answer:
        """Delete."""
        return await self._ask("DELETE", path, None, headers)

    async def new_household(self, name: str = "Home") -> str:
        """A household that this account alone is in; its id."""
        return str((await self.post("/auth/households", {"name": name})).value["id"])

    async def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.call(method, path, body, named)


class Letter(NamedTuple):
    """A mail that waits to be sent."""

    kind: str
    subject: str
    body: str

    @property
    def token(self) -> str:
        """The token in its link."""
        found = re.search(r"[?&]token=([\w-]+)\)", self.body)
        assert found is not None, self.body
        return found[1]


def new_address() -> str:
    """A mail address that nobody has, where mail would go out."""
    return f"{uuid.uuid4().hex}@house.test"


#: Fixtures of the API's tests: start a further instance, sign up a new account, read the mail to an address,
#: set the time.
StartAPI = Callable[..., Awaitable[Visitor]]
SignUp = Callable[..., Awaitable[Visitor]]
Letters = Callable[[str], Awaitable[list[Letter]]]
SetClock = Callable[..., None]
#: Runs `homechart-api` with arguments and answers its exit status.
Run = Callable[..., Awaitable[int]]
