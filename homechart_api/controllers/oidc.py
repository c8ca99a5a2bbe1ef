"""Providers elsewhere that people can sign in with: none."""

from __future__ import annotations

from aiohttp import web

from homechart_api.responses import empty, listed
from homechart_api.route import Values

PROVIDERS = Values("OIDCProviders", {"type": "integer", "description": "2 Google, 3 Apple"})


async def read_all(request: web.Request) -> web.Response:
    """The providers that this server knows: none."""
    return listed(request, "OIDCProviders", [])


async def read(_: web.Request) -> web.Response:
    """Where to sign in with a provider; nothing for one that this server does not know (contract §3.1)."""
    return empty()
