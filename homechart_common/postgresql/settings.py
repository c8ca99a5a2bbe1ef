"""Where PostgreSQL is and how to talk to it, as the configuration says."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class PostgresqlSettings:
    """One PostgreSQL server, or a primary with its standbys.

    ``hostname`` may be a comma separated list, of which the server that is not in recovery is used; a name
    that starts with ``/`` is the folder of a Unix socket. ``direct_hostname`` and ``direct_port`` lead past
    a connection pooler for what needs a session of its own (listening, session locks, migrations); empty
    and 0 mean the same as ``hostname`` and ``port``.
    """

    hostname: str = "localhost"
    port: int = 5432
    database: str = ""
    username: str = ""
    password: str = ""
    #: One of libpq's modes: disable, allow, prefer, require, verify-ca, verify-full.
    ssl_mode: str = "disable"
    max_connections: int = 25
    #: How long one statement may run.
    statement_timeout_seconds: float = 30
    #: The client gives up so long after the server should have, in case the server cannot answer at all.
    grace_seconds: float = 5
    #: How long one attempt to connect to one address may take.
    connect_timeout_seconds: float = 5
    #: How long a statement waits for a free connection before it fails.
    acquire_timeout_seconds: float = 10
    #: A pooled connection is replaced when it is this old, so that a moved server is found again.
    max_lifetime_seconds: float = 300
    direct_hostname: str = ""
    direct_port: int = 0
    #: Prepare the hot statements once per connection. A pooler in transaction mode needs this off.
    prepare_statements: bool = True
    #: The role that migrations assume, so that it owns what they create.
    schema_role: str = ""

    def direct(self) -> PostgresqlSettings:
        """The same database past the connection pooler."""
        return replace(
            self, hostname=self.direct_hostname or self.hostname, port=self.direct_port or self.port
        )
