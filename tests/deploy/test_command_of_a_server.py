"""The command that the guide gives to root is homechart-api as the units run it."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

_COMMAND = Path(__file__).parents[2] / "deploy" / "systemd" / "homechart"
_UNITS = _COMMAND.parent


def test_it_has_what_the_units_have() -> None:
    text = _COMMAND.read_text(encoding="utf-8")
    unit = (_UNITS / "homechart-api@.service").read_text(encoding="utf-8")
    shared = (_UNITS / "homechart-.service.d" / "common.conf").read_text(encoding="utf-8")
    assert "ExecStart=/opt/homechart/.venv/bin/homechart-api " in unit
    assert "/opt/homechart/.venv/bin/homechart-api" in text
    assert "EnvironmentFile=/etc/homechart/environment" in shared
    assert "User=homechart" in shared
    assert "runuser -u homechart " in text


@pytest.mark.skipif(os.geteuid() != 0, reason="runuser is for root: THE COMMAND WAS NOT TRIED")
def test_it_passes_on_the_configuration_and_what_is_asked(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("# a comment\nHOMECHART_SMTP_PASSWORD='a b$c'\n")
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nid -un; echo "$HOMECHART_SMTP_PASSWORD"; printf "%s\\n" "$@"; exit 3\n')
    program.chmod(0o755)
    account = pwd.getpwuid(os.geteuid()).pw_name
    text = _COMMAND.read_text(encoding="utf-8")
    for installed, here in (
        ("/etc/homechart/environment", str(tmp_path / "environment")),
        ("/opt/homechart/.venv/bin/homechart-api", str(program)),
        ("-u homechart ", f"-u {account} "),
    ):
        assert installed in text
        text = text.replace(installed, here)
    script = tmp_path / "homechart"
    script.write_text(text)
    ran = subprocess.run(
        ["sh", script, "export", "Our home", "home.gz"], stdout=subprocess.PIPE, text=True, check=False
    )
    assert ran.stdout.splitlines() == [account, "a b$c", "export", "Our home", "home.gz"]
    assert ran.returncode == 3
