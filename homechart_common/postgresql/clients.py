"""The programs that PostgreSQL brings for its clients: where they are, and how they reach our database."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homechart_common.errors import HomechartError
from homechart_common.postgresql import programs
from homechart_common.postgresql.settings import PostgresqlSettings

#: Where distributions keep those of several versions.
_DISTRIBUTIONS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, order=True, slots=True)
class Clients:
    """``pg_dump``, ``pg_restore`` and ``psql`` of one version."""

    version: int
    folder: Path

    @classmethod
    def at_least(cls, version: int) -> Clients:
        """The oldest that can deal with a server or a dump of that version; newer ones say what it may not know."""
        found = sorted(cls(known, folder) for folder in _folders() if (known := _version(folder)) >= version)
        if not found:
            raise HomechartError(
                f"There is no pg_dump of PostgreSQL {version} or newer: install postgresql-client-{version}, "
                "or pip install 'homechart[embedded]'"
            )
        return found[0]

    def start(
        self, program: str, *arguments: str, settings: PostgresqlSettings, **streams: Any
    ) -> subprocess.Popen[bytes]:
        """Start a program that reaches the database past any pooler; ``streams`` are those of ``Popen``."""
        return subprocess.Popen(  # noqa: S603 - without a shell
            [self.folder / program, *arguments], env=_environment(settings.direct()), **streams
        )


def _folders() -> Iterator[Path]:
    package = importlib.util.find_spec(programs.PACKAGE)
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / f"pginstall{programs.VERSION}" / "bin"
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).parent
    for pattern in _DISTRIBUTIONS:
        yield from Path("/").glob(pattern.removeprefix("/"))


def _version(folder: Path) -> int:
    """The version of the programs in a folder; 0 if they are not all there."""
    if not all(os.access(folder / program, os.X_OK) for program in ("pg_dump", "pg_restore", "psql")):
        return 0
    try:
        said = subprocess.run(  # noqa: S603 - without a shell
            [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = _VERSION.search(said)
    return int(match[1]) if match else 0


def _environment(settings: PostgresqlSettings) -> dict[str, str]:
    """What libpq is told, and no more than our own connections are: not what happens to be in PGOPTIONS."""
    kept = {name: value for name, value in os.environ.items() if name[:2] != "PG" or name.startswith("PGSSL")}
    return {
        **kept,
        "PGHOST": settings.hostname,
        "PGPORT": str(settings.port),
        "PGDATABASE": settings.database,
        "PGUSER": settings.username,
        "PGPASSWORD": settings.password,
        "PGSSLMODE": settings.ssl_mode,
        "PGTARGETSESSIONATTRS": "read-write",
        "PGCONNECT_TIMEOUT": str(round(settings.connect_timeout_seconds)),
        "PGCLIENTENCODING": "UTF8",
        "PGAPPNAME": "homechart backup",
    }
