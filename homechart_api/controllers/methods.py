"""The ways to sign in to this server."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import CONFIG
from homechart_api.responses import listed
from homechart_api.route import Values

METHODS = Values(
    "AuthMethods",
    {
        "type": "object",
        "required": ["kind", "name", "displayName", "icon", "issuer"],
        "properties": {
            "kind": {"type": "string", "enum": ["password", "oidc"]},
            "name": {"type": "string", "description": "Of a provider, in `GET /oidc/{name}`"},
            "displayName": {"type": "string", "description": "What people call it"},
            "icon": {"type": "string", "description": "The name of an icon or a `data:` URI; may be empty"},
            "issuer": {"type": "string", "description": "Of a provider, as identities of accounts name it"},
        },
    },
)


async def read_all(request: web.Request) -> web.Response:
    """The ways to sign in, for clients to offer: a password, and every provider."""
    ways = [{"kind": "password", "name": "password", "displayName": "", "icon": "", "issuer": ""}]
    ways += [
        {
            "kind": "oidc",
            "name": provider.name,
            "displayName": provider.label,
            "icon": provider.icon,
            "issuer": provider.issuer,
        }
        for provider in request.app[CONFIG].oidc.everywhere
    ]
    return listed(request, METHODS.data_type, ways)
