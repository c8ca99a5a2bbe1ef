"""The database: whether it is fit for us, and we are fit for it."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from homechart_common import clock as our_clock
from homechart_common.checks.findings import Circumstances, Finding, ok, warning, wrong
from homechart_common.errors import HomechartError, StartupError, Unavailable
from homechart_common.local_time import zone_names
from homechart_common.postgresql import server
from homechart_common.postgresql.connection import Connection
from homechart_common.postgresql.migrate import known_migrations, outstanding

#: How long a notification may take.
_PATIENCE_SECONDS = 3.0
#: A clock that is wrong by more: one-time passwords of people's phones are valid for half a minute.
_TOLERABLE_SECONDS = 5.0
#: Beyond the pool: one that listens and, in a worker, one that holds the lock.
_BESIDE_THE_POOL = 2

_MAY = """
SELECT
    current_user::text,
    has_schema_privilege(current_schema(), 'CREATE'),
    (SELECT string_agg(relname::text, ', ' ORDER BY relname) FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
            AND NOT has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE'))
"""
_ROOM = """
SELECT
    least(
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer,
        nullif(d.datconnlimit, -1), nullif(r.rolconnlimit, -1)
    ),
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())
FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = session_user
"""
_ZONES = "SELECT name, extract(epoch FROM utc_offset)::integer FROM pg_timezone_names"


async def version(circumstances: Circumstances, connection: Connection) -> Finding:
    """Whether it is there; that it is new enough and writable was seen to when we connected."""
    settings = circumstances.settings
    number, name, user = await connection.fetch_row(
        "SELECT current_setting('server_version'), current_database()::text, session_user::text"
    ) or ("", "", "")
    return ok("PostgreSQL", f"version {number} at {settings.hostname}, database {name}, user {user}")


async def encoding(_: Circumstances, connection: Connection) -> Finding:
    """Whether it can store every text."""
    found = await connection.fetch_value("SHOW server_encoding")
    if found != "UTF8":
        return wrong(
            "encoding", f"the database is in {found}: make one with --encoding UTF8 and restore into it"
        )
    return ok("encoding", "UTF8")


async def rights(circumstances: Circumstances, connection: Connection) -> Finding:
    """Whether we may make tables, and read and write those that are there."""
    role = circumstances.settings.schema_role
    if role:
        member = "SELECT pg_has_role(session_user, rolname, 'MEMBER') FROM pg_roles WHERE rolname = %(role)s"
        if not await connection.fetch_value(member, {"role": role}):
            return wrong("rights", f"the user is no member of {role}: GRANT it, see postgresql.schemaRole")
        creates = "SELECT has_schema_privilege(%(role)s, current_schema(), 'CREATE')"
        may_create = await connection.fetch_value(creates, {"role": role})
    user, creates_itself, closed = await connection.fetch_row(_MAY) or ("", False, None)
    if not (may_create if role else creates_itself):
        return wrong("rights", f"{role or user} may not make tables: let it own the database")
    if closed:
        return wrong(
            "rights", f"{user} may not read and write {closed}: let it, or postgresql.schemaRole, own them"
        )
    return ok("rights", f"{user} may make tables, read and write them{f' as {role}' if role else ''}")


async def schema(_: Circumstances, connection: Connection) -> Finding:
    """Whether the tables are those of this version."""
    try:
        steps = await outstanding(connection)
    except StartupError as error:
        return wrong("schema", error.message)
    if f"migration {known_migrations()[0]}" in steps:
        return warning("schema", "never used: the next start, `migrate` or `restore` makes the tables")
    if steps:
        return warning(
            "schema", f"not up to date, which the next start or `migrate` sees to: {', '.join(steps)}"
        )
    return ok("schema", f"up to date, at {known_migrations()[-1]}")


async def connections(circumstances: Circumstances, connection: Connection) -> Finding:
    """Whether PostgreSQL lets as many in as a process may want."""
    most, used = await connection.fetch_row(_ROOM) or (0, 0)
    wanted = circumstances.settings.max_connections + _BESIDE_THE_POOL
    said = f"{most} are possible, {used} of them taken; a process may want {wanted}"
    if wanted > most:
        return wrong("connections", f"{said}: lower postgresql.maxConnections or raise max_connections")
    if wanted > most - used:
        return warning(
            "connections", f"{said}: fine if those that are taken are ours, else raise max_connections"
        )
    return ok("connections", said)


async def notifications(circumstances: Circumstances, connection: Connection) -> Finding:
    """Whether what one process says reaches another one: past the pooler, where there is one."""
    direct = circumstances.settings.direct()
    where = f"{direct.hostname}:{direct.port}"
    channel = f"check_{uuid.uuid4().hex}"
    try:
        listening = await server.connect(direct)
    except HomechartError as error:
        reason = error.__cause__ or error.message
        return wrong(
            "notifications", f"no direct connection: {reason}; see postgresql.directHostname and directPort"
        )
    try:
        await listening.execute(f'LISTEN "{channel}"')
        await connection.execute("SELECT pg_notify(%(channel)s, '')", {"channel": channel})
        with suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await listening.notification()
            return ok("notifications", f"they arrive, by way of {where}")
    finally:
        await listening.close()
    return wrong(
        "notifications",
        f"they do not arrive by way of {where}, which seems to be a pooler: let postgresql.directHostname "
        "and directPort lead to PostgreSQL itself",
    )


async def clock(_: Circumstances, connection: Connection) -> Finding:
    """Whether PostgreSQL and this host agree what time it is."""
    before = our_clock.now()
    theirs = await connection.fetch_value("SELECT clock_timestamp()")
    after = our_clock.now()
    apart = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    said = f"PostgreSQL's and this host's are {apart:.1f} s apart"
    if apart > _TOLERABLE_SECONDS:
        return wrong("clock", f"{said}: let both hosts set theirs by NTP")
    return ok("clock", said)


async def time_zones(_: Circumstances, connection: Connection) -> Finding:
    """Whether PostgreSQL and Python know the same zones, and agree on what time it is in them."""
    now = datetime.now(UTC)
    theirs: dict[str, int] = dict(await connection.fetch(_ZONES))
    strange = sorted(name for name in zone_names() if theirs.get(name) != _offset(name, now))
    if strange:
        named = ", ".join(strange[:3]) + (" and others" if len(strange) > 3 else "")
        return warning(
            "time zones",
            f"PostgreSQL and this host disagree what time it is in {named}: update tzdata on both",
        )
    return ok("time zones", f"PostgreSQL and this host agree about all {len(zone_names())}")


def _offset(name: str, now: datetime) -> int | None:
    offset = now.astimezone(ZoneInfo(name)).utcoffset()
    return None if offset is None else round(offset.total_seconds())
