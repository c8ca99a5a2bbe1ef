"""The web client's files: packaged, from a local folder, or from a development server (contract §9).

Whatever is not a file is a place inside the client, so its page is answered; except below ``/assets``, where
a name that is gone must not turn into a page.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from homechart_api.context import CONFIG
from homechart_api.route import meet_expectation
from homechart_common.errors import NotFound, StartupError, Unavailable

#: The client that comes with this package.
PACKAGED = Path(__file__).parent / "ui" / "client"

#: Nothing but our own files, no scripts or styles inside pages, and no page of ours inside another's.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
#: Addresses inside the client can hold tokens of mails, so they are told to nobody.
SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_ROBOTS = "User-agent: *\nAllow: /.well-known/*\nDisallow: /\n"

#: Texts, which are compressed. Not what the system says of them: scripts of an unexpected type do not run.
_TEXTS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}

#: Of one hop, so not passed on; and what the client session sets itself.
_NOT_FORWARDED = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class Folder:
    """The files below a directory; nothing outside is ever reached, not through links either."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def find(self, path: str) -> Path | None:
        """The file at a path with slashes, if there is one that may be sent. Reads the disk."""
        if any(part.startswith(".") and part != ".well-known" for part in path.split("/")):
            return None
        try:
            found = (self._root / path.strip("/")).resolve()
            return found if found.is_relative_to(self._root) and found.is_file() else None
        except (OSError, ValueError):
            return None


def add_static(app: web.Application) -> None:
    """Answer everything outside ``/api`` that no other route does. To be called after those are there.

    Raises :class:`StartupError` when the folder that is configured holds no client.
    """
    config = app[CONFIG].app
    app.router.add_get("/robots.txt", _robots, expect_handler=meet_expectation)
    handler: Handler
    if config.ui_host:
        app.cleanup_ctx.append(_session)
        handler = _forward
    else:
        handler = _Client(Path(config.ui_dir) if config.ui_dir else PACKAGED, config.cache_control).answer
    app.router.add_get(r"/{path:(?!api(?:/|$)).*}", handler, expect_handler=meet_expectation)


class _File(web.FileResponse):
    """A file, of which nothing is compressed where it is not sent: the end of nothing would be some bytes, too."""

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Take note that it is not simply the file."""
        super().set_status(status, reason)
        self.enable_compression(web.ContentCoding.identity)


def file_response(request: web.Request, path: Path, caching: Mapping[str, str]) -> web.FileResponse:
    """A file. aiohttp answers conditional and partial requests and prefers ``.br`` and ``.gz`` files."""
    kind = _TEXTS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {**SECURITY, **caching, "Content-Type": kind, "Vary": "Accept-Encoding"}
    response = _File(path, headers=headers)
    wanted = request.method != "HEAD" and "Range" not in request.headers
    if path.suffix in _TEXTS and accepts_gzip(request) and wanted:
        response.enable_compression(web.ContentCoding.gzip)
    return response


def accepts_gzip(request: web.Request) -> bool:
    """Whether the caller reads gzip."""
    return "gzip" in request.headers.get("Accept-Encoding", "")


async def _robots(_: web.Request) -> web.Response:
    return web.Response(text=_ROBOTS)


class _Client:
    """A built client in a folder."""

    def __init__(self, root: Path, cache_control: str) -> None:
        self._folder = Folder(root)
        self._index = root / "index.html"
        self._immutable = {"Cache-Control": cache_control, "CDN-Cache-Control": cache_control}
        if not self._index.is_file():
            raise StartupError(f"app.uiDir: there is no index.html in {root}")

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        found = await asyncio.to_thread(self._folder.find, path)
        if found is not None:
            # Their names change with their content.
            lasting = path.startswith(("assets/", "homechart_"))
            return file_response(request, found, self._immutable if lasting else {})
        if path.partition("/")[0] == "assets":
            raise NotFound
        return file_response(request, self._index, {})


_SESSION = web.AppKey("development_server", ClientSession)


async def _session(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(
        auto_decompress=False, cookie_jar=DummyCookieJar(), timeout=ClientTimeout(total=None, sock_connect=5)
    ) as session:
        app[_SESSION] = session
        yield


async def _forward(request: web.Request) -> web.StreamResponse:
    """The development server's answer as it is: no policy of ours fits its inline scripts."""
    server = URL(request.app[CONFIG].app.ui_host)
    wanted = request.rel_url
    url = URL.build(
        scheme=server.scheme,
        authority=server.raw_authority,
        path=wanted.raw_path,
        query_string=wanted.raw_query_string,
        encoded=True,
    )
    try:
        answer = await request.app[_SESSION].request(
            request.method, url, headers=_passed_on(request.headers), allow_redirects=False
        )
    except (ClientError, TimeoutError) as error:
        raise Unavailable(f"The development server at {server} does not answer: {error}") from error
    async with answer:
        response = web.StreamResponse(
            status=answer.status, reason=answer.reason, headers=_passed_on(answer.headers)
        )
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        return response


def _passed_on(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _NOT_FORWARDED)
