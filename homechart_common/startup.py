"""What every process does before its own work: find or start the database, and bring it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homechart_common import logger
from homechart_common.config import Config
from homechart_common.errors import Unavailable
from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.settings import PostgresqlSettings

#: How long it takes until it is tried again to bring a database up to date that went away meanwhile.
_AGAIN_SECONDS = 1


@asynccontextmanager
async def database_ready(config: Config) -> AsyncIterator[PostgresqlSettings]:
    """Inside the block there is a database with the current schema, reached with the settings it yields.

    Raises :class:`StartupError` when there can be none.
    """
    async with database_found(config) as settings:
        await bring_up_to_date(settings)
        yield settings


@asynccontextmanager
async def database_found(config: Config) -> AsyncIterator[PostgresqlSettings]:
    """Inside the block there is a server for the settings it yields, if it is ours to bring up.

    With nothing configured that is the embedded one, which is started if nobody did, started again if it
    died, and stopped at the end if nobody else uses it. Raises :class:`StartupError` when it cannot run.
    """
    configured = config.postgresql_settings()
    if configured is not None:
        yield configured
        return
    directory = config.data_directory / "postgresql"
    settings = await embedded.start(directory)
    keeping = asyncio.create_task(embedded.keep(directory))
    try:
        yield settings
    finally:
        keeping.cancel()
        await embedded.stop(directory)


async def bring_up_to_date(settings: PostgresqlSettings) -> None:
    """Give the database the current schema, and make sure that no other one's cursors are taken for its own.

    Waits for a database that is not there yet or goes away meanwhile. Raises :class:`StartupError` when waiting
    cannot help.
    """
    while not await _brought_up_to_date(settings):  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(_AGAIN_SECONDS)


async def _brought_up_to_date(settings: PostgresqlSettings) -> bool:
    """Whether the database stayed until that was done; every step can be done again."""
    database = Database(settings)
    try:
        await database.open()
        await migrate(database)
        await database.execute("CALL sync_epoch_renew()")
    except Unavailable:
        logger.notice("PostgreSQL went away while the database was brought up to date; doing so again")
        return False
    finally:
        await database.close()
    return True
