"""Bodies, paths, queries and headers that no client of ours sends: refused, and whoever comes next is served."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from collections.abc import AsyncIterator, Mapping

import pytest

from homechart_api.middleware.session import Gate
from homechart_api.route import Route
from homechart_api.routes import API, routes
from homechart_common.ids import NIL_UUID, parse_uuid
from homechart_common.postgresql.database import Database
from tests.callers import Caller, Client
from tests.factories import new_account, new_household, new_session
from tests.processes import Running
from tests.security.everybody import Everybody
from tests.security.test_hostile_members import WITH_BODY, target_of_route

#: No JSON objects.
BROKEN = {
    "nothing": b"",
    "the beginning": b'{"name": "x"',
    "null": b"null",
    "a list": b"[{}]",
    "a string": b'"{}"',
    "a number": b"7",
    "no number": b"NaN",
    "no number in a member": b'{"name": NaN}',
    "infinity in a member": b'{"name": -Infinity}',
    "text behind": b'{"name": "x"} {}',
    "NUL behind": b'{"name": "x"}\x00',
    "bytes that are no text": b'{"name": "\xff\xfe"}',
    "half a surrogate pair": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "one quote": b"{'name': 'x'}",
    "a comment": b'{"name": "x" /* y */}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"name":' * 50_000,
    "deep and complete": b'{"name":' * 5000 + b"1" + b"}" * 5000,
    "a form": b"name=x&value=y",
    "binary": bytes(range(256)),
}
#: Said of bodies, with a body that is not what is said.
ENCODED = {
    "no gzip": ({"Content-Encoding": "gzip"}, b'{"name": "x"}'),
    "half of gzip": ({"Content-Encoding": "gzip"}, gzip.compress(b'{"name": "x"}' * 99)[:-12]),
    "gzip of nothing": ({"Content-Encoding": "gzip"}, b""),
    "no deflate": ({"Content-Encoding": "deflate"}, b'{"name": "x"}'),
    "raw deflate": ({"Content-Encoding": "deflate"}, zlib.compress(b"[]")[2:-4]),
    "no brotli": ({"Content-Encoding": "br"}, b'{"name": "x"}'),
    "no zstd": ({"Content-Encoding": "zstd"}, b'{"name": "x"}'),
    "another encoding": ({"Content-Encoding": "x-rot13"}, b'{"name": "x"'),
    "two encodings": ({"Content-Encoding": "gzip, gzip"}, b'{"name": "x"'),
    "another charset": ({"Content-Type": "application/json; charset=utf-16"}, b'{"name": "x"'),
    "no charset": ({"Content-Type": "application/json; charset=nonsense"}, b'{"name": "x"'),
    "no media type": ({"Content-Type": ";;,/"}, b'{"name": "x"'),
    "parts": ({"Content-Type": "multipart/form-data"}, b'--x\r\n\r\n{"name": "x"}\r\n--x--'),
}
#: In place of an id, percent-encoded.
IDS = (
    "nonsense", "%00", "%ff", "%ED%A0%80", "%2e%2e%2f%2e%2e", "..%5c", "'", "%22", "%F0%9F%98%80", "null", "-1",
    "%20", "%0d%0aX:%20y", "00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000",
    "%7B00000000-0000-0000-0000-000000000000%7D", "00000000-0000-0000-0000-00000000000g", "x" * 4000, "%", "%zz",
)  # fmt: skip
QUERIES = (
    "", "%00", "%ff", "%ED%A0%80", "-1", "1e3", "0x10", "%D9%A3", "9" * 30, "1.5", "null", "'%3B--", "%25%28id%29s",
    "a-b-c", "00000000-00000000-1.2.3", "00000000-00000000-9223372036854775808", "%7B%7D", "x" * 3000, "[", "%",
)  # fmt: skip
HEADERS = (
    b"", b"\xff\xfe", b"\xed\xa0\x80", "😀".encode(), b"null", b"-1", b"'; --", b"%(id)s", b"{}", b"a=b; c=\"", b"=;,",
    b"9" * 40, b"2026-11-23T18:14:00.123456789012Z", b"0001-01-01T00:00:00Z", b"9999-99-99T99:99:99Z",
    b"infinity", b"a-b-c", b"0-0-1", b"fe80::1%eth0", b"::ffff:192.0.2.1, x", b"1.2.3.4.5", b"bytes=9-1", b"*",
    b'W/"', b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"Bearer", b"Basic Og==", b"x" * 4000,
)  # fmt: skip
READ_HEADERS = (
    "Accept-Encoding", "If-Modified-Since", "If-None-Match", "If-Range", "Last-Event-ID", "Origin", "Range",
    "User-Agent", "X-Forwarded-For", "X-Real-IP", "traceparent", "tracestate", "x-homechart-debug",
    "x-homechart-hash", "x-homechart-ratelimiterkey", "x-homechart-updated",
)  # fmt: skip
DECIDING_HEADERS = ("Authorization", "Cookie", "Expect", "x-homechart-id", "x-homechart-key")
PATHS = (
    f"{API}/plan/tasks", f"{API}/sync", f"{API}/auth/accounts", f"{API}/sse/nonsense", "/api",
    "/api/openapi.json", "/api/docs", "/", "/nowhere",
)  # fmt: skip


async def raw(client: Client, request: bytes) -> tuple[int, bytes]:
    """The status and the body that exactly these bytes are answered with."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def request(method: str, path: str, headers: Mapping[str, str | bytes], body: bytes = b"") -> bytes:
    """A request as it goes over the wire, exactly as it is said here."""
    sent: dict[str, str | bytes] = {
        "Host": "x",
        "Connection": "close",
        "Content-Length": str(len(body)),
        **headers,
    }
    lines = [
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in sent.items()
    ]
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode(), *lines, b"", body])


@pytest.fixture
async def caller(database: Database, client: Client) -> Caller:
    """Somebody with a household."""
    account = await new_account(database)
    await new_household(database, account)
    return Caller(client, account, (await new_session(database, account)).headers)


@pytest.fixture(autouse=True)
async def whoever_comes_next_is_served(everybody: Everybody) -> AsyncIterator[None]:
    yield
    assert (await everybody.cast.ann.call("GET", "/sync")).status == 200


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.operation)
async def test_what_is_no_json_object_is_refused(database: Database, client: Client, route: Route) -> None:
    target = await target_of_route(database, client, route)
    came = {name: await target.send(body) for name, body in BROKEN.items()}
    assert {name: answer.status for name, answer in came.items()} == dict.fromkeys(BROKEN, 400)
    assert {name: answer.message for name, answer in came.items() if "JSON" not in answer.message} == {}
    twice = await target.send(b'{"name": "x", "name": "y", "NAME": "z"}')
    assert twice.status in (200, 204, 400)


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.operation)
async def test_what_is_not_encoded_as_it_says_is_refused(
    database: Database, client: Client, route: Route
) -> None:
    target = await target_of_route(database, client, route)
    came = {}
    for name, (headers, body) in ENCODED.items():
        sent = request(route.method, API + target.path, {**target.caller.headers, **headers}, body)
        came[name] = (await raw(client, sent))[0]
    assert {name: status for name, status in came.items() if status not in (400, 413, 415)} == {}


def path_with(route: Route, name: str, value: str) -> str:
    """The path with something in place of one of its variables; the others name nothing that there is."""
    return re.sub(r"\{(\w+)\}", lambda found: value if found[1] == name else NIL_UUID, route.path)


@pytest.mark.parametrize(
    "route", [route for route in routes() if "{" in route.path], ids=lambda route: route.operation
)
async def test_paths_that_name_nothing_are_refused(client: Client, caller: Caller, route: Route) -> None:
    always = ("ICalRead", "ICalendarRead", "OIDCRedirectRead")
    answered = route.operation in always or route.answer == "BudgetTransactions"
    fine = (200, 204, 400, 403, 404) if answered else (204, 400, 403, 404)
    came = {}
    for name in re.findall(r"\{(\w+)\}", route.path):
        for value in IDS:
            path = path_with(route, name, value)
            status, body = await raw(client, request(route.method, path, caller.headers, b"{}"))
            if status not in fine or (route.model and parse_uuid(value) is None and status == 204):
                came[path] = (status, body)
    assert came == {}


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.operation)
async def test_queries_that_make_no_sense_are_no_defects(
    client: Client, caller: Caller, route: Route
) -> None:
    names = [*route.query, "debug", "x", "%ff"]
    came = {}
    for value in QUERIES:
        query = "&".join(f"{name}={value}" for name in names)
        path = re.sub(r"\{\w+\}", "nonsense", route.path)
        headers = caller.headers if route.gate is not Gate.PUBLIC else {}
        status, body = await raw(client, request(route.method, f"{path}?{query}", headers, b"{}"))
        if status >= 500:
            came[query] = (status, body)
    assert came == {}


@pytest.mark.parametrize("path", PATHS)
async def test_headers_that_make_no_sense_are_no_defects(client: Client, caller: Caller, path: str) -> None:
    came = {}
    for shift, value in enumerate(HEADERS):
        values = [*HEADERS[shift:], *HEADERS[:shift]]
        # each value once in each header; and those that decide everything else one at a time
        together = {**caller.headers, **dict(zip(READ_HEADERS, values, strict=False))}
        for headers in (together, *({**caller.headers, name: value} for name in DECIDING_HEADERS)):
            status, body = await raw(client, request("GET", path, headers))
            if status >= 500:
                came[path, value] = (status, body)
    assert came == {}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /api HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 400),
        (b"GET /api HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 2_000 + b"\r\n", 400),
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /api HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /api HTTP/1.1\r\nHost: x\r\nX\x00: b\r\n\r\n", 400),
        (b"GET /api HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"POST /api/v1/auth/signin HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /api/v1/auth/signin HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (b"POST /api/v1/auth/signin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", 400),
        (b"FORGE /api/v1/bookmarks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"PATCH /api/v1/bookmarks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    ],
    ids=[
        "a header too long", "too many headers", "a path too long", "NUL in a header", "NUL in a name",
        "a version to come", "TLS", "a negative length", "two lengths", "no chunks", "an unknown method",
        "a method that is not there",
    ],
)  # fmt: skip
async def test_what_is_hardly_http_is_refused(client: Client, sent: bytes, status: int) -> None:
    assert (await raw(client, sent))[0] == status


async def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    path = f"{API}/auth/signin"
    for body, headers in (
        (b" " * (17 << 20), {}),
        (gzip.compress(b" " * (40 << 20)), {"Content-Encoding": "gzip"}),
    ):
        assert (await raw(client, request("POST", path, headers, body)))[0] == 413


async def test_nobody_fills_the_log_with_what_is_hardly_http(running: Running) -> None:
    for sent in (
        b"GET /api HTTP/9.9\r\nHost: x\r\n\r\n",
        request("POST", f"{API}/auth/signin", {"Content-Encoding": "zstd"}),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(sent)
        assert b" 400 " in await reader.readline()
        writer.close()
    assert "Error handling request" not in running.log
