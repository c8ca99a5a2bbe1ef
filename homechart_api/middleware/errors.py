"""Failures become answers here and nowhere else (contract §1.5)."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import FAILURE
from homechart_api.responses import failure, nothing
from homechart_common.errors import HomechartError, NothingChanged, Unavailable


@web.middleware
async def errors_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a failure with its status and words; anything unforeseen, which the log tells of, with 500."""
    try:
        return await handler(request)
    except HomechartError as error:
        request[FAILURE] = error
        return answer(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            return web.Response(status=error.status, headers=error.headers)
        if error.status == 404:
            return web.Response(status=404)
        response = failure(request, error.status, error.reason)
        if allowed := error.headers.get("Allow"):
            response.headers["Allow"] = allowed
        return response
    except Exception as error:
        request[FAILURE] = error
        return failure(request, 500, HomechartError.default_message)


def answer(request: web.Request, error: HomechartError) -> web.Response:
    """The response for a failure."""
    if isinstance(error, NothingChanged):
        return nothing()
    if error.status == 404:
        return web.Response(status=404)
    response = failure(request, error.status, error.message)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response
