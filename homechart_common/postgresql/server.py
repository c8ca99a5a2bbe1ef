"""Opening connections: which host, which address, which session settings."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import psycopg2
from psycopg2 import extensions

from homechart_common import logger
from homechart_common.errors import StartupError, Unavailable
from homechart_common.postgresql import driver, failures, primaries
from homechart_common.postgresql.connection import Connection, attach
from homechart_common.postgresql.driver import DriverConnection
from homechart_common.postgresql.settings import PostgresqlSettings

#: The oldest PostgreSQL that has what our SQL uses.
OLDEST_VERSION = 150000

#: JSON stays the text that PostgreSQL made (json, jsonb), and an array of UUIDs is a list of text.
_JSON = extensions.new_type((114, 3802), "JSON", lambda value, _: value)
_UUIDS = extensions.new_array_type(
    (2951,), "UUID[]", extensions.new_type((2950,), "UUID", lambda value, _: value)
)

#: The attempts that libpq's mode stands for. libpq would make the second one on a new socket, which aiopg
#: does not notice, so we make it ourselves.
_SSL_ATTEMPTS = {"allow": ("disable", "require"), "prefer": ("require", "disable")}

#: What the server says when trying again cannot help (libpq gives no code for a failed connection).
_FINAL = (
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "does not exist",
    "no such database",
    "no such user",
    "is not permitted to log in",
    "permission denied",
    "certificate verify failed",
    "does not support SSL",
    "invalid sslmode",
)


#: How long a primary that was found waits for hosts that have not answered: one of them may have replaced it.
_LOOK_AROUND_SECONDS = 0.5
#: A setting that does nothing: a session that has it is ours alone, not lent by a connection pooler.
_MARK = "homechart.session"
_WHO = f"""SET TIME ZONE 'UTC';
SELECT pg_is_in_recovery(), coalesce(current_setting('{_MARK}', true), '') = 'own',
    (SELECT system_identifier::text FROM pg_control_system()),
    CASE WHEN NOT pg_is_in_recovery()
        THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END"""


async def connect(settings: PostgresqlSettings, *, own_session: bool = False) -> Connection:
    """A connection to the host of the list that accepts writes; if several do, to the one promoted last.

    All of them are asked at once, so one that is gone delays nobody. Raises :class:`StartupError` when trying
    again cannot help (wrong password, unknown database, too old a server, a connection pooler where an
    ``own_session`` is needed), otherwise :class:`failures.ConnectionLost`.
    """
    hostnames = [hostname.strip() for hostname in settings.hostname.split(",")]
    attempts = [asyncio.create_task(_attempt(hostname, settings)) for hostname in hostnames]
    try:
        answers = await _first_answers(attempts)
    except BaseException:
        _give_up(attempts)
        raise
    found = [answer for answer in answers if isinstance(answer, Connection)]
    chosen = next((connection for connection in found if not connection.closed), None)
    _give_up(attempts, chosen)
    if chosen is None:
        raise _failure("; ".join(answer for answer in answers if isinstance(answer, str)))
    if own_session and not chosen.has_own_session:
        await chosen.close()
        raise StartupError(
            f"What answers at {settings.hostname} port {settings.port} is a connection pooler: "
            "postgresql.directHostname and postgresql.directPort must lead to PostgreSQL itself"
        )
    return chosen


async def _attempt(hostname: str, settings: PostgresqlSettings) -> Connection | str:
    """A connection to a host that accepts writes, or what is in the way."""
    try:
        return await _connect_to(hostname, settings)
    except _FAILURES as error:
        return f"{hostname} port {settings.port}: {_first_line(error)}"


async def _first_answers(attempts: Sequence[asyncio.Task[Connection | str]]) -> list[Connection | str]:
    """What the hosts have to say, in their order, until a primary was found and a moment has passed."""
    pending = set(attempts)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if any(isinstance(attempt.result(), Connection) for attempt in done):
            if pending:
                await asyncio.wait(pending, timeout=_LOOK_AROUND_SECONDS)
            break
    return [attempt.result() for attempt in attempts if attempt.done()]


def _give_up(attempts: Sequence[asyncio.Task[Connection | str]], chosen: Connection | None = None) -> None:
    """Close all connections but the chosen one; without waiting, as who waits can be cancelled and lose it."""

    def close(attempt: asyncio.Task[Connection | str]) -> None:
        if attempt.cancelled() or attempt.exception():
            return
        if isinstance(connection := attempt.result(), Connection) and connection is not chosen:
            connection.discard()

    for attempt in attempts:
        attempt.cancel()
        attempt.add_done_callback(close)


def _failure(problem: str) -> Exception:
    if any(words in problem for words in _FINAL):
        return StartupError(f"PostgreSQL refuses the connection: {problem}")
    lost = failures.ConnectionLost()
    lost.__cause__ = ConnectionError(problem)
    return lost


class _Standby(failures.ConnectionLost):
    """The server is in recovery, so nothing can be written to it."""


_FAILURES = (psycopg2.Error, OSError, Unavailable)


async def _connect_to(hostname: str, settings: PostgresqlSettings) -> Connection:
    failure: Exception | None = None
    for address in await _addresses(hostname, settings):
        for ssl_mode in _SSL_ATTEMPTS.get(settings.ssl_mode, (settings.ssl_mode,)):
            try:
                return await _session(hostname, address, ssl_mode, settings)
            except TimeoutError:
                failure = TimeoutError(f"no answer within {settings.connect_timeout_seconds:g} s")
                break
            except _FAILURES as error:
                failure = error
    raise failure or OSError("the name has no address")


async def _addresses(hostname: str, settings: PostgresqlSettings) -> list[str]:
    """The addresses of a host, asked for here as libpq would block the process; none for a Unix socket."""
    if hostname.startswith("/"):
        return [""]
    async with asyncio.timeout(settings.connect_timeout_seconds):
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(hostname, settings.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _session(hostname: str, address: str, ssl_mode: str, settings: PostgresqlSettings) -> Connection:
    try:
        raw = await _open(hostname, address, ssl_mode, settings, _options(settings))
    except psycopg2.OperationalError as error:
        if "startup parameter" not in str(error):
            raise
        # a connection pooler, which cannot pass them on
        raw = await _open(hostname, address, ssl_mode, settings, "")
    try:
        connection = await attach(raw, settings)
        if raw.raw.server_version < OLDEST_VERSION:
            raise StartupError(f"PostgreSQL at {hostname} is too old: Homechart needs version 15 or newer")
        async with asyncio.timeout(settings.connect_timeout_seconds):
            # a pooler keeps the time zone of each of its clients, so this is safe on every connection
            [(standby, own_session, system, timeline)] = await connection.fetch(_WHO)
        if standby:
            raise _Standby("it is a standby, which cannot be written to")
        primaries.admit(connection, system, timeline)
        connection.has_own_session = own_session
        connection.prepares = own_session and settings.prepare_statements
    except BaseException:
        raw.close()
        raise
    return connection


async def _open(
    hostname: str, address: str, ssl_mode: str, settings: PostgresqlSettings, options: str
) -> DriverConnection:
    raw = await driver.connect(
        settings.connect_timeout_seconds,
        host=hostname,
        hostaddr=address or None,
        port=settings.port,
        dbname=settings.database,
        user=settings.username,
        password=settings.password,
        sslmode=ssl_mode,
        gssencmode="disable",
        application_name="homechart",
        client_encoding="UTF8",
        options=options,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=10_000,
    )
    for kind in (_JSON, _UUIDS):
        extensions.register_type(kind, raw.raw)
    return raw


def _options(settings: PostgresqlSettings) -> str:
    """Session settings: the server stops what takes too long or has lost its client.

    And it plans a prepared statement once. Left to itself it may plan every execution anew when it expects
    some values to be cheaper than others, which costs our statements, all by key, more than running them.
    """
    timeout = round(settings.statement_timeout_seconds * 1000)
    values = {
        "statement_timeout": f"{timeout}",
        "idle_in_transaction_session_timeout": f"{2 * timeout}",
        "client_connection_check_interval": "1s",
        "plan_cache_mode": "force_generic_plan",
        _MARK: "own",
    }
    return " ".join(f"-c {name}={value}" for name, value in values.items())


def _first_line(error: BaseException) -> str:
    error = error.__cause__ or error
    text = str((isinstance(error, OSError) and error.strerror) or error).strip()
    return text.partition("\n")[0] or type(error).__name__


async def wait(settings: PostgresqlSettings) -> Connection:
    """The first connection: waits for a database that is not there yet and says so.

    Raises :class:`StartupError` when waiting cannot help.
    """
    delay, told = 0.1, ""
    while True:
        try:
            return await connect(settings)
        except failures.ConnectionLost as error:
            if told != str(error.__cause__):
                told = str(error.__cause__)
                logger.notice(f"Waiting for PostgreSQL: {told}")
        await asyncio.sleep(delay)
        delay = min(delay * 1.5, 2)
