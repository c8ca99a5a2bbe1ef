"""Every advisory lock of Homechart.

They are session locks: they belong to one direct connection and end with it. The numbers must never change
and never be used again for something else: processes of different versions meet at them during an update.
"""

from __future__ import annotations

from homechart_common.postgresql.connection import Connection

#: Held while the schema is brought up to date.
MIGRATION = 1
#: Held by the worker that runs the tasks of which there must be only one.
TASKS = 2
#: With the number of a table: held by transactions that move rows in a tree (``sql/functions/tree.sql``).
MOVES = 3

# A standby grants advisory locks as well, even while the primary does; such a lock means nothing.
_TRY = "SELECT NOT pg_is_in_recovery() AND pg_try_advisory_lock(%(number)s)"
_HOLDS = """
SELECT NOT pg_is_in_recovery() AND EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) + objid::bigint = %(number)s
)
"""


async def try_lock(connection: Connection, number: int) -> bool:
    """Take the lock if nobody has it; ``False`` if somebody does or the server is in recovery."""
    return bool(await connection.fetch_value(_TRY, {"number": number}))


async def wait_for_lock(connection: Connection, number: int) -> None:
    """Take the lock as soon as it is free, for at most the statement timeout of the connection."""
    await connection.execute("SELECT pg_advisory_lock(%(number)s)", {"number": number})


async def holds(connection: Connection, number: int) -> bool:
    """Whether this connection has the lock, as the server sees it at this moment."""
    return bool(await connection.fetch_value(_HOLDS, {"number": number}))


async def unlock(connection: Connection, number: int) -> None:
    """Give the lock back at once; a server takes a while to notice that a connection was closed."""
    await connection.execute("SELECT pg_advisory_unlock(%(number)s)", {"number": number})
