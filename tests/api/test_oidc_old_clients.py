"""Clients of 2023 know Google alone, and keep the state to themselves (contract §3.5)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.arrivals import BASE, FAILED, account_of, new_person, sign_in, there_and_back
from tests.openid_provider import OpenIDProvider, come_back, openid_provider
from tests.visitors import StartAPI, Visitor


@pytest.fixture(scope="module")
async def google() -> AsyncIterator[OpenIDProvider]:
    """The provider that they know."""
    async with openid_provider(redirect_uris={f"{BASE}2"}, authentication="client_secret_post") as provider:
        yield provider


@pytest.fixture(scope="module")
async def visitor(start_api: StartAPI, google: OpenIDProvider) -> Visitor:
    """Somebody without a session at a server that knows it, and a second one."""
    home = google.options("home")
    return await start_api(f"config={json.dumps({'oidc': {**home, **google.options('google')}})}")


@pytest.fixture(autouse=True)
def as_new(google: OpenIDProvider) -> None:
    """It signs in somebody new."""
    google.person = new_person()
    google.asked.clear()


async def test_old_clients_are_told_the_one_provider_that_they_know(visitor: Visitor) -> None:
    assert (await visitor.get("/oidc")).values == [2]
    for name in ("apple", "password", "..%2f"):
        unknown = await visitor.get(f"/oidc/{name}")
        assert (unknown.status, unknown.body) == (200, None)
    for query in ("pkce=", "pkce=yes", "pkce=true&pkce=true"):
        assert (await visitor.get(f"/oidc/google?{query}")).message == "pkce: must be true or false"


async def test_old_clients_keep_the_state_to_themselves(visitor: Visitor, google: OpenIDProvider) -> None:
    begun = (await visitor.get("/oidc/google")).value
    assert "code_challenge" not in begun["url"]
    back = await come_back(begun["url"])
    assert (back["path"], back["provider"], back["state"]) == ("/oidc", "2", begun["state"])
    body = {"emailAddress": "a@b.test", "oidcCode": back["code"], "oidcProviderType": 2, "tosAccepted": True}
    created = await visitor.post("/auth/accounts", body)
    assert (await account_of(visitor, created))["emailAddress"] == google.person["email"]
    back = await come_back((await visitor.get("/oidc/google")).value["url"])
    body = {"emailAddress": "a@b.test", "oidcCode": back["code"], "oidcProviderType": 2, "password": ""}
    assert (await visitor.post("/auth/signin", body)).value["authAccountID"] == created.value["authAccountID"]


async def test_a_code_that_was_asked_for_with_a_verifier_is_nothing_without_the_state(
    visitor: Visitor, google: OpenIDProvider
) -> None:
    stolen = await there_and_back(visitor, "google")
    for number in (2, 0):
        answer = await sign_in(
            visitor, {"oidcCode": stolen["oidcCode"], "oidcProviderType": number}, tosAccepted=True
        )
        assert answer.message == FAILED
    assert google.asked.count("/token") == 2


async def test_not_even_if_the_provider_forgets_the_verifier(
    visitor: Visitor, google: OpenIDProvider
) -> None:
    stolen = await there_and_back(visitor, "google")
    google.codes[stolen["oidcCode"]].code_challenge = None
    body = {"oidcCode": stolen["oidcCode"], "oidcProviderType": 2}
    assert (await sign_in(visitor, body, tosAccepted=True)).message == FAILED


@pytest.mark.parametrize("number", [1, 3])
async def test_other_numbers_are_no_providers(visitor: Visitor, number: int) -> None:
    answer = await sign_in(visitor, {"oidcCode": "x", "oidcProviderType": number})
    assert answer.message == "oidcCode: must come with the oidcState that belongs to it"
