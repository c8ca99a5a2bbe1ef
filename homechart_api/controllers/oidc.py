"""Providers elsewhere that people sign in with: which there are, and going there (contract §3.5, §9)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

from aiohttp import web

from homechart_api.crud import body_of
from homechart_api.elsewhere import NUMBERS, PROVIDERS, begin
from homechart_api.responses import empty, listed, one
from homechart_api.route import Content, Query, Values
from homechart_common.errors import InvalidInput, TooLarge

PROVIDER_NUMBERS = Values("OIDCProviders", {"type": "integer", "description": "2 Google"})
REDIRECT = Values(
    "OIDCRedirect",
    {
        "type": "object",
        "required": ["state", "url"],
        "properties": {
            "state": {"type": "string", "description": "Comes back with the code; the client compares it"},
            "url": {"type": "string", "description": "Where to sign in"},
        },
    },
)
PKCE = {
    "pkce": Query(
        "`true` if the client sends the state as `oidcState` together with the code, as all must but for Google: the"
        " code is of no use to anybody else then",
        "boolean",
    )
}
FORM = Content(
    "application/x-www-form-urlencoded",
    {"type": "object", "properties": {"code": {"type": "string"}, "state": {"type": "string"}}},
)

#: What is passed on of a form, and how much of one is read.
_PASSED_ON = ("code", "state", "error")
_MOST_BYTES, _MOST_FIELDS = 32 * 1024, 20


async def read_all(request: web.Request) -> web.Response:
    """The providers that have a number; `GET /auth/methods` tells all of them."""
    known = request.app[PROVIDERS]
    return listed(request, PROVIDER_NUMBERS.data_type, (NUMBERS[name] for name in NUMBERS if name in known))


async def read(request: web.Request) -> web.Response:
    """Where to sign in with a provider; nothing for one that this server does not know (contract §3.1).

    Who is signed in while they ask may link the identity they come back with, by `PUT /auth/accounts/{id}`.
    """
    pkce = request.query.getall("pkce", ["false"])
    if pkce not in (["true"], ["false"]):
        raise InvalidInput.field("pkce", "must be true or false")
    provider = request.app[PROVIDERS].get(request.match_info["name"].lower())
    if provider is None:
        return empty()
    return one(request, REDIRECT.data_type, await begin(request, provider, returns_state=pkce == ["true"]))


async def forward(request: web.Request) -> web.Response:
    """Pass on what a provider sends as a form: to the same address, where the client finds it in the query."""
    # what has no length beforehand, or is compressed, shows its size only when it is read
    if (request.content_length or 0) > _MOST_BYTES or len(body := await body_of(request)) > _MOST_BYTES:
        raise TooLarge
    try:
        said = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidInput("The body must be a form") from None
    # a relative address, as a proxy may have taken away the beginning of the path
    query = [*request.query.items(), *((name, said[name][0]) for name in _PASSED_ON if name in said)]
    return web.Response(status=302, headers={"Location": f"?{urlencode(query)}"})
