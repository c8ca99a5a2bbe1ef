"""What ``check`` says of set-ups in which something is wrong, one thing at a time."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from homechart_common import clock
from homechart_common.checks import Finding, State, look
from homechart_common.config import load
from homechart_common.postgresql import server
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.embedded import start as start_embedded
from homechart_common.postgresql.embedded import stop as stop_embedded
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.mail_server import CERTIFICATE, mail_server
from tests.openid_provider import openid_provider
from tests.processes import api_process, database_environment, free_port, start
from tests.vault_server import TOKEN, vault_server

Findings = dict[str, Finding]


async def findings(settings: PostgresqlSettings, mail_to: str = "", **options: str) -> Findings:
    """What is found on that database, by what it is about; options such as ``smtp_port``."""
    environment = database_environment(settings)
    environment |= {f"HOMECHART_{name.upper()}": value for name, value in options.items()}
    return {found.about: found async for found in look(load(environment=environment), mail_to)}


def said(finding: Finding) -> tuple[State, str]:
    """How things are, and what is said about it."""
    return finding.state, finding.words


async def test_a_set_up_in_order_is_found_to_be(fresh_database: Database, tmp_path: Path) -> None:
    async with api_process(fresh_database.settings) as api, mail_server() as mail:
        found = await findings(
            fresh_database.settings,
            app_baseurl=api.url,
            smtp_hostname="127.0.0.1",
            smtp_port=str(mail.port),
            smtp_fromaddress="home@house.test",
        )
        assert mail.mails == []
    wrong = [finding for finding in found.values() if finding.state is State.WRONG]
    assert wrong == []
    assert len(found) == 14
    assert found["schema"].words.startswith("up to date, at 00")
    assert found["base URL"].state is State.OK
    assert said(found["mail"]) == (
        State.WARNING,
        f"127.0.0.1:{mail.port} answers, unencrypted: see smtp.requireTLS",
    )


async def test_the_command_ends_with_1_if_something_is_wrong(fresh_database: Database) -> None:
    environment = {**database_environment(fresh_database.settings), "HOMECHART_APP_DATADIRECTORY": "/nowhere"}
    in_order = await start("homechart_worker", "-j", "check", environment=environment)
    assert await in_order.ended() == 0
    assert {finding["about"] for finding in json.loads(in_order.log)} >= {"PostgreSQL", "clock", "Vault"}
    environment["HOMECHART_POSTGRESQL_PASSWORD"] = environment["HOMECHART_POSTGRESQL_USERNAME"] = "nobody"
    refused = await start("homechart_api", "check", environment=environment)
    assert await refused.ended() == 1
    assert "wrong   PostgreSQL: PostgreSQL refuses the connection:" in refused.log
    assert refused.log.endswith("homechart-api: 1 of 7 checks found something wrong\n")


async def test_a_database_that_is_away_does_not_hide_the_rest(database_settings: PostgresqlSettings) -> None:
    port = free_port()
    found = await findings(replace(database_settings, hostname="127.0.0.1", port=port))
    assert said(found["PostgreSQL"]) == (State.WRONG, f"127.0.0.1 port {port}: Connection refused")
    assert said(found["mail"]) == (
        State.WARNING,
        "none is sent, so reminders reach devices alone: see smtp.hostname and smtp.fromAddress",
    )
    assert "schema" not in found


async def test_what_a_start_would_apply_is_named(fresh_database: Database) -> None:
    await fresh_database.execute("DELETE FROM migration WHERE version = 12; DELETE FROM definition")
    found = await findings(fresh_database.settings)
    assert said(found["schema"]) == (
        State.WARNING,
        "not up to date, which the next start or `migrate` sees to: "
        "sql/functions, migration 0012_health, sql/triggers",
    )
    await fresh_database.execute("INSERT INTO migration VALUES (9999, 'later', '')")
    found = await findings(fresh_database.settings)
    assert found["schema"].state is State.WRONG
    assert "a newer Homechart has made" in found["schema"].words


async def test_a_database_that_was_never_used_names_no_migrations(fresh_database: Database) -> None:
    await fresh_database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    found = await findings(fresh_database.settings)
    assert said(found["schema"]) == (
        State.WARNING,
        "never used: the next start, `migrate` or `restore` makes the tables",
    )


async def test_an_encoding_that_lacks_letters_is_wrong(server_settings: PostgresqlSettings) -> None:
    name = f"homechart_test_{uuid.uuid4().hex[:12]}"
    connection = await server.connect(server_settings)
    await connection.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    found = await findings(replace(server_settings, database=name))
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()
    assert "the database is in LATIN1" in found["encoding"].words
    assert found["encoding"].state is State.WRONG


async def test_a_user_without_rights_is_told_which(fresh_database: Database) -> None:
    role = f"visitor_{uuid.uuid4().hex[:12]}"
    await fresh_database.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'visitor'")
    settings = replace(fresh_database.settings, username=role, password="visitor")
    try:
        found = await findings(settings)
        assert said(found["rights"]) == (
            State.WRONG,
            f"{role} may not make tables: let it own the database",
        )
        await fresh_database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        found = await findings(settings)
        assert found["rights"].state is State.WRONG
        assert "may not read and write auth_account, " in found["rights"].words
        owner = fresh_database.settings.username
        found = await findings(settings, postgresql_schemarole=owner)
        assert f"no member of {owner}" in found["rights"].words
    finally:
        await fresh_database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


async def test_more_connections_than_there_are_is_wrong(database_settings: PostgresqlSettings) -> None:
    found = await findings(database_settings, postgresql_maxconnections="100000")
    assert found["connections"].state is State.WRONG
    assert "a process may want 100002: lower postgresql.maxConnections" in found["connections"].words


async def test_a_direct_connection_that_leads_nowhere_is_wrong(database_settings: PostgresqlSettings) -> None:
    found = await findings(
        database_settings, postgresql_directhostname="127.0.0.1", postgresql_directport=str(free_port())
    )
    assert found["notifications"].state is State.WRONG
    assert "Connection refused; see postgresql.directHostname" in found["notifications"].words


async def test_a_direct_connection_to_where_nothing_is_heard_is_wrong(
    fresh_database: Database, server_folder: Path
) -> None:
    """As behind a pooler in transaction mode: one may listen, and hears nothing."""
    elsewhere = await start_embedded(server_folder / "elsewhere")
    try:
        user, database = fresh_database.settings.username, fresh_database.settings.database
        connection = await server.connect(elsewhere)
        if user != elsewhere.username:
            await connection.execute(f'CREATE ROLE "{user}" LOGIN')
        await connection.execute(f"CREATE DATABASE {database}")
        await connection.close()
        found = await findings(
            fresh_database.settings,
            postgresql_directhostname=elsewhere.hostname,
            postgresql_directport=str(elsewhere.port),
        )
    finally:
        await stop_embedded(server_folder / "elsewhere")
    assert found["notifications"].state is State.WRONG
    assert "which seems to be a pooler: let postgresql.directHostname" in found["notifications"].words


async def test_a_clock_that_is_wrong_is_told(database_settings: PostgresqlSettings) -> None:
    with clock.frozen_at(clock.now() - timedelta(minutes=10)):
        found = await findings(database_settings)
    assert found["clock"].state is State.WRONG
    apart = float(found["clock"].words.split(" are ")[1].split(" s ")[0])
    assert apart == pytest.approx(600, abs=60)


@pytest.fixture
async def elsewhere() -> AsyncIterator[TestServer]:
    """A server that is not ours, and one of another version."""
    application = web.Application()

    async def other(_: web.Request) -> web.Response:
        return web.Response(text="<html>")

    async def old(_: web.Request) -> web.Response:
        return web.json_response({"dataValue": [{"version": "2019.1"}]})

    application.router.add_get("/other/api", other)
    application.router.add_get("/old/api", old)
    async with TestServer(application) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "state", "words"),
    [
        ("/other", State.WRONG, "does not answer as Homechart does"),
        ("/old", State.WARNING, "answers as version 2019.1"),
    ],
)
async def test_an_address_where_somebody_else_answers_is_told(
    database_settings: PostgresqlSettings, elsewhere: TestServer, path: str, state: State, words: str
) -> None:
    found = await findings(database_settings, app_baseurl=f"http://127.0.0.1:{elsewhere.port}{path}")
    assert found["base URL"].state is state
    assert words in found["base URL"].words


async def test_providers_that_nobody_could_sign_in_with_are_told(
    database_settings: PostgresqlSettings, tmp_path: Path
) -> None:
    async with openid_provider() as provider:

        async def found(**options: str) -> tuple[State, str]:
            named = {"issuer": provider.issuer, "clientid": "homechart", "displayname": "Our home"} | options
            given = {f"oidc_home_{name}": value for name, value in named.items()}
            return said((await findings(database_settings, **given))["sign-in providers"])

        assert await found() == (State.OK, f"Our home ({provider.issuer})")
        assert provider.asked[-2:] == ["/.well-known/openid-configuration", "/jwks"]
        assert await found(issuer=f"{provider.issuer}/") == (
            State.WRONG,
            f"Our home: the issuer calls itself '{provider.issuer}', not '{provider.issuer}/'",
        )
        assert await found(cafile=str(tmp_path / "none.pem")) == (
            State.WRONG,
            f"oidc.home.caFile: no certificates can be read from {tmp_path / 'none.pem'}: "
            "[Errno 2] No such file or directory",
        )
        provider.said = {"jwks_uri": f"{provider.issuer}/userinfo/none"}
        state, words = await found()
        assert (state, words.startswith(f"Our home: {provider.issuer}/userinfo/none answered 404")) == (
            State.WRONG,
            True,
        )
    state, words = await found()
    assert (state, "cannot be asked" in words) == (State.WRONG, True)


async def test_a_provider_over_an_open_line_is_told(database_settings: PostgresqlSettings) -> None:
    async with openid_provider() as provider:
        options = {
            "issuer": "http://id.house.test",
            "clientid": "homechart",
            **{name: f"{provider.issuer}/{name}" for name in ("authurl", "tokenurl")},
            "jwksurl": f"{provider.issuer}/jwks",
        }
        found = await findings(
            database_settings, **{f"oidc_home_{name}": text for name, text in options.items()}
        )
    assert said(found["sign-in providers"]) == (
        State.WARNING,
        "Home (http://id.house.test); whoever listens on the way to one by http can sign in as anybody",
    )


async def test_an_address_whose_name_nobody_knows_is_told(database_settings: PostgresqlSettings) -> None:
    found = await findings(database_settings, app_baseurl="http://home.invalid")
    assert said(found["base URL"]) == (
        State.WARNING,
        "http://home.invalid cannot be reached from here, as its name is not known: see app.baseURL",
    )


async def test_a_mail_is_sent_to_who_is_named(
    database_settings: PostgresqlSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    async with mail_server(tls=True, login=("jane", "secret")) as mail:
        options = {
            "smtp_hostname": "localhost",
            "smtp_port": str(mail.port),
            "smtp_fromaddress": "home@house.test",
            "smtp_username": "jane",
        }
        found = await findings(database_settings, "ann@house.test", **options, smtp_password="secret")
        assert said(found["mail"]) == (State.OK, f"localhost:{mail.port} took a mail for ann@house.test")
        assert mail.subjects == ["It works"]
        found = await findings(database_settings, **options, smtp_password="secret")
        assert said(found["mail"]) == (State.OK, f"localhost:{mail.port} lets jane in, encrypted")
        found = await findings(database_settings, **options, smtp_password="wrong")
        assert found["mail"].state is State.WRONG
        assert found["mail"].words.startswith(f"localhost:{mail.port}: 535 5.7.8 Authentication")
        assert found["mail"].words.endswith("; see smtp.username and smtp.password")
    found = await findings(database_settings, **options)
    assert found["mail"].state is State.WRONG


async def test_a_vault_that_was_read_is_named(database_settings: PostgresqlSettings) -> None:
    with vault_server() as vault:
        vault.secrets["secret/homechart"] = {}
        found = await findings(database_settings, vault_address=vault.address, vault_token=TOKEN)
    assert said(found["Vault"]) == (State.OK, f"options were read from homechart at {vault.address}")


async def test_a_data_directory_that_cannot_be_made_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {"HOMECHART_APP_DATADIRECTORY": str(tmp_path / "file" / "data")}
    found = {finding.about: finding async for finding in look(load(environment=environment))}
    assert "cannot be written to: see app.dataDirectory" in found["data directory"].words
    assert found["PostgreSQL"].state is State.WRONG
