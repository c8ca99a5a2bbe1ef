"""The file: a ZIP archive with what is said about it, and what PostgreSQL's own program made."""

from __future__ import annotations

import fcntl
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from homechart_common.errors import HomechartError

#: What this Homechart writes and reads.
FORMAT = 1

_MANIFEST = "manifest.json"
_DUMP = "database.dump"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is said about a backup."""

    #: The Homechart that made it.
    homechart: str
    #: When, in UTC.
    made: str
    #: The versions of the server, and of the program that read it.
    postgresql: int
    pg_dump: int
    #: The hashes of the migrations that the database had had, by their version.
    migrations: dict[int, str]
    format: int = FORMAT

    @property
    def schema(self) -> int:
        """The newest migration."""
        return max(self.migrations, default=0)


@contextmanager
def written(path: Path, manifest: Manifest) -> Iterator[IO[bytes]]:
    """A new backup, of which the block writes the dump.

    Only its owner can read it. It has its name once it is complete and on the disk, and is gone if it cannot be
    completed.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        if path.exists():
            raise HomechartError(f"{path}: File exists")
        descriptor = _begun(unfinished)
        try:
            with os.fdopen(descriptor, "wb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                    archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=2))
                    with archive.open(_DUMP, "w", force_zip64=True) as dump:
                        yield dump
                file.flush()
                os.fsync(file.fileno())
                unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise HomechartError(f"{path}: {error.strerror}") from error


def _begun(unfinished: Path) -> int:
    """A new file, locked as long as it is open, in place of one that was left when its process was killed."""
    with suppress(FileNotFoundError):
        left = os.open(unfinished, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unfinished.unlink()
        except BlockingIOError:
            raise HomechartError(f"{unfinished}: another process is writing this backup") from None
        finally:
            os.close(left)
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


@contextmanager
def opened(path: Path) -> Iterator[tuple[Manifest, IO[bytes]]]:
    """A backup that is whole: what is said about it, and the dump. Raises HomechartError for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            if broken := archive.testzip():
                raise HomechartError(f"{path}: {broken} in it is damaged")
            manifest = _manifest(archive.read(_MANIFEST))
            with archive.open(_DUMP) as dump:
                yield manifest, dump
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError):
        raise HomechartError(f"{path} is no backup of Homechart, or not all of one") from None
    except OSError as error:
        raise HomechartError(f"{path}: {error.strerror}") from error


def _manifest(text: bytes) -> Manifest:
    said = json.loads(text)
    if said["format"] != FORMAT:
        raise HomechartError(
            f"This backup was made by Homechart {said['homechart']}, and only that can restore it"
        )
    datetime.fromisoformat(said["made"])
    migrations = {int(version): str(hash_) for version, hash_ in said.pop("migrations").items()}
    return Manifest(**said, migrations=migrations)
