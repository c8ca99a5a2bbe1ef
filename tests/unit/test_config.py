"""Configuration: the sources, their order, how values are read, and what is refused."""

from __future__ import annotations

import io
import json
from dataclasses import FrozenInstanceError

import pytest

from homechart_common.config import Config, load
from homechart_common.errors import ConfigurationError
from homechart_common.notify.vapid import KeyPair

KEYS = KeyPair.generated()
VAPID_PRIVATE_KEY, VAPID_PUBLIC_KEY = KEYS.private_key, KEYS.public_key


def refusal(**given) -> str:
    """The message with which this configuration is refused."""
    with pytest.raises(ConfigurationError) as refused:
        load(**{"environment": {}, **given})
    return refused.value.message


def test_nothing_given_leaves_every_default():
    assert load(environment={}) == Config()
    assert Config().app.base_url == "http://localhost:3000"
    assert Config().app.rate_limiter_rate == "10-M"


def test_each_source_wins_over_the_one_before(tmp_path):
    document = tmp_path / "homechart.yaml"
    everything = {"app": {"motd": "file", "host": "file", "uiDir": "file", "cacheControl": "file"}}
    document.write_text(json.dumps(everything))
    config = load(
        [str(document)],
        ["app_cachecontrol=override"],
        {
            "HOMECHART_CONFIG": "app: {host: document, uiDir: document, cacheControl: document}",
            "HOMECHART_APP_UIDIR": "variable",
            "HOMECHART_APP_CACHECONTROL": "variable",
        },
    )
    assert config.app.motd == "file"
    assert config.app.host == "document"
    assert config.app.ui_dir == "variable"
    assert config.app.cache_control == "override"


def test_a_list_replaces_the_one_before():
    environment = {
        "HOMECHART_CONFIG": "app: {adminEmailAddresses: [a@example.net, b@example.net]}",
        "HOMECHART_APP_ADMINEMAILADDRESSES": "c@example.net",
    }
    assert load(environment=environment).app.admin_email_addresses == ("c@example.net",)


def test_a_directory_is_read_in_the_order_of_names(tmp_path):
    (tmp_path / "1.yaml").write_text("app:\n  motd: first\n  port: 1\n")
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "more.json").write_text('{\n\t"app": {"motd": "second"}\n}')
    (tmp_path / "notes.txt").write_text("not: [configuration")
    (tmp_path / ".hidden.yaml").write_text("app: {motd: hidden}")
    config = load([str(tmp_path)], environment={})
    assert (config.app.motd, config.app.port) == ("second", 1)


def test_paths_are_separated_by_commas_and_the_last_wins(tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("app: {motd: one, port: 1}")
    two.write_text("app: {motd: two}")
    config = load([f"{one},{two}"], environment={})
    assert (config.app.motd, config.app.port) == ("two", 1)


def test_a_dash_reads_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("app: {motd: typed}"))
    assert load(["-"], environment={}).app.motd == "typed"


def test_an_override_can_hold_a_whole_document():
    config = load(overrides=['config={"app": {"port": 81, "motd": "a, b=c"}}'], environment={})
    assert (config.app.port, config.app.motd) == (81, "a, b=c")


@pytest.mark.parametrize("text", ["", "---", "app:", "app: {motd: null}", "{}"])
def test_a_document_that_says_nothing_changes_nothing(text):
    assert load(overrides=[f"config={text}"], environment={}) == Config()


@pytest.mark.parametrize(
    ("word", "value"),
    [(word, True) for word in ("1", "t", "true", "YES")]
    + [(word, False) for word in ("0", "F", "false", "no")],
)
def test_booleans_are_words(word, value):
    assert load(environment={"HOMECHART_APP_DEMO": word}).app.demo is value


def test_zero_is_a_value():
    config = load(environment={"HOMECHART_APP_PORT": "0", "HOMECHART_TRACING_SAMPLERRATIO": "0"})
    assert (config.app.port, config.tracing.sampler_ratio) == (0, 0.0)


def test_an_empty_variable_counts_as_not_given():
    environment = {"HOMECHART_APP_PORT": "", "HOMECHART_APP_MOTD": "", "HOMECHART_APP_DEMO": ""}
    assert load(overrides=["app_baseurl="], environment=environment) == Config()


def test_lists_are_split_at_commas_and_not_trimmed():
    assert load(environment={"HOMECHART_APP_FEATUREVOTES": "Dark mode, please,more"}).app.feature_votes == (
        "Dark mode",
        " please",
        "more",
    )


@pytest.mark.parametrize(
    "text", ["@int 5", "@format {this}", "@jinja {{ 7 * 7 }}", "12", "true", "[1]", "a b "]
)
def test_text_is_taken_as_it_is(text):
    assert load(environment={"HOMECHART_SMTP_PASSWORD": text}).smtp.password == text


def test_numbers_may_be_text_in_documents():
    config = load(overrides=["config={app: {port: '80'}, tracing: {samplerRatio: 1}}"], environment={})
    assert (config.app.port, config.tracing.sampler_ratio) == (80, 1.0)


def test_variables_that_were_read_are_blank_afterwards():
    environment = {
        "HOMECHART_CONFIG": "app: {port: 80}",
        "HOMECHART_POSTGRESQL_PASSWORD": "secret",
        "HOMECHART_OTHER": "kept",
        "PATH": "/bin",
    }
    load(environment=environment)
    assert environment == {
        "HOMECHART_CONFIG": "",
        "HOMECHART_POSTGRESQL_PASSWORD": "",
        "HOMECHART_OTHER": "kept",
        "PATH": "/bin",
    }


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("app_port=web", "app.port (from -x app_port): expected a whole number from 0 to 65535, got 'web'"),
        ("app_port=65536", "expected a whole number from 0 to 65535, got 65536"),
        ("app_port=1.5", "expected a whole number"),
        ("app_demo=maybe", "expected true or false, got 'maybe'"),
        ("app_keepdeleteddays=0", "expected a whole number of at least 1, got 0"),
        ("app_ratelimiterrate=10-Y", "such as 10-M, got '10-Y'"),
        ("app_ratelimiterrate=0-M", "such as 10-M"),
        ("app_baseurl=home.example.com", "http:// or https://"),
        ("app_baseurl=https://home.example.com/", "does not end with a slash"),
        ("tracing_samplerratio=nan", "expected a number"),
        ("postgresql_sslmode=on", "expected one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("webpush_vapidpublickey=abc", "65 bytes in unpadded base64url"),
        ("config={app: {port: true}}", "(from -x config): expected a whole number from 0 to 65535, got True"),
        ("config={app: {motd: 5}}", "expected text"),
        ("config={app: {demo: 2}}", "expected true or false"),
        ("config={smtp: {noEmailDomains: [1]}}", "expected a list of texts"),
    ],
)
def test_a_wrong_value_names_option_source_and_what_was_expected(override, expected):
    assert expected in refusal(overrides=[override])


def test_every_wrong_value_is_named_at_once():
    message = refusal(environment={"HOMECHART_APP_PORT": "x", "HOMECHART_SMTP_PORT": "y"})
    assert "app.port (from HOMECHART_APP_PORT)" in message
    assert "smtp.port (from HOMECHART_SMTP_PORT)" in message


@pytest.mark.parametrize(
    ("private", "option"),
    [
        (KeyPair.generated().private_key, "webPush.vapidPublicKey"),
        ("A" * 43, "webPush.vapidPrivateKey"),
        ("_" * 43, "webPush.vapidPrivateKey"),
    ],
    ids=["of another pair", "zero", "beyond the curve"],
)
def test_keys_for_web_push_belong_together(private, option):
    message = refusal(
        overrides=[f"webpush_vapidprivatekey={private}"],
        environment={"HOMECHART_WEBPUSH_VAPIDPUBLICKEY": VAPID_PUBLIC_KEY},
    )
    assert message.startswith(f"{option} (from ")
    assert private not in message
    pair = f"webpush_vapidprivatekey={VAPID_PRIVATE_KEY},webpush_vapidpublickey={VAPID_PUBLIC_KEY}"
    assert load(overrides=[pair], environment={}).web_push.vapid_public_key == VAPID_PUBLIC_KEY


def test_a_wrong_secret_is_not_repeated():
    message = refusal(environment={"HOMECHART_WEBPUSH_VAPIDPRIVATEKEY": "hunter2"})
    assert "webPush.vapidPrivateKey (from HOMECHART_WEBPUSH_VAPIDPRIVATEKEY)" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("config={ap: {}}", "there is no section 'ap', did you mean app?"),
        ("config={app: {baseUrl: x}}", "there is no option app.baseUrl, did you mean app.baseURL?"),
        ("config=[1]", "expected the document to hold names and values"),
        ("config={app: 5}", "expected app to hold names and values"),
        ("config={app: [", "neither JSON nor YAML at line 1"),
        ("app_prot=1", "-x app_prot: there is no such option, did you mean app_port?"),
        ("app_port", "-x app_port: expected section_key=value"),
        ("app_motd=a=b", "with neither , nor = in the value"),
    ],
)
def test_what_does_not_exist_or_cannot_be_read_is_refused(override, expected):
    assert expected in refusal(overrides=[override])


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    assert "no.yaml: cannot be read: No such file or directory" in refusal(paths=[str(tmp_path / "no.yaml")])
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    assert "it is not UTF-8 text" in refusal(paths=[str(tmp_path / "binary.yaml")])


@pytest.mark.parametrize(
    ("override", "missing"),
    [
        ("app_tlskey=key.pem", "app.tlsCertificate"),
        ("smtp_hostname=mail.example.com", "smtp.fromAddress"),
        (f"webpush_vapidpublickey={VAPID_PUBLIC_KEY}", "webPush.vapidPrivateKey"),
        ("oidc_googleclientid=id", "oidc.googleClientSecret"),
    ],
)
def test_options_that_belong_together_are_given_together(override, missing):
    name = override.partition("=")[0]
    message = refusal(overrides=[override])
    assert message.startswith(f"{missing}: expected a value because ")
    assert message.endswith(f" (from -x {name}) has one")


def test_options_of_the_baseline_without_a_meaning_are_accepted_and_named():
    config = load(
        overrides=["config={paddle: {sandbox: true}}", "app_gtmid=x"],
        environment={"HOMECHART_APP_CLOUDJWT": "token"},
    )
    assert len(config.notices) == 3
    assert "paddle.sandbox (from -x config) has no effect: there are no payments" in config.notices
    assert not any("token" in notice for notice in config.notices)


def test_a_variable_that_is_no_option_is_named_and_not_an_error():
    config = load(environment={"HOMECHART_APP_BASEURI": "x", "HOMECHART_SERVICE_HOST": "10.0.0.1"})
    assert config.notices == ("HOMECHART_APP_BASEURI is not an option, did you mean HOMECHART_APP_BASEURL?",)


def test_the_result_is_frozen_and_does_not_print_secrets():
    config = load(environment={"HOMECHART_POSTGRESQL_PASSWORD": "hunter2"})
    with pytest.raises(FrozenInstanceError):
        config.app.port = 1  # type: ignore[misc]
    assert "hunter2" not in repr(config)


def test_what_is_shown_masks_secrets_and_leaves_out_what_is_hidden():
    shown = load(environment={"HOMECHART_SMTP_PASSWORD": "hunter2"}).shown()
    assert shown["smtp"]["password"] == "********"
    assert shown["postgresql"]["password"] == ""
    assert shown["app"]["baseURL"] == "http://localhost:3000"
    assert "oidc" not in shown
    assert "hunter2" not in str(shown)


def test_no_database_means_the_embedded_one():
    assert load(environment={"HOMECHART_POSTGRESQL_MAXCONNECTIONS": "3"}).postgresql_settings() is None


def test_a_database_is_reached_as_configured():
    settings = load(
        overrides=["postgresql_database=home,postgresql_maxlifetimeminutes=2,postgresql_directport=5433"],
        environment={},
    ).postgresql_settings()
    assert settings is not None
    assert (settings.hostname, settings.database, settings.max_lifetime_seconds) == ("localhost", "home", 120)
    assert settings.direct().port == 5433


def test_files_live_in_the_data_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load(environment={}).data_directory == tmp_path / "homechart"
    assert str(load(overrides=["app_datadirectory=/srv/home"], environment={}).data_directory) == "/srv/home"


def test_domains_that_get_no_mail_are_compared_without_case():
    smtp = load(overrides=["smtp_noemaildomains=Internal.Test"], environment={}).smtp
    assert not smtp.delivers_to("jane@internal.test")
    assert not smtp.delivers_to("jane@EXAMPLE.com")
    assert smtp.delivers_to("jane@example.org")


def test_features_are_on_when_they_are_configured():
    config = load(
        overrides=[
            "smtp_hostname=mail,smtp_fromaddress=a@b",
            "oidc_googleclientid=id,oidc_googleclientsecret=secret,cli_debug=true",
        ],
        environment={},
    )
    assert config.smtp.is_enabled
    assert [provider.name for provider in config.oidc.everywhere] == ["google"]
    assert config.debug
    nothing = Config()
    assert not any((nothing.smtp.is_enabled, nothing.oidc.everywhere))
    assert not nothing.debug
