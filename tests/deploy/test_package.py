"""What is installed from a source distribution or a wheel is complete, and works without the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest

from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.postgresql.database import Database
from tests.processes import answers, database_environment, free_port, start

_PROJECT = Path(__file__).parents[2]
_NO_SOURCE = (
    ".git",
    ".venv",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "*.egg-info",
    "artefacts",
    "build",
    "dist",
)
_BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"


@dataclass(frozen=True)
class Built:
    """Both packages, and what was said while they were built."""

    source: Path
    wheel: Path
    said: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A source distribution, and a wheel that was built from it."""
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(_PROJECT, folder / "copy", symlinks=True, ignore=shutil.ignore_patterns(*_NO_SOURCE))
    said = _build("build_sdist", folder / "copy", folder)
    [source] = folder.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    said += _build("build_wheel", folder / source.name.removesuffix(".tar.gz"), folder)
    [wheel] = folder.glob("*.whl")
    return Built(source, wheel, said)


def _build(what: str, project: Path, folder: Path) -> str:
    """Build a package of the project into the folder, as pip and build do."""
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, what, folder],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def files_of(*folders: str) -> set[str]:
    """The files of the project below these folders, in which links have become what they lead to."""
    found = (path for folder in folders for path in (_PROJECT / folder).rglob("*"))
    linked = (_PROJECT / "homechart_common" / "sql").rglob("*")
    return {
        str(path.relative_to(_PROJECT))
        for path in (*found, *linked)
        if path.is_file() and path.suffix != ".pyc"
    }


def test_setuptools_has_nothing_to_complain_of(built: Built) -> None:
    assert "Warning" not in built.said


def test_the_wheel_is_the_packages(built: Built) -> None:
    packed = {name for name in ZipFile(built.wheel).namelist() if ".dist-info/" not in name}
    assert packed == files_of("homechart_api", "homechart_common", "homechart_worker")


def test_the_source_distribution_has_what_its_readme_refers_to(built: Built) -> None:
    with tarfile.open(built.source) as archive:
        assert not any(member.issym() for member in archive.getmembers())
        packed = {name.partition("/")[2] for name in archive.getnames()}
    wanted = files_of("bench", "deploy", "docs", "homechart_api", "homechart_common", "tests")
    assert wanted | {"ARCHITECTURE.md", "LICENSE", "Makefile", "README.md", "setup.cfg"} <= packed


@pytest.fixture
def installed(built: Built, tmp_path: Path) -> dict[str, str]:
    """The variables with which Python takes the programs from an installation of the wheel."""
    installing = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target"]
    subprocess.run([*installing, tmp_path, built.wheel], check=True)
    variables = {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    asking = [sys.executable, "-c", "import homechart_api; print(homechart_api.__file__)"]
    found = subprocess.run(
        asking, env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(str(tmp_path))
    return variables


async def test_what_the_wheel_installs_serves(installed: dict[str, str], fresh_database: Database) -> None:
    await fresh_database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    variables = {
        **installed,
        **database_environment(fresh_database.settings),
        "HOMECHART_APP_HOST": "127.0.0.1",
        "HOMECHART_APP_PORT": str(free_port()),
    }
    api = await start("homechart_api", "run", UNTIL_INPUT_ENDS, environment=variables)
    api.port = int(variables["HOMECHART_APP_PORT"])
    try:
        await answers(api)
        assert "Applying migration 0001_sync" in api.log
        async with aiohttp.ClientSession(api.url) as client:
            for page in ("/", "/page.css", "/api/docs"):
                async with client.get(page) as response:
                    assert response.status == 200, page
    finally:
        assert await api.stop() == 0
