"""Providers that say what they should not, and whoever passes for one: nobody is signed in by that."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from homechart_common.postgresql.database import Database
from tests.openid_provider import CLIENT, Claims, OpenIDProvider, come_back, new_key, openid_provider
from tests.visitors import StartAPI, Visitor, new_address

FAILED = "Signing in there did not work, please try again"

Forge = Callable[[OpenIDProvider, Claims], str]


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[OpenIDProvider]:
    async with openid_provider(redirect_uris={"http://localhost:3000/oidc?provider=home"}) as provider:
        yield provider


@pytest.fixture(scope="module")
async def visitor(start_api: StartAPI, provider: OpenIDProvider) -> Visitor:
    return await start_api(f"config={json.dumps({'oidc': provider.options('home')})}")


@pytest.fixture(autouse=True)
def as_new(provider: OpenIDProvider) -> None:
    provider.person = {"sub": uuid.uuid4().hex, "email": new_address(), "email_verified": True}
    provider.forge = None
    provider.brief = False


async def sign_in(visitor: Visitor) -> tuple[int, str]:
    """Go there and come back; the status, and what is said."""
    begun = (await visitor.get("/oidc/home?pkce=true")).value
    back = await come_back(begun["url"])
    body = {"oidcCode": back["code"], "oidcState": back["state"], "tosAccepted": True}
    answer = await visitor.post("/auth/signin", body)
    return answer.status, answer.message if answer.status != 200 else ""


def changed(**members: Any) -> Forge:
    """A token of the provider's that says something else."""
    return lambda provider, claims: provider.signed({**claims, **members})


def without(name: str) -> Forge:
    return lambda provider, claims: provider.signed({key: claims[key] for key in claims if key != name})


def unsigned(provider: OpenIDProvider, claims: Claims) -> str:
    return f"{_part({'alg': 'none', 'kid': provider.key.kid})}.{_part(claims)}."


def signed_by_nobody(provider: OpenIDProvider, claims: Claims) -> str:
    return f"{_part({'alg': 'RS256', 'kid': provider.key.kid})}.{_part(claims)}."


def signed_with_what_everybody_knows(provider: OpenIDProvider, claims: Claims) -> str:
    """HMAC, with the text of the public key as the secret."""
    pem = provider.key.as_bytes(private=False)
    key = OctKey.import_key({"kty": "oct", "k": base64.urlsafe_b64encode(pem).rstrip(b"=").decode()})
    header = {"alg": "HS256", "kid": provider.key.kid}
    return jwt.encode(header, claims, key, ["HS256"])


def signed_with_the_client_secret(provider: OpenIDProvider, claims: Claims) -> str:
    key = OctKey.import_key(provider.secret.ljust(32))
    return jwt.encode({"alg": "HS256", "kid": provider.key.kid}, claims, key, ["HS256"])


def signed_with_another_key(provider: OpenIDProvider, claims: Claims) -> str:
    return provider.signed(claims, new_key(str(provider.key.kid)))


def signed_with_a_key_that_it_brings(provider: OpenIDProvider, claims: Claims) -> str:
    key = new_key("its own")
    return provider.signed(claims, key, jwk=key.as_dict(private=False))


def signed_with_another_kind_of_key(provider: OpenIDProvider, claims: Claims) -> str:
    return provider.signed(claims, new_key(str(provider.key.kid), ECKey))


def changed_afterwards(provider: OpenIDProvider, claims: Claims) -> str:
    header, _, signature = provider.signed(claims).split(".")
    return f"{header}.{_part({**claims, 'sub': 'somebody else'})}.{signature}"


def with_something_critical(provider: OpenIDProvider, claims: Claims) -> str:
    header = {"alg": "RS256", "kid": provider.key.kid, "crit": ["x"], "x": 1}
    text = f"{_part(header)}.{_part(claims)}"
    signature = jws.serialize_compact({"alg": "RS256"}, text, provider.key).rpartition(".")[2]
    return f"{text}.{signature}"


def no_object(provider: OpenIDProvider, claims: Claims) -> str:
    header = {"alg": "RS256", "kid": provider.key.kid}
    return jws.serialize_compact(header, b"[1]", provider.key)


def nested(provider: OpenIDProvider, claims: Claims) -> str:
    header = {"alg": "RS256", "kid": provider.key.kid}
    return jws.serialize_compact(header, b"[" * 90_000, provider.key)


NOW = int(time.time())
#: What each hostile token is, by what makes it.
HOSTILE: dict[str, Forge] = {
    "unsigned": unsigned,
    "signed by nobody": signed_by_nobody,
    "HMAC with the public key": signed_with_what_everybody_knows,
    "HMAC with the client's secret": signed_with_the_client_secret,
    "another key of the same name": signed_with_another_key,
    "a key in the token": signed_with_a_key_that_it_brings,
    "another kind of key": signed_with_another_kind_of_key,
    "changed after it was signed": changed_afterwards,
    "something critical": with_something_critical,
    "no object": no_object,
    "nested": nested,
    "nothing": lambda provider, claims: "",
    "no token": lambda provider, claims: "a.b.c",
    "dots": lambda provider, claims: "." * 1000,
    "a nested header": lambda provider, claims: f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.e30.",
    "another issuer": changed(iss="https://accounts.google.com"),
    "an issuer that is a list": changed(iss=["https://accounts.google.com"]),
    "no issuer": without("iss"),
    "another audience": changed(aud="another"),
    "no audience": without("aud"),
    "an empty audience": changed(aud=[]),
    "an audience like ours": changed(aud=CLIENT + "2"),
    "two audiences": changed(aud=[CLIENT, "another"]),
    "two audiences, made for the other": changed(aud=[CLIENT, "another"], azp="another"),
    "made for another": changed(azp="another"),
    "over": changed(exp=NOW - 3600),
    "never over": without("exp"),
    "over at no time": changed(exp="tomorrow"),
    "from the future": changed(iat=NOW + 3600),
    "from no time": without("iat"),
    "not yet": changed(nbf=NOW + 3600),
    "another nonce": changed(nonce="0" * 64),
    "a nonce that is none": changed(nonce=["0" * 64]),
    "no nonce": without("nonce"),
    "nobody": changed(sub=""),
    "no subject": without("sub"),
    "a subject that is a number": changed(sub=5),
    "a subject without end": changed(sub="x" * 256),
}


@pytest.mark.parametrize("forge", [pytest.param(forge, id=name) for name, forge in HOSTILE.items()])
async def test_a_token_that_cannot_be_believed_signs_nobody_in(
    visitor: Visitor, provider: OpenIDProvider, database: Database, forge: Forge, lines: list[str]
) -> None:
    before = await database.fetch_value("SELECT count(*) FROM auth_account")
    provider.forge = lambda claims: forge(provider, claims)
    assert await sign_in(visitor) == (400, FAILED)
    assert await database.fetch_value("SELECT count(*) FROM auth_account") == before
    (line,) = (line for line in lines if "A provider did not sign somebody in" in line)
    assert "home" in line


@pytest.mark.parametrize(
    "forge",
    [
        changed(aud=CLIENT),
        changed(aud=[CLIENT, "another"], azp=CLIENT),
        lambda provider, claims: provider.signed(
            {**claims, "exp": claims["iat"] - 30, "iat": claims["iat"] + 30}
        ),
        lambda provider, claims: provider.signed(claims, typ="JWT", x5t="not known"),
        lambda provider, claims: jwt.encode(
            {"alg": "PS256", "kid": provider.key.kid}, claims, provider.key, ["PS256"]
        ),
        lambda provider, claims: jwt.encode({"alg": "RS512"}, claims, provider.key, ["RS512"]),
    ],
    ids=["one audience", "made for us", "clocks", "more in the header", "PSS", "no name of the key"],
)
async def test_what_providers_may_do_is_accepted(
    visitor: Visitor, provider: OpenIDProvider, forge: Forge
) -> None:
    provider.forge = lambda claims: forge(provider, claims)
    assert await sign_in(visitor) == (200, "")


async def test_what_is_told_besides_the_token_must_be_about_the_same_person(
    visitor: Visitor, provider: OpenIDProvider
) -> None:
    provider.brief = True
    provider.forge = lambda claims: provider.signed({**claims, "sub": "victim"})
    assert await sign_in(visitor) == (400, FAILED)


async def test_a_secret_that_is_wrong_is_of_no_use(
    start_api: StartAPI, provider: OpenIDProvider, lines: list[str]
) -> None:
    for secret in ("wrong", ""):
        options = {"oidc": provider.options("home", clientSecret=secret)}
        assert await sign_in(await start_api(f"config={json.dumps(options)}")) == (400, FAILED)
    assert any("invalid_client" in line for line in lines)


def _part(said: Claims) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(said)).rstrip(b"=").decode()
