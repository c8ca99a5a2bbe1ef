"""Configuration of things with names of their own, such as the providers that people sign in with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from homechart_common.config import Config, OidcProvider, load
from homechart_common.config.sections import GOOGLE_ISSUER
from homechart_common.errors import ConfigurationError

HOME = OidcProvider(
    name="home",
    issuer="https://id.home.test/",
    client_id="app",
    client_secret="hunter2",
    scopes=("openid", "email"),
)
DOCUMENT = {
    "issuer": "https://id.home.test/",
    "clientID": "app",
    "clientSecret": "hunter2",
    "scopes": ["openid", "email"],
}
VARIABLES = {
    "HOMECHART_OIDC_HOME_ISSUER": "https://id.home.test/",
    "HOMECHART_OIDC_HOME_CLIENTID": "app",
    "HOMECHART_OIDC_HOME_CLIENTSECRET": "hunter2",
    "HOMECHART_OIDC_HOME_SCOPES": "openid,email",
}


def refusal(*overrides: str, **variables: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(overrides=overrides, environment=variables)
    return refused.value.message


def test_a_document_says_all_of_a_thing() -> None:
    config = load(overrides=[f"config={json.dumps({'oidc': {'home': DOCUMENT}})}"], environment={})
    assert config.oidc.providers == (HOME,)


def test_variables_say_all_of_a_thing_and_are_blank_afterwards() -> None:
    environment = dict(VARIABLES)
    config = load(environment=environment)
    assert config.oidc.providers == (HOME,)
    assert set(environment.values()) == {""}
    assert config.notices == ()


def test_each_source_wins_over_the_one_before_option_by_option() -> None:
    config = load(
        overrides=["oidc_home_displayname=override"],
        environment={
            "HOMECHART_CONFIG": json.dumps(
                {"oidc": {"home": {**DOCUMENT, "displayName": "document", "icon": "home"}}}
            ),
            "HOMECHART_OIDC_HOME_CLIENTID": "variable",
            "HOMECHART_OIDC_HOME_DISPLAYNAME": "variable",
        },
    )
    (provider,) = config.oidc.providers
    assert (provider.icon, provider.client_id, provider.display_name) == ("home", "variable", "override")


def test_there_can_be_several_and_the_one_by_its_old_options() -> None:
    config = load(
        overrides=["oidc_googleclientid=id,oidc_googleclientsecret=secret"],
        environment={
            **VARIABLES,
            "HOMECHART_OIDC_WORK_ISSUER": "https://a.test",
            "HOMECHART_OIDC_WORK_CLIENTID": "b",
        },
    )
    known = {provider.name: provider for provider in config.oidc.everywhere}
    assert list(known) == ["google", "home", "work"]
    assert known["home"] == HOME
    google = known["google"]
    assert (google.issuer, google.client_id, google.client_secret) == (GOOGLE_ISSUER, "id", "secret")
    assert known["work"].scopes == ("openid", "email", "profile")
    assert [provider.label for provider in known.values()] == ["Google", "Home", "Work"]


def test_secrets_are_masked_where_they_are_shown_and_kept_for_other_processes() -> None:
    config = load(environment=dict(VARIABLES))
    shown = config.shown()["oidc"]
    assert (shown["home"]["clientID"], shown["home"]["clientSecret"]) == ("app", "********")
    assert "hunter2" not in str(shown) + repr(config)
    assert load(environment={"HOMECHART_CONFIG": config.document()}) == config
    assert "oidc" not in Config().shown()


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (
            "oidc_home_issuer=https://a.test",
            "oidc.home.clientID: expected a value because oidc.home.issuer (from -x",
        ),
        (
            "oidc_home_icon=key",
            "oidc.home.clientID: expected a value because oidc.home.icon (from -x oidc_home_icon)",
        ),
        (
            "oidc_home_trustemailaddresses=no,oidc_home_clientid=x",
            "oidc.home.issuer: expected a value because",
        ),
        (
            "oidc_home_issuer=id.home.test",
            "oidc.home.issuer (from -x oidc_home_issuer): expected an http:// or https://",
        ),
        ("oidc_home_icon=<svg>", "oidc.home.icon (from -x oidc_home_icon): expected the name of an icon"),
        ("oidc_home_clientauthentication=jwt", "expected one of basic, post, got 'jwt'"),
        ("oidc_home_trustemailaddresses=maybe", "expected true or false"),
        ("oidc_home_clientidd=x", "there is no such option, did you mean oidc_home_clientid?"),
        ("oidc_my_home_clientid=x", "there is no such option"),
        ("oidc_1st_clientid=x", "there is no such option"),
        (
            "config={oidc: {home: {clientId: x}}}",
            "there is no option oidc.home.clientId, did you mean oidc.home.clientID?",
        ),
        ("config={oidc: {Home: {clientID: x}}}", "there is no option oidc.Home"),
        ("config={oidc: {home: x}}", "there is no option oidc.home"),
        ("config={app: {home: {clientID: x}}}", "there is no option app.home"),
        (
            "config={oidc: {home: {scopes: openid email, clientID: [x]}}}",
            "oidc.home.clientID (from -x config): expected text",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_source(override: str, expected: str) -> None:
    assert expected in refusal(override)


def test_a_variable_that_is_no_option_of_a_thing_is_named() -> None:
    (notice,) = load(environment={**VARIABLES, "HOMECHART_OIDC_HOME_CLIENT": "x"}).notices
    assert notice.startswith(
        "HOMECHART_OIDC_HOME_CLIENT is not an option, did you mean HOMECHART_OIDC_HOME_CLIENT"
    )


def test_the_same_is_not_said_in_two_ways() -> None:
    old = "oidc_googleclientid=id,oidc_googleclientsecret=secret"
    assert refusal(old, "oidc_google_clientid=id", "oidc_google_issuer=https://accounts.google.com") == (
        "oidc.googleClientID (from -x oidc_googleclientid): expected no value because oidc.google.clientID"
        " (from -x oidc_google_clientid) says the same"
    )


def test_the_examples_of_the_page_are_configurations_and_name_the_addresses_that_people_come_back_to() -> (
    None
):
    page = (Path(__file__).parents[2] / "docs" / "signing-in.md").read_text(encoding="utf-8")
    documents = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    ours = [document for document in documents if "oidc" in document]
    configs = [load(overrides=[f"config={json.dumps(document)}"], environment={}) for document in ours]
    names = [provider.name for config in configs for provider in config.oidc.everywhere]
    assert names == ["home", "google", "authelia", "keycloak", "authentik"]
    sent_back_to = set(re.findall(r"https://home\.example\.com/oidc\?provider=(\w+)", page))
    assert sent_back_to == {"NAME", "2", *names} - {"home", "google"}
