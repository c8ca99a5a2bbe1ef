"""What the worker's tests share: a mail server, and a worker that is configured to use it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from homechart_common.config import Config, load
from homechart_common.postgresql.database import Database
from homechart_worker.task import Context
from tests.mail_server import MailServer, mail_server


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
def context(config: Config, fresh_database: Database) -> Context:
    """What a worker's tasks get, with a database that only this test sees."""
    return Context(config, fresh_database)
