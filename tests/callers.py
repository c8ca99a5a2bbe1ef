"""People who call the API: a session, and requests made with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from types import MappingProxyType
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from homechart_api.app import create_app
from homechart_api.context import FETCHER
from homechart_common.config import load
from homechart_common.fetch import Fetcher
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.factories import body_for, needed_references, target_of

API = "/api/v1"
OWNERS = ("authAccountID", "authHouseholdID")

Client = TestClient[web.Request, web.Application]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    #: The wrapper of contract §1.1, if there was one.
    body: dict[str, Any] | None
    #: What came outside the wrapper.
    content: bytes = b""

    @property
    def value(self) -> dict[str, Any]:
        """The one object of a successful answer."""
        assert self.status == 200, self
        assert self.body is not None
        [value] = self.body["dataValue"]
        assert isinstance(value, dict)
        return value

    @property
    def values(self) -> list[dict[str, Any]]:
        """The objects of a list."""
        assert self.status == 200, self
        assert self.body is not None
        values = self.body["dataValue"]
        assert isinstance(values, list)
        return values

    @property
    def token(self) -> str:
        """What stands for the state of a list."""
        assert self.body is not None
        return str(self.body["dataHash"])

    @property
    def index(self) -> list[dict[str, str]]:
        """The id and time of everything in a list of which only the changes are here."""
        assert self.body is not None
        index = self.body["dataIDs"]
        assert isinstance(index, list)
        return index

    @property
    def message(self) -> str:
        """What an unsuccessful answer says."""
        assert self.body is not None
        assert self.body["success"] is False
        return str(self.body["message"])


@dataclass
class Caller:
    """Somebody with a session, or nobody."""

    client: Client
    account: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """Send a request; bytes and files as they are, anything else as JSON."""
        raw = body is None or isinstance(body, bytes | BytesIO)
        data = body if raw else json.dumps(body).encode()
        async with self.client.request(
            method, API + path, data=data, headers={**self.headers, **headers}
        ) as response:
            text = await response.read()
            if response.content_type != "application/json":
                return Answer(response.status, response.headers, None, text)
            return Answer(response.status, response.headers, json.loads(text) if text else None)

    async def body(self, model: type[Model], **members: Any) -> dict[str, Any]:
        """A body that makes an object with something in every member; what it cannot be without is made before.

        What belongs to another one has its owner by that.
        """
        owner = {name: members[name] for name in OWNERS if name in members}
        for needed in needed_references(model):
            if needed.json not in members:
                members[needed.json] = (await self.make(target_of(needed), **owner))["id"]
        if model.owner is Owner.PARENT:
            members = {name: value for name, value in members.items() if name not in OWNERS}
        return body_for(model, by=self.account, **members)

    async def make(self, model: type[Model], **members: Any) -> dict[str, Any]:
        """Make an object with something in every member; as answered."""
        return (await self.create(model, await self.body(model, **members))).value

    async def list(self, model: type[Model], *, token: str = "", updated: str = "") -> Answer:
        """Read a list, perhaps only what changed."""
        known = {"x-homechart-hash": token, "x-homechart-updated": updated}
        return await self.call("GET", model.path, None, {name: text for name, text in known.items() if text})

    async def create(self, model: type[Model], body: Any) -> Answer:
        """Make an object."""
        return await self.call("POST", model.path, body)

    async def read(self, model: type[Model], object_id: str) -> Answer:
        """Read one object."""
        return await self.call("GET", f"{model.path}/{object_id}")

    async def update(self, model: type[Model], object_id: str, body: Any) -> Answer:
        """Overwrite members of an object."""
        return await self.call("PUT", f"{model.path}/{object_id}", body)

    async def delete(self, model: type[Model], object_id: str) -> Answer:
        """Delete an object."""
        return await self.call("DELETE", f"{model.path}/{object_id}")


@asynccontextmanager
async def serving(
    settings: PostgresqlSettings, *overrides: str, fetcher: Fetcher | None = None
) -> AsyncIterator[Client]:
    """The application on a port of its own, with ``overrides`` of its options.

    A ``fetcher`` takes the place of the one that reads only what is on the public internet.
    """
    app = create_app(load(overrides=overrides, environment={}), settings)
    if fetcher is not None:
        app[FETCHER] = fetcher
    async with TestClient(TestServer(app)) as client:
        yield client
