"""What can be wrong with a set-up, found out without changing anything (``homechart-api check``).

Every check is a function that looks at one thing and says one sentence: what is so and, if it should not be,
what to do. A new one is a line in :data:`CHECKS` or, if it asks PostgreSQL, in :data:`OF_POSTGRESQL`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from homechart_common.checks import doors, host, postgresql
from homechart_common.checks.findings import Circumstances, Finding, State, wrong
from homechart_common.config import Config
from homechart_common.errors import HomechartError
from homechart_common.log_lines import summary
from homechart_common.postgresql import server
from homechart_common.postgresql.connection import Connection
from homechart_common.postgresql.failures import ConnectionLost
from homechart_common.startup import database_found

__all__ = ["CHECKS", "OF_POSTGRESQL", "Finding", "State", "look"]

#: What is looked at once PostgreSQL answers.
OF_POSTGRESQL: tuple[Callable[[Circumstances, Connection], Awaitable[Finding]], ...] = (
    postgresql.encoding,
    postgresql.rights,
    postgresql.schema,
    postgresql.connections,
    postgresql.notifications,
    postgresql.clock,
    postgresql.time_zones,
)

#: What is looked at in any case.
CHECKS: tuple[Callable[[Circumstances], Awaitable[Finding]], ...] = (
    host.data_directory,
    doors.base_url,
    doors.mail,
    doors.web_push,
    doors.vault,
    doors.providers,
)


async def look(config: Config, mail_to: str = "") -> AsyncGenerator[Finding, None]:
    """What there is to say about this set-up; a mail goes to ``mail_to`` if that is given."""
    circumstances = Circumstances(config, mail_to)
    async with aclosing(_of_postgresql(circumstances)) as findings:
        async for finding in findings:
            yield finding
    for check in CHECKS:
        yield await _told(check, check(circumstances))


async def _of_postgresql(circumstances: Circumstances) -> AsyncGenerator[Finding, None]:
    try:
        async with database_found(circumstances.config) as settings:
            circumstances.settings = settings
            connection = await server.connect(settings)
            try:
                yield await postgresql.version(circumstances, connection)
                for check in OF_POSTGRESQL:
                    yield await _told(check, check(circumstances, connection))
            finally:
                await connection.close()
    except HomechartError as error:
        # what cannot be reached is said by the cause, as it is not for those who ask the API
        yield wrong("PostgreSQL", str(error.__cause__ if isinstance(error, ConnectionLost) else error))


async def _told(check: Callable[..., object], finding: Awaitable[Finding]) -> Finding:
    """What a check says; if it could not find out, that."""
    try:
        return await finding
    except Exception as error:  # one thing that is wrong must not hide the others
        return wrong(check.__name__.replace("_", " "), summary(getattr(error, "__cause__", None) or error))
