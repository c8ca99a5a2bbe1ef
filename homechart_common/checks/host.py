"""This host: what is stored on it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from homechart_common.checks.findings import Circumstances, Finding, ok, warning, wrong

_MEGABYTE = 1024 * 1024
#: Below so much free space there is trouble soon, and now.
_LITTLE = 1024 * _MEGABYTE
_NEARLY_NOTHING = 100 * _MEGABYTE


async def data_directory(circumstances: Circumstances) -> Finding:
    """Whether the embedded database can grow; with any other, nothing is stored here."""
    about, config = "data directory", circumstances.config
    if not config.postgresql.is_embedded:
        return ok(about, "nothing is stored on this host")
    directory = config.data_directory
    there = _nearest(directory)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return wrong(about, f"{directory} cannot be written to: see app.dataDirectory")
    free = shutil.disk_usage(there).free
    said = f"{directory}, with {free // _MEGABYTE} MB free"
    if free < _NEARLY_NOTHING:
        return wrong(about, f"{said}: PostgreSQL stops when there is nothing left")
    return warning(about, f"{said}: make room") if free < _LITTLE else ok(about, said)


def _nearest(directory: Path) -> Path:
    """The directory, or that in which it will be made."""
    directory = directory.absolute()
    return next(path for path in (directory, *directory.parents) if path.exists())
