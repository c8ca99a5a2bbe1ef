"""What the worker's tests share: servers for mail and web push, and a worker that uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from homechart_common.config import Config, load
from homechart_common.postgresql.database import Database
from homechart_worker.task import Context
from tests.mail_server import MailServer, mail_server
from tests.push_service import PushService, push_service


def configured(*overrides: str) -> Config:
    """The configuration with these overrides and nothing from outside."""
    return load(overrides=overrides, environment={})


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    """A mail server that takes everything."""
    async with mail_server() as server:
        yield server


@pytest.fixture
def config(mails: MailServer) -> Config:
    """A house that can send mail."""
    return configured(
        "app_baseURL=https://house.test",
        f"smtp_hostname=127.0.0.1,smtp_port={mails.port},smtp_fromAddress=butler@house.test",
    )


@pytest.fixture
async def pushes() -> AsyncIterator[PushService]:
    """A push service that takes everything."""
    async with push_service() as service:
        yield service


@pytest.fixture
def context(config: Config, fresh_database: Database) -> Context:
    """What a worker's tasks get, with a database that only this test sees."""
    return Context(config, fresh_database)


@pytest.fixture
def pushing(context: Context, pushes: PushService) -> Context:
    """The same, to which the push service is on the internet."""
    return replace(context, fetcher=pushes.fetcher())
