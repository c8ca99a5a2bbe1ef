"""The ways to sign in to this server."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import CONFIG
from homechart_api.responses import listed
from homechart_api.route import Values
from homechart_api.ways import passkey_host

METHODS = Values(
    "AuthMethods",
    {
        "type": "object",
        "required": ["kind", "name", "displayName", "icon", "issuer"],
        "properties": {
            "kind": {"type": "string", "enum": ["password", "passkey", "oidc"]},
            "name": {"type": "string", "description": "Of a provider, in `GET /oidc/{name}`"},
            "displayName": {"type": "string", "description": "What people call it"},
            "icon": {"type": "string", "description": "The name of an icon or a `data:` URI; may be empty"},
            "issuer": {"type": "string", "description": "Of a provider, as identities of accounts name it"},
        },
    },
)


async def read_all(request: web.Request) -> web.Response:
    """The ways to sign in, for clients to offer: a password, a passkey where there can be any, every provider."""
    config = request.app[CONFIG]
    kinds = ("password", "passkey") if passkey_host(config) else ("password",)
    own = [{"kind": kind, "name": kind, "displayName": "", "icon": "", "issuer": ""} for kind in kinds]
    providers = [
        {
            "kind": "oidc",
            "name": provider.name,
            "displayName": provider.label,
            "icon": provider.icon,
            "issuer": provider.issuer,
        }
        for provider in config.oidc.everywhere
    ]
    return listed(request, METHODS.data_type, [*own, *providers])
