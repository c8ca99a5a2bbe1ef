"""A provider that people sign in with, over HTTP on the loopback: Authlib's, with everything it checks.

It can be told to sign what it should not, so that it is a hostile one as well.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

Claims = dict[str, Any]

#: What a client at a provider is called, and its secret; with what has to be encoded in them.
CLIENT, SECRET = "home:chart", "s+cr/et %&"
JANE: Claims = {"sub": "jane", "email": "jane@house.test", "email_verified": True, "name": "Jane"}


@dataclass
class _Code:
    """A code that waits to be redeemed."""

    code: str
    redirect_uri: str
    scope: str
    claims: Claims
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    get_acr = get_amr = get_auth_time


@dataclass
class OpenIDProvider:
    """Signs in whoever comes as ``person``."""

    #: Where clients may let people be sent back to.
    redirect_uris: set[str] = field(default_factory=set)
    person: Claims = field(default_factory=lambda: dict(JANE))
    authentication: str = "client_secret_basic"
    secret: str = SECRET
    #: Whether tokens say only who somebody is, and the rest has to be asked for.
    brief: bool = False
    issuer: str = ""
    key: Key = field(default_factory=lambda: first_key())
    #: Makes another token out of the claims of the right one.
    forge: Callable[[Claims], str] | None = None
    #: What answers and discovery say besides, or instead.
    said: Claims = field(default_factory=dict)
    #: The paths that were asked for, in order.
    asked: list[str] = field(default_factory=list)
    #: The codes that were sent back with people and not redeemed yet.
    codes: dict[str, _Code] = field(default_factory=dict)

    def options(self, name: str, **more: Any) -> dict[str, Any]:
        """How a configuration names this provider."""
        return {name: {"issuer": self.issuer, "clientID": CLIENT, "clientSecret": self.secret, **more}}

    def rotate(self) -> None:
        """Sign with another key from now on; the one before is no more."""
        self.key = new_key(f"{self.key.kid} and another", ECKey)

    def signed(self, claims: Claims, key: Key | None = None, **header: Any) -> str:
        """A token."""
        key = key or self.key
        return jwt.encode({"alg": algorithm_of(key), "kid": key.kid, **header}, claims, key)

    def application(self) -> web.Application:
        """What serves it."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        app.router.add_get("/jwks", self._jwks)
        return app

    async def _discovery(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "token_endpoint_auth_methods_supported": [self.authentication],
                **self.said,
            }
        )

    async def _jwks(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def _userinfo(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        assert request.headers["Authorization"].startswith("Bearer ")
        return web.json_response(self.person)

    async def _authorize(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        server, said = _Server(self), _Request(request, dict(request.query))
        try:
            grant = server.get_consent_grant(said, self.person)
            return server.create_authorization_response(said, self.person, grant=grant)
        except OAuth2Error as error:
            return web.json_response({"error": error.error}, status=400)

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        form = {name: str(value) for name, value in (await request.post()).items()}
        return _Server(self).create_token_response(_Request(request, form))


class _Client(ClientMixin):
    """The one client that a provider has."""

    def __init__(self, provider: OpenIDProvider) -> None:
        self._provider = provider

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self._provider.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self._provider.authentication

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Server(AuthorizationServer):
    """Authlib's server, asked by aiohttp."""

    def __init__(self, provider: OpenIDProvider) -> None:
        super().__init__()
        self.provider = provider
        self.register_token_generator("default", self._generate)
        self.register_grant(_Grant, [_OpenID(provider), CodeChallenge(required=True)])

    def query_client(self, client_id: str) -> _Client | None:
        return _Client(self.provider) if client_id == CLIENT else None

    def save_token(self, token: Claims, request: OAuth2Request) -> None:
        """Nobody asks for it again."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def send_signal(self, *_: Any, **__: Any) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> web.Response:
        if not isinstance(body, dict):
            return web.Response(status=status, text=body, headers=dict(headers))
        if "id_token" in body and self.provider.forge:
            claims = jwt.decode(body["id_token"], self.provider.key).claims
            body = {**body, "id_token": self.provider.forge(claims)}
        return web.json_response(body, status=status)

    def _generate(self, grant_type: str, client: _Client, scope: str, **_: Any) -> Claims:
        return {"token_type": "Bearer", "access_token": "access", "expires_in": 60, "scope": scope}


class _Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        said = request.payload.data
        self.server.provider.codes[code] = _Code(
            code,
            said["redirect_uri"],
            said["scope"],
            request.user,
            *(said.get(name) for name in ("nonce", "code_challenge", "code_challenge_method")),
        )

    def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
        known: _Code | None = self.server.provider.codes.get(code)
        return known

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        del self.server.provider.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: _Code) -> Claims:
        return authorization_code.claims


class _OpenID(OpenIDCode):
    def __init__(self, provider: OpenIDProvider) -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in self._provider.codes.values())

    def resolve_client_private_key(self, client: _Client) -> Key:
        return self._provider.key

    def get_client_algorithm(self, client: _Client) -> str:
        return algorithm_of(self._provider.key)

    def get_encode_header(self, client: _Client) -> Claims:
        return {"alg": self.get_client_algorithm(client), "kid": self._provider.key.kid}

    def get_client_claims(self, client: _Client) -> Claims:
        return {"iss": self._provider.issuer, "aud": [CLIENT], "exp": int(time.time()) + 60}

    def generate_user_info(self, user: Claims, scope: str) -> Claims:
        return {"sub": user["sub"]} if self._provider.brief else dict(user)


class _Request(OAuth2Request):
    """A request as Authlib takes it, to which the loopback is as good as TLS."""

    def __init__(self, request: web.Request, members: dict[str, str]) -> None:
        super().__init__(request.method, f"https://loopback{request.path_qs}", headers=request.headers)
        self.payload = BasicOAuth2Payload(members)

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


def new_key(kid: str, kind: type[RSAKey] | type[ECKey] = RSAKey) -> Key:
    """A key to sign with."""
    parameters = {"kid": kid, "use": "sig"}
    return (
        RSAKey.generate_key(2048, parameters) if kind is RSAKey else ECKey.generate_key("P-256", parameters)
    )


@cache
def first_key() -> Key:
    """The key that all providers begin with, as making one takes long. What they sign says who they are."""
    return new_key("first")


def algorithm_of(key: Key) -> str:
    """How a key signs."""
    return "ES256" if isinstance(key, ECKey) else "RS256"


@asynccontextmanager
async def openid_provider(tls: ssl.SSLContext | None = None, **members: Any) -> AsyncIterator[OpenIDProvider]:
    """A provider, as long as the block lasts."""
    provider = OpenIDProvider(**members)
    server = TestServer(provider.application(), scheme="https" if tls else "http")
    await server.start_server(ssl=tls)
    provider.issuer = str(server.make_url("/")).rstrip("/")
    try:
        yield provider
    finally:
        await server.close()


async def come_back(url: str) -> dict[str, str]:
    """Go where somebody is sent to sign in; what is in the address that they are sent back to."""
    async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        sent = urlsplit(answer.headers["Location"])
    return {name: values[0] for name, values in parse_qs(sent.query).items()} | {"path": sent.path}
