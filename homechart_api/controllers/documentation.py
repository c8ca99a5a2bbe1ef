"""The OpenAPI document, and the page on which people read and try it."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distribution
from pathlib import Path

import orjson
import yaml
from aiohttp import web

from homechart_api import openapi
from homechart_api.responses import CHECK_BEFORE_USE, NOT_MODIFIED, kept
from homechart_api.route import Content, Route
from homechart_api.static import PACKAGED, Folder, accepts_gzip, file_response
from homechart_common.errors import NotFound

JSON = Content("application/json", {"type": "object"})
YAML = Content("application/yaml", {"type": "object"})
PAGE = Content("text/html", {"type": "string"})
FILE = Content("*/*", {"type": "string", "format": "binary"})

_PAGE = Folder(PACKAGED.parent / "docs")
_SWAGGER_UI = Folder(Path(str(distribution("swagger-ui-py").locate_file("swagger_ui/static"))))
#: What the page needs of Swagger UI; the package has much more.
_SWAGGER_UI_FILES = ("swagger-ui-bundle.js", "swagger-ui.css")


@dataclass(frozen=True, slots=True)
class Text:
    """A text that stays the same while the process runs, ready to be sent."""

    media_type: str
    body: bytes
    compressed: bytes
    etag: str

    @classmethod
    def of(cls, media_type: str, body: bytes) -> Text:
        """With everything that sending it takes."""
        return cls(media_type, body, gzip.compress(body), hashlib.sha256(body).hexdigest()[:16])

    def response(self, request: web.Request) -> web.Response:
        """The text, or that the caller has it already."""
        response = kept(request, self.etag)
        if response.status == NOT_MODIFIED:
            return response
        response.headers["Content-Type"] = self.media_type
        if accepts_gzip(request):
            response.headers["Content-Encoding"] = "gzip"
        response.body = self.compressed if accepts_gzip(request) else self.body
        return response


class Document:
    """The OpenAPI document of a route table in both notations, each made when it is first asked for."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)

    @cached_property
    def json(self) -> Text:
        """As JSON."""
        return Text.of(JSON.media_type, orjson.dumps(openapi.build(self._routes)))

    @cached_property
    def yaml(self) -> Text:
        """As YAML."""
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        plain = orjson.loads(self.json.body)
        return Text.of(
            YAML.media_type, yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=True).encode()
        )


DOCUMENT = web.AppKey("document", Document)


async def read_json(request: web.Request) -> web.Response:
    """``GET /api/openapi.json``: this document."""
    text = await asyncio.to_thread(lambda: request.app[DOCUMENT].json)
    return text.response(request)


async def read_yaml(request: web.Request) -> web.Response:
    """``GET /swagger.yaml``: this document as YAML."""
    text = await asyncio.to_thread(lambda: request.app[DOCUMENT].yaml)
    return text.response(request)


async def page(request: web.Request) -> web.StreamResponse:
    """``GET /api/docs``: a page for reading this document and trying what it describes."""
    return await _send(request, _PAGE, "index.html")


async def page_file(request: web.Request) -> web.StreamResponse:
    """``GET /api/docs/{file}``: a part of that page."""
    name = request.match_info["file"]
    return await _send(request, _SWAGGER_UI if name in _SWAGGER_UI_FILES else _PAGE, name)


async def _send(request: web.Request, folder: Folder, name: str) -> web.StreamResponse:
    path = await asyncio.to_thread(folder.find, name)
    if path is None:
        raise NotFound
    return file_response(request, path, CHECK_BEFORE_USE)
