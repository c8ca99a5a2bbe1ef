"""systemd understands the units, and they give away little."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
#: What the documentation installs into.
_INSTALLED = "/opt/homechart/.venv/bin/"
#: systemd's scale from 0 (nothing to gain) to 100 (everything).
_MOST_EXPOSED = "15"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: NO UNIT WAS CHECKED"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units of two API processes and a worker, for the programs of this installation."""
    folder = tmp_path / "units"
    shutil.copytree(_UNITS, folder)
    for unit in folder.glob("*@.service"):
        unit.write_text(unit.read_text().replace(_INSTALLED, f"{Path(sys.executable).parent}/"))
    for template, instance in (("api", "3000"), ("api", "3001"), ("worker", "1")):
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
    verified = analysed(units, "verify", *units.glob("*@?*.service"), units / "homechart.target")
    assert verified.stdout == ""
    assert verified.returncode == 0


def test_a_mistake_in_what_they_share_would_be_noticed(units: Path) -> None:
    shared = units / "homechart-.service.d" / "common.conf"
    shared.write_text(shared.read_text().replace("ProtectSystem", "ProtectSytem"))
    verified = analysed(units, "verify", *units.glob("*@?*.service"))
    assert "ProtectSytem" in verified.stdout


@pytest.mark.parametrize("unit", ["homechart-api@3000.service", "homechart-worker@1.service"])
def test_the_sandbox_is_tight(unit: str, units: Path) -> None:
    rated = analysed(units, "security", "--offline=yes", f"--threshold={_MOST_EXPOSED}", units / unit)
    assert rated.returncode == 0, rated.stdout
