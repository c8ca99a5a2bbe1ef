"""Requests are counted and measured (contract §7.3), where somebody can read the figures."""

from __future__ import annotations

import re
import time
from functools import cache

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import pattern
from homechart_common.metrics import count_request


@web.middleware
async def metrics_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the requests of the API, with the status and size that the caller gets to see."""
    if not request.path.startswith("/api"):
        return await handler(request)
    started = time.perf_counter()
    response = await handler(request)
    count_request(
        _label(pattern(request)),
        request.method,
        response.status,
        time.perf_counter() - started,
        request_bytes=request.content_length or 0,
        response_bytes=response.content_length or 0,
        user_agent=request.headers.get("User-Agent", ""),
    )
    return response


@cache
def _label(path: str) -> str:
    """What requests of one route are counted as, whatever stands in their paths."""
    return re.sub(r"\{\w+\}", ":id", path)
