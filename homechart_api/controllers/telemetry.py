"""What clients report of themselves: errors for the log, and traces for the collector (contract §10.7)."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from homechart_api.context import CLIENT_ADDRESS, CONFIG
from homechart_api.crud import body_of, json_object
from homechart_api.middleware.limits import LIMITER
from homechart_api.responses import nothing
from homechart_api.route import Content
from homechart_common import logger, metrics
from homechart_common.errors import InvalidInput, NotFound, Unavailable
from homechart_common.tracing import EXPORT_TIMEOUT_SECONDS, collector_url
from homechart_common.version import VERSION

ERROR = Content(
    schema={
        "type": "object",
        "properties": {
            "error": {"type": "string", "description": "What went wrong"},
            "path": {"type": "string", "description": "Where in the client"},
            "version": {"type": "string", "description": "Of the client"},
        },
    }
)
TRACES = Content("application/x-protobuf", {"type": "string", "format": "binary"})

_LONGEST = 998


async def create_error(request: web.Request) -> web.Response:
    """Take note of an error in a client, if that is of this server's version.

    Whatever is said the answer is the same, and no address gets more into the log than the limit allows.
    """
    try:
        report = await json_object(request)
    except InvalidInput:
        return nothing()
    if report.get("version") == VERSION and _may_report(request):
        # a query may hold the token of a mail
        path = metrics.path_label(_text(report.get("path")).partition("?")[0])
        metrics.count_telemetry_error(path, VERSION)
        logger.error(
            _text(report.get("error")), status=logger.STATUS_CLIENT_ERROR, path=path, version=VERSION
        )
    return nothing()


async def create_traces(request: web.Request) -> web.Response:
    """Pass the spans of a client on to the collector, whose answer this is; without one there is 404."""
    tracing = request.app[CONFIG].tracing
    if not tracing.endpoint:
        raise NotFound
    headers = {"Content-Type": request.headers.get("Content-Type", TRACES.media_type)}
    timeout = ClientTimeout(total=EXPORT_TIMEOUT_SECONDS)
    try:
        async with (
            ClientSession(timeout=timeout) as session,
            session.post(
                collector_url(tracing), data=await body_of(request), headers=headers, allow_redirects=False
            ) as answer,
        ):
            return web.Response(
                status=answer.status, body=await answer.read(), content_type=answer.content_type
            )
    except (ClientError, TimeoutError) as error:
        raise Unavailable("The collector of traces does not answer") from error


def _may_report(request: web.Request) -> bool:
    window = request.app[LIMITER].window("telemetry", request[CLIENT_ADDRESS])
    if window.exhausted:
        return False
    window.calls += 1
    return True


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
