"""The Containerfile, as far as it can be tried without a container: what it copies is enough, and what it runs works."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import api_process, free_port

_PROJECT = Path(__file__).parents[2]
_TEXT = (_PROJECT / "deploy" / "container" / "Containerfile").read_text(encoding="utf-8")
_BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def instructions(name: str) -> list[str]:
    """What follows an instruction, wherever it is given; lines that go on are one."""
    return re.findall(rf"^{name} (.*)$", _TEXT.replace("\\\n", ""), re.MULTILINE)


def copied() -> list[tuple[list[str], str]]:
    """What is copied from the project, and where to."""
    wanted = [words.split() for words in instructions("COPY") if not words.startswith("--from")]
    return [(sources, target) for *sources, target in wanted]


def test_what_it_copies_makes_all_packages(tmp_path: Path) -> None:
    """A folder's link to another one stays what it was."""
    source = tmp_path / "source"
    source.mkdir()
    for names, target in copied():
        for name in names:
            place = source / Path(target).relative_to("/source")
            if (_PROJECT / name).is_dir():
                shutil.copytree(
                    _PROJECT / name, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(_PROJECT / name, place)
    subprocess.run([sys.executable, "-c", _BUILD, tmp_path], cwd=source, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    for package in _PROJECT.glob("homechart_*"):
        there = {path.relative_to(_PROJECT).as_posix() for path in package.rglob("*") if path.is_file()}
        assert {name for name in there if not name.endswith(".pyc")} <= packed
    assert any(name.startswith("homechart_common/sql/migrations/") for name in packed)


def test_it_runs_programs_that_there_are_as_nobody_in_particular() -> None:
    setup = ConfigParser()
    setup.read(_PROJECT / "setup.cfg")
    programs = set(re.findall(r"^(\S+) =", setup["options.entry_points"]["console_scripts"], re.MULTILINE))
    [command] = map(json.loads, instructions("CMD"))
    assert command == ["homechart-api", "run"]
    assert set(re.findall(r"homechart-\w+(?= run)", _TEXT)) == programs
    [user] = instructions("USER")
    assert user.partition(":")[0].isdecimal()
    assert int(user.partition(":")[0]) > 0


async def test_its_health_check_tells_whether_the_api_serves(database_settings: PostgresqlSettings) -> None:
    [check] = instructions("HEALTHCHECK")
    _, *command = json.loads(check.partition(" CMD ")[2])

    async def status(port: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env={"HOMECHART_APP_PORT": f"{port}"}, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    assert await status(free_port()) == 1
    async with api_process(database_settings) as api:
        assert await status(api.port) == 0
