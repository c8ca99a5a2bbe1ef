"""A provider as it is asked: where it is, what it may take, and how often it is asked for its keys."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from homechart_common.config import OidcProvider
from homechart_common.config.sections import GOOGLE_ISSUER
from homechart_common.errors import ConfigurationError
from homechart_common.oidc.kept import Kept
from homechart_common.oidc.provider import Identity, Provider
from homechart_common.oidc.transport import MOST_BYTES, ProviderError
from tests.openid_provider import CLIENT, SECRET, Claims, OpenIDProvider, come_back, openid_provider
from tests.rogue_server import RogueServer, answer, bomb, endless, redirect, rogue_server

BACK = "https://home.test/oidc?provider=home"
CERTIFICATE = Path(__file__).parents[1] / "localhost.pem"
DISCOVERY = "/.well-known/openid-configuration"
JSON = "Content-Type: application/json"


@pytest.fixture
async def real() -> AsyncIterator[OpenIDProvider]:
    async with openid_provider(redirect_uris={BACK}) as provider:
        yield provider


@pytest.fixture
async def site() -> AsyncIterator[RogueServer]:
    async with rogue_server() as server:
        yield server


def provider_at(issuer: str, *, seconds: float = 5, **members: Any) -> Provider:
    settings = {"name": "home", "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, **members}
    return Provider(OidcProvider(**settings), seconds=seconds)


async def signed_in(provider: Provider, verifier: str = "v" * 50) -> Identity:
    """Whoever signs in at a provider."""
    back = await come_back(await provider.address(BACK, "state", "n" * 64, verifier))
    return await provider.redeem(back["code"], BACK, verifier, "n" * 64)


async def refusal(provider: Provider) -> str:
    """Why nobody can be sent to a provider."""
    with pytest.raises(ProviderError) as refused:
        await provider.address(BACK, "state", "nonce", "")
    return str(refused.value)


async def test_where_to_go_keeps_what_the_address_has_already(real: OpenIDProvider) -> None:
    real.said = {"authorization_endpoint": f"{real.issuer}/authorize?realm=a%20b"}
    sent = urlsplit(await provider_at(real.issuer, scopes=("email",)).address(BACK, "s t", "n", ""))
    assert parse_qs(sent.query) == {
        "realm": ["a b"],
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": [BACK],
        "scope": ["openid email"],
        "state": ["s t"],
        "nonce": ["n"],
    }


@pytest.mark.parametrize(
    ("accepted", "members", "works"),
    [
        ("client_secret_basic", {}, True),
        ("client_secret_post", {}, True),
        ("none", {"client_secret": ""}, True),
        ("client_secret_post", {"client_authentication": "post"}, True),
        ("client_secret_post", {"client_authentication": "basic"}, False),
        ("client_secret_basic", {"client_authentication": "post"}, False),
        ("client_secret_basic", {"client_secret": ""}, False),
    ],
)
async def test_the_secret_is_sent_as_the_provider_takes_it(
    real: OpenIDProvider, accepted: str, members: dict[str, Any], works: bool
) -> None:
    real.authentication = accepted
    provider = provider_at(real.issuer, **members)
    if works:
        assert (await signed_in(provider)).subject == "jane"
    else:
        with pytest.raises(ProviderError, match="invalid_client"):
            await signed_in(provider)


async def test_a_provider_that_says_nothing_of_that_takes_it_in_the_header(real: OpenIDProvider) -> None:
    real.said = {"token_endpoint_auth_methods_supported": None}
    assert (await signed_in(provider_at(real.issuer))).subject == "jane"


async def test_what_the_configuration_says_is_not_asked_for(real: OpenIDProvider) -> None:
    provider = provider_at(
        real.issuer,
        auth_url=f"{real.issuer}/authorize",
        token_url=f"{real.issuer}/token",
        jwks_url=f"{real.issuer}/jwks",
    )
    assert (await signed_in(provider)).email_address == "jane@house.test"
    assert real.asked == ["/authorize", "/token", "/jwks"]


async def test_what_the_configuration_says_counts_more_than_what_the_issuer_does(
    real: OpenIDProvider,
) -> None:
    real.said = {"token_endpoint": "http://nowhere.test/token", "userinfo_endpoint": "http://nowhere.test/"}
    real.brief = True
    userinfo = f"{real.issuer}/userinfo"
    assert (
        await signed_in(provider_at(real.issuer, token_url=f"{real.issuer}/token", userinfo_url=userinfo))
    ).verified


async def test_everything_is_asked_for_once_and_kept(real: OpenIDProvider) -> None:
    provider = provider_at(real.issuer)
    await asyncio.gather(*(provider.address(BACK, "state", "nonce", "") for _ in range(10)))
    for _ in range(3):
        await signed_in(provider)
    assert (real.asked.count(DISCOVERY), real.asked.count("/jwks")) == (1, 1)


async def test_keys_are_asked_for_again_for_one_that_is_unknown_but_not_again_and_again(
    real: OpenIDProvider,
) -> None:
    provider = provider_at(real.issuer)
    await signed_in(provider)
    real.rotate()
    await signed_in(provider)
    known = real.key
    for _ in range(5):
        real.rotate()
        with pytest.raises(ProviderError, match="key is not known"):
            await signed_in(provider)
    assert real.asked.count("/jwks") == 2
    real.key = known
    assert (await signed_in(provider)).subject == "jane"


async def test_a_provider_spelled_without_its_slash_is_another_one(real: OpenIDProvider) -> None:
    assert "calls itself" in await refusal(provider_at(f"{real.issuer}/"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"issuer": "https://accounts.google.com"}, "the issuer calls itself 'https://accounts.google.com'"),
        ({"issuer": None}, "calls itself None"),
        ({"authorization_endpoint": None}, "does not say authorization_endpoint"),
        ({"token_endpoint": ["x"]}, "does not say token_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint is no address"),
        ({"token_endpoint": "file:///etc/passwd"}, "token_endpoint is no address"),
        ({"jwks_uri": "http://a.test/ x"}, "jwks_uri is no address"),
        ({"userinfo_endpoint": "ftp://a.test"}, "userinfo_endpoint is no address"),
        ({"authorization_endpoint": "http://a.test/\r\nX: y"}, "authorization_endpoint is no address"),
        ({"authorization_endpoint": "http://a.test/#x"}, "authorization_endpoint is no address"),
    ],
)
async def test_an_issuer_that_says_what_cannot_be_is_not_believed(
    real: OpenIDProvider, said: Claims, why: str
) -> None:
    real.said = said
    assert why in await refusal(provider_at(real.issuer))


async def test_a_provider_behind_tls_is_checked_and_sends_nobody_over_an_open_line(tmp_path: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE)
    async with openid_provider(tls, redirect_uris={BACK}) as secure:
        secure.issuer = secure.issuer.replace("127.0.0.1", "localhost")
        assert "certificate" in await refusal(provider_at(secure.issuer))
        trusted = provider_at(secure.issuer, ca_file=str(CERTIFICATE))
        assert (await trusted.address(BACK, "s", "n", "")).startswith(f"{secure.issuer}/authorize?")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            secure.said = {name: "http://localhost/"}
            refused = await refusal(provider_at(secure.issuer, ca_file=str(CERTIFICATE)))
            assert refused.startswith(f"{name} is no address that could be used")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_keeps_the_server_from_starting(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"oidc\.home\.caFile: no certificates can be read from"):
        provider_at("https://id.home.test", ca_file=str(path))


async def test_a_provider_that_is_not_there_is_no_provider(site: RogueServer) -> None:
    assert "cannot be asked" in await refusal(provider_at(f"http://127.0.0.1:{_nowhere()}"))
    assert "answered 404" in await refusal(provider_at(site.url(host="127.0.0.1")))


async def test_what_an_answer_may_take_is_bounded(site: RogueServer) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    issuer = f"http://127.0.0.1:{site.port}"
    for behaviour, why in (
        (endless(head, b" ", 0.02), "took longer than 0.3 seconds"),
        (endless(head, b" " * 65536), f"answered more than {MOST_BYTES // 1024} kB"),
        (answer(b" " * (MOST_BYTES + 1), JSON), "answered more than"),
        (answer(bomb(20), JSON, "Content-Encoding: gzip"), "answered no JSON object"),
        (answer("[" * 100_000, JSON), "answered no JSON object"),
        (answer("[1]", JSON), "answered no JSON object"),
        (answer('{"issuer": "' + "x" * 9000 + '"}', JSON), "the issuer calls itself"),
        (answer("<html>", "Content-Type: text/html"), "answered no JSON object"),
        (redirect(f"{issuer}/elsewhere"), "answered 302"),
        (
            answer('{"error": "server_error", "error_description": "' + "x" * 9000 + '"}', JSON, status=500),
            "answered 500",
        ),
    ):
        site.at(DISCOVERY, behaviour)
        refused = await refusal(provider_at(issuer, seconds=0.3))
        assert why in refused
        assert len(refused) < 600


@pytest.mark.parametrize(
    "document", [{}, {"keys": []}, {"keys": "x"}, {"keys": [1, None, {"kty": "RSA", "n": "x"}]}]
)
async def test_a_provider_without_keys_signs_nobody_in(
    real: OpenIDProvider, site: RogueServer, document: dict[str, Any]
) -> None:
    site.page("/jwks", json.dumps(document), JSON)
    provider = provider_at(real.issuer, jwks_url=f"http://127.0.0.1:{site.port}/jwks")
    with pytest.raises(ProviderError, match="no key that could verify"):
        await signed_in(provider)


async def test_an_address_is_verified_by_who_says_it_alone(real: OpenIDProvider) -> None:
    real.brief = True
    real.forge = lambda claims: real.signed({**claims, "email": "victim@house.test"})
    identity = await signed_in(provider_at(real.issuer))
    assert (identity.email_address, identity.verified) == ("jane@house.test", True)


@pytest.mark.parametrize("said", [{}, {"id_token": 5}, {"id_token": ""}, {"error": "x", "id_token": None}])
async def test_an_answer_without_a_token_signs_nobody_in(
    real: OpenIDProvider, site: RogueServer, said: dict[str, Any]
) -> None:
    site.page("/token", json.dumps(said), JSON)
    with pytest.raises(ProviderError, match="does not say id_token"):
        await signed_in(provider_at(real.issuer, token_url=f"http://127.0.0.1:{site.port}/token"))


async def test_google_spells_itself_in_two_ways(real: OpenIDProvider) -> None:
    urls = {
        f"{name}_url": f"{real.issuer}/{path}"
        for name, path in (("auth", "authorize"), ("token", "token"), ("jwks", "jwks"))
    }
    provider = provider_at(GOOGLE_ISSUER, **urls)
    for spelled in (GOOGLE_ISSUER, "accounts.google.com"):
        real.forge = lambda claims, spelled=spelled: real.signed({**claims, "iss": spelled})
        assert (await signed_in(provider)).issuer == GOOGLE_ISSUER
    real.forge = None
    with pytest.raises(ProviderError, match="not for us"):
        await signed_in(provider)


async def test_a_failure_is_shared_by_all_who_wait_and_forgotten() -> None:
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        if asked == 1:
            raise ProviderError("down")
        return asked

    kept = Kept(ask, 60)
    outcomes = await asyncio.gather(*(kept.get() for _ in range(5)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["down"] * 5
    assert await kept.get() == 2
    assert (await kept.get(), await kept.get(anew=True), asked) == (2, 3, 3)


async def test_who_goes_away_takes_nothing_from_others_who_wait() -> None:
    released = asyncio.Event()

    async def ask() -> str:
        await released.wait()
        return "there"

    kept = Kept(ask, 60)
    impatient, patient = asyncio.create_task(kept.get()), asyncio.create_task(kept.get())
    await asyncio.sleep(0)
    impatient.cancel()
    released.set()
    assert await patient == "there"


def _nowhere() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
