"""A provider that people sign in with: where to send them, and who they are when they come back with a code."""

from __future__ import annotations

import base64
import hashlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from joserfc.jwk import KeySet

from homechart_common.config import OidcProvider
from homechart_common.config.sections import GOOGLE_ISSUER
from homechart_common.errors import ConfigurationError
from homechart_common.oidc.kept import Kept
from homechart_common.oidc.tokens import UnknownKey, check_claims, read_claims, read_keys, same
from homechart_common.oidc.transport import ProviderError, Transport

_DISCOVERY = "/.well-known/openid-configuration"
#: How long it is believed where a provider is and which keys it has.
_LIFETIME_SECONDS = 3600
#: A token with an unknown key is a reason to ask for the keys again, but not more often than this.
_KEYS_ANEW_SECONDS = 30
#: Other spellings of issuers in tokens than the one by which they are known.
_ALSO = {GOOGLE_ISSUER: ("accounts.google.com",)}


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as a provider knows them. ``issuer`` and ``subject`` stay; everything else may change."""

    issuer: str
    subject: str
    email_address: str
    #: Whether the provider knows that the address is theirs.
    verified: bool
    name: str
    language: str
    time_zone: str
    #: Of the question that this answers.
    nonce: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider does what."""

    auth: str
    token: str
    jwks: str
    userinfo: str
    #: How it lets clients send their secret.
    authentication: tuple[str, ...] = ()


class Provider:
    """One of the providers that the configuration names. ``seconds`` is how long it may take to answer."""

    def __init__(self, settings: OidcProvider, *, seconds: float = 10) -> None:
        self.settings = settings
        self._transport = Transport(_tls(settings), seconds)
        self._endpoints = Kept(self._discover, _LIFETIME_SECONDS)
        self._keys = Kept(self._read_keys, _LIFETIME_SECONDS)
        self._keys_anew_from = 0.0

    async def address(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where to send somebody who wants to sign in. Raises :class:`ProviderError`."""
        settings = self.settings
        asked = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *settings.scopes))),
            "state": state,
            "nonce": nonce,
        }
        if verifier:
            asked |= {"code_challenge": _challenge(verifier), "code_challenge_method": "S256"}
        endpoint = (await self._endpoints.get()).auth
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def reach(self) -> int:
        """Ask for all that has to be known before anybody can sign in; how many keys it signs with.

        Raises :class:`ProviderError`.
        """
        return len((await self._keys.get()).keys)

    async def redeem(self, code: str, redirect_uri: str, verifier: str, nonce: str | None = None) -> Identity:
        """Who somebody is that has come back with a code, in answer to ``nonce`` if that is known.

        Raises :class:`ProviderError`.
        """
        endpoints = await self._endpoints.get()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if verifier:
            form["code_verifier"] = verifier
        headers = self._identify(form, endpoints)
        answer = await self._transport.post(endpoints.token, form, headers)
        claims = await self._verified(_text(answer, "id_token"))
        if nonce is not None and not same(claims["nonce"], nonce):
            raise ProviderError("the token answers another question")
        told = claims
        if endpoints.userinfo and not {"email", "email_verified"} <= claims.keys():
            # what is said of an address is said of the one beside it, and never of another that the token has
            told = {**claims, **await self._asked_about(claims, endpoints, _text(answer, "access_token"))}
        return self._identity(claims, told)

    def _identify(self, form: dict[str, str], endpoints: Endpoints) -> Mapping[str, str]:
        """Say who we are, in the form or in the headers that are returned."""
        settings = self.settings
        how = settings.client_authentication or (
            "post"
            if endpoints.authentication and "client_secret_basic" not in endpoints.authentication
            else "basic"
        )
        if settings.client_secret and how == "basic":
            pair = ":".join(quote(text, safe="") for text in (settings.client_id, settings.client_secret))
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        form["client_id"] = settings.client_id
        if settings.client_secret:
            form["client_secret"] = settings.client_secret
        return {}

    async def _verified(self, token: str) -> dict[str, Any]:
        """What a token says; the keys are asked for again if they may have changed."""
        keys = await self._keys.get()
        try:
            claims = read_claims(token, keys)
        except UnknownKey:
            now = time.monotonic()
            if now < self._keys_anew_from:
                raise
            self._keys_anew_from = now + _KEYS_ANEW_SECONDS
            claims = read_claims(token, await self._keys.get(anew=True))
        issuer = self.settings.issuer
        check_claims(claims, (issuer, *_ALSO.get(issuer, ())), self.settings.client_id)
        return claims

    async def _asked_about(self, claims: dict[str, Any], endpoints: Endpoints, token: str) -> dict[str, Any]:
        """What else the provider tells of the person whom a token is about."""
        said = await self._transport.get(endpoints.userinfo, {"Authorization": f"Bearer {token}"})
        if said.get("sub") != claims["sub"]:
            raise ProviderError("the provider told of another person than the token")
        return said

    def _identity(self, claims: dict[str, Any], told: dict[str, Any]) -> Identity:
        said = {name: value for name, value in told.items() if isinstance(value, str)}
        word = told.get("email_verified")  # some say it in a word
        verified = word is True or word == "true" or self.settings.trust_email_addresses
        return Identity(
            issuer=self.settings.issuer,
            subject=claims["sub"],
            email_address=said.get("email", ""),
            verified=verified,
            name=said.get("name") or said.get("preferred_username", ""),
            language=said.get("locale", ""),
            time_zone=said.get("zoneinfo", ""),
            nonce=claims["nonce"],
        )

    async def _discover(self) -> Endpoints:
        """What the configuration says, and for the rest what the issuer says."""
        settings = self.settings
        given = (settings.auth_url, settings.token_url, settings.jwks_url)
        if all(given):
            return Endpoints(*given, settings.userinfo_url)
        said = await self._transport.get(settings.issuer.rstrip("/") + _DISCOVERY)
        if said.get("issuer") != settings.issuer:
            itself = repr(said.get("issuer"))[:200]
            raise ProviderError(f"the issuer calls itself {itself}, not {settings.issuer!r}")
        methods = said.get("token_endpoint_auth_methods_supported")
        return Endpoints(
            auth=settings.auth_url or self._endpoint(said, "authorization_endpoint"),
            token=settings.token_url or self._endpoint(said, "token_endpoint"),
            jwks=settings.jwks_url or self._endpoint(said, "jwks_uri"),
            userinfo=settings.userinfo_url
            or (self._endpoint(said, "userinfo_endpoint") if "userinfo_endpoint" in said else ""),
            authentication=tuple(filter(_is_text, methods)) if isinstance(methods, list) else (),
        )

    def _endpoint(self, said: dict[str, Any], name: str) -> str:
        """An address that an issuer says; one that is reached by https sends nobody over an open line."""
        url = _text(said, name)
        schemes = ("https://", "http://") if self.settings.issuer.startswith("http://") else ("https://",)
        if (
            not url.startswith(schemes)
            or not url.isascii()
            or not url.isprintable()
            or " " in url
            or "#" in url
        ):
            raise ProviderError(f"{name} is no address that could be used: {url[:200]!r}")
        return url

    async def _read_keys(self) -> KeySet:
        return read_keys(await self._transport.get((await self._endpoints.get()).jwks))


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderError(f"the provider does not say {name}")
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _challenge(verifier: str) -> str:
    """What a verifier is recognised by (RFC 7636, ``S256``)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _tls(settings: OidcProvider) -> ssl.SSLContext:
    """What checks certificates: the system's authorities, and those that the configuration names."""
    context = ssl.create_default_context()
    if settings.ca_file:
        try:
            context.load_verify_locations(settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"oidc.{settings.name}.caFile: no certificates can be read from {settings.ca_file}: {error}"
            ) from None
    return context
