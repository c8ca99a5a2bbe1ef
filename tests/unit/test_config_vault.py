"""Options that Vault keeps, over real HTTP: how they are read, and what is said when they cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from homechart_common.config import Config, load
from homechart_common.errors import ConfigurationError
from tests.vault_server import CERTIFICATE, TOKEN, VaultServer, vault_server

#: Must be in nothing that anybody sees.
SECRET = "hunter2"


@pytest.fixture
def vault() -> Iterator[VaultServer]:
    with vault_server() as running:
        running.secrets["secret/homechart"] = {"smtp_password": SECRET}
        yield running


def read(vault: VaultServer, *overrides: str, token: str = TOKEN, **environment: str) -> Config:
    """What comes of it all, signed in by a token unless that is empty."""
    given = (f"vault_address={vault.address}", f"vault_token={token}", *overrides)
    return load(overrides=given, environment=environment)


def refusal(vault: VaultServer, *overrides: str, token: str = TOKEN) -> str:
    """What is said; it is one line and quotes no secret."""
    with pytest.raises(ConfigurationError) as refused:
        read(vault, *overrides, token=token)
    message = refused.value.message
    assert refused.value.__cause__ is None
    assert "\n" not in message
    assert SECRET not in message
    assert TOKEN not in message
    return message.replace(vault.address, "VAULT")


def test_a_secret_names_options_as_a_document_does_or_as_x_does(vault):
    vault.secrets["secret/homechart"] = {
        "smtp": {"hostname": "mail.test", "port": 25},
        "SMTP_PASSWORD": SECRET,
        "smtp_fromAddress": "home@mail.test",
        "app_featurevotes": "one,two",
    }
    config = read(vault)
    assert (config.smtp.hostname, config.smtp.port, config.smtp.password) == ("mail.test", 25, SECRET)
    assert config.smtp.from_address == "home@mail.test"
    assert config.app.feature_votes == ("one", "two")


def test_what_has_a_name_of_its_own_may_be_in_a_secret_either_way(vault):
    vault.secrets["secret/homechart"] = {
        "oidc": {"home": {"clientID": "homechart", "issuer": "https://id.test"}},
        "oidc_home_clientsecret": SECRET,
    }
    [provider] = read(vault).oidc.providers
    assert (provider.name, provider.client_id, provider.client_secret) == ("home", "homechart", SECRET)


def test_it_wins_over_files_and_loses_against_the_environment_and_overrides(vault, tmp_path):
    vault.secrets["secret/homechart"] = {"app": dict.fromkeys(("motd", "host", "uiDir"), "vault")}
    file = tmp_path / "homechart.yaml"
    file.write_text(
        json.dumps({"vault": {"address": vault.address, "token": TOKEN}, "app": {"motd": "f", "port": 7}})
    )
    config = load([str(file)], ["app_uidir=x"], {"HOMECHART_APP_HOST": "variable"})
    assert (config.app.motd, config.app.port) == ("vault", 7)
    assert (config.app.host, config.app.ui_dir) == ("variable", "x")


def test_options_that_belong_together_may_come_from_different_places(vault):
    vault.secrets["secret/homechart"] = {"smtp_fromaddress": "home@mail.test"}
    assert read(vault, "smtp_hostname=mail.test").smtp.from_address == "home@mail.test"


def test_of_several_paths_the_last_wins(vault):
    vault.secrets["secret/all"] = {"smtp_password": "other", "smtp_username": "everybody"}
    config = read(vault, HOMECHART_VAULT_PATHS="all,homechart")
    assert (config.smtp.username, config.smtp.password) == ("everybody", SECRET)


def test_the_first_version_of_the_engine_is_read_too(vault):
    vault.engines = {"team/kv": 1}
    vault.secrets = {"team/kv/homechart": {"smtp_password": SECRET}}
    assert read(vault, "vault_mount=team/kv", "vault_kvversion=1").smtp.password == SECRET


def test_a_namespace_is_named_in_every_question(vault):
    read(vault, "vault_namespace=family")
    assert {headers["X-Vault-Namespace"] for _, headers in vault.asked} == {"family"}


def test_a_token_in_a_file_signs_in(vault, tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read(vault, f"vault_tokenfile={file}", token="").smtp.password == SECRET


def test_an_app_role_signs_in(vault):
    vault.logins["approle"] = {"role_id": "home", "secret_id": "id"}
    config = read(vault, "vault_approleid=home,vault_approlesecretid=id", token="")
    assert config.smtp.password == SECRET


def test_a_service_account_of_kubernetes_signs_in(vault, tmp_path):
    (tmp_path / "token").write_text("eyJhbGciOi")
    vault.logins["cluster"] = {"role": "homechart", "jwt": "eyJhbGciOi"}
    role = "vault_kubernetesrole=homechart,vault_kubernetesmount=cluster"
    account = f"vault_kubernetestokenfile={tmp_path / 'token'}"
    assert read(vault, role, account, token="").smtp.password == SECRET


def test_its_certificate_is_checked_with_the_authorities_that_are_named():
    with vault_server(tls=True) as vault:
        vault.secrets["secret/homechart"] = {"smtp_password": SECRET}
        address = f"vault_address=https://localhost:{vault.port}"
        assert read(vault, address, f"vault_cacertificate={CERTIFICATE}").smtp.password == SECRET
        assert "has a certificate that is not trusted" in refusal(vault, address)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "Vault at VAULT is sealed or not ready"),
        (501, "Vault at VAULT is not initialised"),
        (429, "Vault at VAULT is asked too often"),
        (500, "Vault at VAULT failed"),
        (
            403,
            "Vault at VAULT denies secret/homechart: the token is wrong or expired, or its policy does not",
        ),
        (400, "Vault at VAULT does not take secret/homechart for a secret"),
    ],
)
def test_what_keeps_it_from_answering_is_said(vault, status, words):
    vault.failure = status
    assert refusal(vault).startswith(words)


def test_a_wrong_token_is_denied(vault):
    vault.tokens.clear()
    assert "the token is wrong or expired" in refusal(vault)


def test_an_absent_secret_is_named(vault):
    assert refusal(vault, "vault_paths=cellar") == "Vault at VAULT has no secret secret/cellar for this token"
    assert "has no secret cellar/homechart" in refusal(vault, "vault_mount=cellar")


@pytest.mark.parametrize("version", [1, 2])
def test_another_version_of_the_engine_is_named(vault, version):
    vault.engines["secret"] = 3 - version
    assert refusal(vault, f"vault_kvversion={version}") == (
        f"Vault at VAULT keeps secret in version {3 - version} of the KV engine: set vault.kvVersion"
    )


def test_a_refused_sign_in_says_what_to_look_at(vault, tmp_path):
    (tmp_path / "jwt").write_text(SECRET)
    role = f"vault_approleid=home,vault_approlesecretid={SECRET}"
    account = f"vault_kubernetesrole=home,vault_kubernetestokenfile={tmp_path / 'jwt'}"
    assert "has nothing at auth/approle" in refusal(vault, role, token="")
    vault.logins = {"approle": {"role_id": "", "secret_id": ""}, "kubernetes": {"role": "", "jwt": ""}}
    said = refusal(vault, role, token="")
    assert "refuses the AppRole: vault.appRoleID or vault.appRoleSecretID is wrong" in said
    assert "refuses this service account the role home" in refusal(vault, account, token="")


def test_one_way_to_sign_in_is_expected(vault):
    assert refusal(vault, f"vault_tokenfile={CERTIFICATE}").endswith("got vault.token and vault.tokenFile")
    with pytest.raises(ConfigurationError, match="to sign in with, got none"):
        read(vault, token="")


def test_a_slow_answer_is_not_waited_for(vault):
    vault.awake.clear()
    assert refusal(vault, "vault_timeoutseconds=1") == "Vault at VAULT gave no answer within 1 s"


def test_nobody_there_is_said(vault, unused_tcp_port):
    address = f"http://127.0.0.1:{unused_tcp_port}"
    said = refusal(vault, f"vault_address={address}").replace(address, "VAULT")
    assert said == "Vault at VAULT cannot be reached: Connection refused"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"data": null}', b'{"data": {"data": "hunter2"}}'])
def test_what_is_not_vault_is_told_apart(vault, answer):
    vault.instead = answer
    said = refusal(vault)
    assert "does not answer as Vault does" in said or "expected a secret to hold names and values" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"smtp_pass": SECRET}, "Vault, secret/homechart: there is no option smtp_pass"),
        ({"smtp": {"passwort": SECRET}}, "there is no option smtp.passwort, did you mean smtp.password?"),
        ({"cellar": {"key": SECRET}}, "there is no section 'cellar'"),
        ({"app_port": SECRET}, "app.port (from Vault, secret/homechart): expected a whole number"),
        ({"vault_token": SECRET}, "where Vault is cannot be said in Vault"),
    ],
)
def test_what_a_secret_should_not_hold_is_named_without_its_value(vault, content, words):
    vault.secrets["secret/homechart"] = content
    assert words in refusal(vault)


def test_files_that_cannot_be_used_are_named(vault, tmp_path):
    empty = tmp_path / "empty"
    empty.touch()
    assert "No such file" in refusal(vault, f"vault_cacertificate={tmp_path / 'none.pem'}")
    assert "holds no certificates" in refusal(vault, f"vault_cacertificate={empty}")
    for file, words in ((tmp_path / "none", "cannot be read: No such file"), (empty, "is empty")):
        with pytest.raises(ConfigurationError, match=words):
            read(vault, f"vault_tokenfile={file}", token="")


def test_a_token_that_no_header_can_hold_is_not_quoted(vault):
    for unfit in (f"{TOKEN} ✓", f"{TOKEN}\nX-More: 1"):
        assert "holds characters that no token has" in refusal(vault, token=unfit)


def test_another_process_gets_what_was_read_and_need_not_ask(vault):
    handed_on = read(vault).document()
    asked = len(vault.asked)
    config = load(environment={"HOMECHART_CONFIG": handed_on})
    assert (config.smtp.password, config.vault.address) == (SECRET, "")
    assert len(vault.asked) == asked


def test_what_is_shown_masks_how_to_sign_in(vault):
    shown = json.dumps(read(vault).shown())
    assert TOKEN not in shown
    assert SECRET not in shown


def test_nobody_pays_for_it_who_has_none():
    script = "import sys; from homechart_common.config import load; load(environment={}); print('hvac' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert ended.stdout == "False\n"
