"""Requests are counted and measured (contract §7.3), where somebody can read the figures."""

from __future__ import annotations

import time

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import told_path
from homechart_common.metrics import count_request


@web.middleware
async def metrics_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the requests of the API, with the status and size that the caller gets to see."""
    if not request.path.startswith("/api"):
        return await handler(request)
    started = time.perf_counter()
    response = await handler(request)
    count_request(
        "" if request.match_info.http_exception else told_path(request),
        request.method,
        response.status,
        time.perf_counter() - started,
        request_bytes=request.content_length or 0,
        response_bytes=response.content_length or 0,
        user_agent=request.headers.get("User-Agent", ""),
    )
    return response
