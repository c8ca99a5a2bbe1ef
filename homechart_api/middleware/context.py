"""Who called from where, under which id, and whether to log it: known before anything else happens."""

from __future__ import annotations

from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import CLIENT_ADDRESS, FAILURE, REQUEST_ID, told_path
from homechart_common import tracing
from homechart_common.logger import annotate, context, trace


@web.middleware
async def context_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Make the request one unit of work with an id and an address it came from (contract §2.9, §7.2)."""
    method, path, address = request.method, told_path(request), client_address(request)
    request[CLIENT_ADDRESS] = address
    with (
        context(_wants_debug(request), method=method, path=path, remoteAddr=address),
        trace(f"{path} {method}", request.headers) as unit,
    ):
        request[REQUEST_ID] = request_id = tracing.request_id()
        annotate(requestID=request_id)
        response = await handler(request)
        if failure := request.get(FAILURE):
            unit.fail(failure)
        unit.status = response.status
        return response


def _wants_debug(request: web.Request) -> bool:
    """Whether the caller asks for the lines of this request to be written."""
    if request.headers.get("x-homechart-debug"):
        return True
    return bool(request.query_string) and "debug" in request.query


def client_address(request: web.Request) -> str:
    """The caller's address; what a proxy says of it counts when the proxy is on this host or network."""
    peer = request.remote or ""
    forwarded = request.headers.get("X-Forwarded-For") or request.headers.get("X-Real-IP")
    if not forwarded or not _is_near(peer):
        return peer
    for part in forwarded.split(","):
        try:
            return str(ip_address(part.strip()))
        except ValueError:
            continue
    return peer


def _is_near(peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return True  # a Unix socket
    return address.is_private or address.is_loopback
