"""systemd understands the units, and they give away little."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import string
import subprocess
import sys
import time
from pathlib import Path

import pytest

from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import database_environment

_UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
#: What the documentation installs into.
_INSTALLED = "/opt/homechart/.venv/bin/"
#: systemd's scale from 0 (nothing to gain) to 100 (everything).
_MOST_EXPOSED = "15"
#: Those that are no templates.
_WHOLE = ("homechart.target", "homechart-backup.service", "homechart-backup.timer")

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: NO UNIT WAS CHECKED"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units of two API processes and a worker, for the programs of this installation."""
    folder = tmp_path / "units"
    shutil.copytree(_UNITS, folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace(_INSTALLED, f"{Path(sys.executable).parent}/"))
    for template, instance in (("api", "3000"), ("api", "3001"), ("worker", "3101")):
        (folder / f"homechart-{template}@{instance}.service").symlink_to(f"homechart-{template}@.service")
    return folder


def analysed(units: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says, with these units beside those of the system."""
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_the_units_are_understood(units: Path) -> None:
    verified = analysed(units, "verify", *units.glob("*@?*.service"), *(units / name for name in _WHOLE))
    assert verified.stdout == ""
    assert verified.returncode == 0


def test_a_mistake_in_what_they_share_would_be_noticed(units: Path) -> None:
    shared = units / "homechart-.service.d" / "common.conf"
    shared.write_text(shared.read_text().replace("ProtectSystem", "ProtectSytem"))
    verified = analysed(units, "verify", *units.glob("*@?*.service"))
    assert "ProtectSytem" in verified.stdout


@pytest.mark.parametrize(
    "unit", ["homechart-api@3000.service", "homechart-worker@3101.service", "homechart-backup.service"]
)
def test_the_sandbox_is_tight(unit: str, units: Path) -> None:
    rated = analysed(units, "security", "--offline=yes", f"--threshold={_MOST_EXPOSED}", units / unit)
    assert rated.returncode == 0, rated.stdout


async def test_the_backup_is_made_and_only_what_is_too_old_goes(
    units: Path, tmp_path: Path, database_settings: PostgresqlSettings
) -> None:
    """With the commands of the unit, which systemd would run."""
    kept, old, foreign = (tmp_path / f"{name}.backup" for name in ("homechart-kept", "homechart-old", "mine"))
    for path, days in ((kept, 13), (old, 16), (foreign, 16)):
        path.touch()
        os.utime(path, (time.time() - days * 86_400,) * 2)
    unit = (units / "homechart-backup.service").read_text()
    variables = dict(re.findall(r"^Environment=(\w+)=(.*)$", unit, re.MULTILINE))
    environment = {"PATH": os.environ["PATH"], **database_environment(database_settings)}
    commands = re.findall(r"^ExecStart(?:Post)?=(.*)$", unit, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        words = string.Template(command.replace("%S/homechart-backups", str(tmp_path))).substitute(variables)
        await (await asyncio.create_subprocess_exec(*words.split(), env=environment)).wait()
    made = set(tmp_path.glob("*.backup")) - {kept, foreign}
    assert [path.exists() for path in (kept, old, foreign)] == [True, False, True]
    assert [path.stat().st_size > 1000 for path in made] == [True]
