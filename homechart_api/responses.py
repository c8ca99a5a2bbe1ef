"""The body of every answer: one flat object with nine keys (contract §1.1).

What PostgreSQL rendered is put between the keys as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import web

from homechart_api.context import REQUEST_ID
from homechart_common.models.lists import count

NOT_MODIFIED = 304
#: Kept, but asked for each time whether it is still the same.
CHECK_BEFORE_USE = {"Cache-Control": "no-cache", "CDN-Cache-Control": "no-cache"}

#: Bodies smaller than this are not worth compressing.
_COMPRESS_FROM = 1400


def one(request: web.Request, data_type: str, value: str | dict[str, Any]) -> web.Response:
    """A single object, as JSON text or as a dictionary."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return _wrapped(request, data_type, text, 1)


def many(
    request: web.Request,
    data_type: str,
    rows: str,
    *,
    token: str = "",
    index: str = "",
    total: int | None = None,
) -> web.Response:
    """A list of rendered rows; ``total`` is how many match where only a page of them is here."""
    return _wrapped(request, data_type, rows, count(rows) if total is None else total, token, index)


def listed(
    request: web.Request, data_type: str, values: Iterable[Any], total: int | None = None
) -> web.Response:
    """A list of values that Python made."""
    items = list(values)
    text = orjson.dumps(items).decode()[1:-1]
    return _wrapped(request, data_type, text, len(items) if total is None else total)


def empty() -> web.Response:
    """Success without anything to say: 200 and no body (§1.4)."""
    return web.Response()


def nothing() -> web.Response:
    """Nothing changed: 204."""
    return web.Response(status=204)


def kept(request: web.Request, version: str) -> web.Response:
    """An answer without its body yet, which callers keep; 304, and there will be none, if they have this version."""
    known = any(etag.value == version for etag in request.if_none_match or ())
    headers = {"ETag": f'W/"{version}"', "Vary": "Accept-Encoding", **CHECK_BEFORE_USE}
    return web.Response(status=NOT_MODIFIED if known else 200, headers=headers)


def failure(request: web.Request, status: int, message: str) -> web.Response:
    """An error, in words for a person."""
    body = orjson.dumps(
        {
            "dataHash": "",
            "dataIDs": None,
            "dataTotal": 0,
            "dataType": "",
            "dataValue": None,
            "message": message,
            "requestID": request[REQUEST_ID],
            "status": status,
            "success": False,
        }
    )
    return web.Response(body=body, status=status, content_type="application/json")


def _wrapped(
    request: web.Request, data_type: str, values: str, total: int, token: str = "", index: str = ""
) -> web.Response:
    body = (
        f'{{"dataHash":"{token}","dataIDs":[{index}],"dataTotal":{total},"dataType":"{data_type}",'
        f'"dataValue":[{values}],"message":"","requestID":"{request[REQUEST_ID]}","status":200,"success":true}}'
    ).encode()
    response = web.Response(body=body, content_type="application/json")
    if len(body) > _COMPRESS_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response
