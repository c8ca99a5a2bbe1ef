"""What is in the way when the API starts: said in one line, or waited for."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from homechart_common.postgresql import embedded, server
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import Running, answers, api_process, database_environment, free_port, start

Until = Callable[..., Awaitable[None]]


@pytest.fixture
async def private_server(server_folder: Path) -> AsyncIterator[Path]:
    """The folder of a server that only this test has; it is not started."""
    folder = server_folder / uuid.uuid4().hex[:8]
    yield folder
    await embedded.stop(folder)


def environment(settings: PostgresqlSettings, **variables: str) -> dict[str, str]:
    """The variables of an API process on that database."""
    values = {"HOMECHART_APP_HOST": "127.0.0.1", "HOMECHART_APP_PORT": str(free_port())}
    return values | database_environment(settings) | variables


async def refused(api: Running) -> str:
    """The only line of a process that cannot start, which it says so with its status, too."""
    assert await api.ended() == 1, api.log
    assert api.log.count("\n") == 1, api.log
    assert api.log.startswith("homechart-api: ")
    return api.log


async def test_a_port_in_use_is_named(database_settings: PostgresqlSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        variables = environment(database_settings, HOMECHART_APP_PORT=str(port))
        line = await refused(await start("homechart_api", "run", environment=variables))
    reason = "Address already in use; app.port (HOMECHART_APP_PORT) chooses another"
    assert line == f"homechart-api: Cannot listen on port {port}: {reason}\n"


async def test_processes_can_share_a_port(database_settings: PostgresqlSettings) -> None:
    shared = {"HOMECHART_APP_REUSEPORT": "true"}
    async with (
        api_process(database_settings, environment=shared) as first,
        api_process(database_settings, port=first.port, environment=shared) as second,
    ):
        assert await first.stop() == 0
        await answers(second)


async def test_an_address_of_another_host_is_refused(database_settings: PostgresqlSettings) -> None:
    variables = environment(database_settings, HOMECHART_APP_HOST="192.0.2.1")
    line = await refused(await start("homechart_api", "run", environment=variables))
    assert line.endswith(": Cannot assign requested address\n")


async def test_a_certificate_that_is_not_there_is_refused(
    database_settings: PostgresqlSettings, tmp_path: Path
) -> None:
    paths = {f"HOMECHART_APP_TLS{part}": str(tmp_path / part) for part in ("CERTIFICATE", "KEY")}
    line = await refused(
        await start("homechart_api", "run", environment=environment(database_settings, **paths))
    )
    assert line.endswith("app.tlsCertificate, app.tlsKey: cannot be used: No such file or directory\n")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HOMECHART_APP_PORT", "eighty", "app.port (from HOMECHART_APP_PORT): expected a whole number"),
        ("HOMECHART_CONFIG", "app: {prot: 80}", "did you mean app.port?"),
        ("HOMECHART_SMTP_HOSTNAME", "mail.test", "smtp.fromAddress: expected a value"),
    ],
)
async def test_a_wrong_option_is_named_with_its_source(
    variable: str, value: str, words: str, database_settings: PostgresqlSettings
) -> None:
    variables = environment(database_settings, **{variable: value})
    assert words in await refused(await start("homechart_api", "run", environment=variables))


async def test_a_wrong_password_is_not_tried_again(private_server: Path) -> None:
    settings = await embedded.start(private_server)
    rules = private_server / "data" / "pg_hba.conf"
    rules.write_text("local all stranger scram-sha-256\nlocal all all trust\n")
    connection = await server.connect(settings)
    await connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'right'; SELECT pg_reload_conf()")
    await connection.close()
    stranger = replace(settings, username="stranger", password="wrong")
    line = await refused(await start("homechart_api", "run", environment=environment(stranger)))
    assert 'password authentication failed for user "stranger"' in line
    assert "wrong" not in line


async def test_a_database_that_does_not_exist_is_named(database_settings: PostgresqlSettings) -> None:
    missing = replace(database_settings, database="nowhere")
    line = await refused(await start("homechart_api", "run", environment=environment(missing)))
    assert 'database "nowhere" does not exist' in line


async def test_a_database_of_a_newer_homechart_is_left_alone(fresh_database: Database) -> None:
    await fresh_database.execute("INSERT INTO migration (version, name, hash) VALUES (9999, 'future', '')")
    variables = environment(fresh_database.settings)
    assert "a newer Homechart" in await refused(await start("homechart_api", "run", environment=variables))


async def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    variables = {"HOMECHART_APP_DATADIRECTORY": str(tmp_path / "file" / "data")}
    line = await refused(await start("homechart_api", "run", environment=variables))
    assert "The embedded PostgreSQL cannot be started" in line


async def test_a_database_that_comes_later_is_waited_for(private_server: Path) -> None:
    settings = await embedded.start(private_server)
    await embedded.stop(private_server)
    variables = environment(settings)
    api = await start("homechart_api", "run", environment=variables)
    api.port = int(variables["HOMECHART_APP_PORT"])
    try:
        await api.says("Waiting for PostgreSQL")
        await embedded.start(private_server)
        await answers(api)
    finally:
        assert await api.stop() == 0
    assert api.log.count("Waiting for PostgreSQL") <= 2  # not there, then starting


@pytest.mark.parametrize(
    ("obstacle", "sign"),
    [
        # somebody else brings the database up to date
        ("SELECT pg_advisory_lock(1)", "waiting for it"),
        # somebody uses a table for which triggers are made anew
        ("DELETE FROM definition; COMMIT; BEGIN; LOCK plan_task", "others use what it changes"),
        # somebody draws an epoch
        ("BEGIN; LOCK sync_epoch", ""),
    ],
)
async def test_a_database_that_goes_away_while_it_is_brought_up_to_date_is_waited_for(
    obstacle: str, sign: str, private_server: Path, until: Until
) -> None:
    settings = await embedded.start(private_server, {"fsync": "off"})
    database = Database(settings)
    await database.open()
    await migrate(database)
    somebody = await database.direct()
    await somebody.execute(obstacle)
    variables = environment(settings)
    api = await start("homechart_api", "run", environment=variables)
    api.port = int(variables["HOMECHART_APP_PORT"])
    try:
        await api.says(sign)
        await until(lambda: _waits_for_a_lock(database), seconds=20)
        await database.close()
        await embedded.stop(private_server)
        await api.says("Waiting for PostgreSQL")
        await embedded.start(private_server)
        await answers(api)
    finally:
        assert await api.stop() == 0


async def _waits_for_a_lock(database: Database) -> bool:
    return bool(await database.fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_a_host_without_an_address_is_waited_for() -> None:
    variables = environment(PostgresqlSettings(hostname="nowhere.invalid", database="x"))
    api = await start("homechart_api", "run", environment=variables)
    await api.says("Waiting for PostgreSQL: nowhere.invalid port ")
    assert await api.stop() == 0
    assert "Errno" not in api.log


async def test_a_process_that_waits_for_its_database_can_be_stopped() -> None:
    variables = environment(PostgresqlSettings(hostname="127.0.0.1", port=free_port(), database="x"))
    api = await start("homechart_api", "run", environment=variables)
    await api.says("Waiting for PostgreSQL")
    async with asyncio.timeout(2):
        assert await api.stop() == 0


async def test_processes_that_start_at_once_on_an_empty_database_all_serve(private_server: Path) -> None:
    settings = await embedded.start(private_server, {"fsync": "off"})
    apis = []
    for _ in range(2):
        variables = environment(settings)
        apis.append(await start("homechart_api", "run", environment=variables))
        apis[-1].port = int(variables["HOMECHART_APP_PORT"])
    try:
        await asyncio.gather(*map(answers, apis))
    finally:
        assert [await api.stop() for api in apis] == [0, 0]
