"""Reading pages at addresses that people give us, from a server that does as it pleases."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import tracemalloc
import zlib
from typing import Any

import pytest

from homechart_common.errors import InvalidInput
from homechart_common.fetch import AT_ONCE, MOST_BYTES, Fetcher, Page, Resolver
from tests.rogue_server import (
    HTML,
    RogueServer,
    answer,
    bomb,
    endless,
    outside,
    redirect,
    refusal,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


async def test_a_page_is_read_with_what_its_server_says_of_it(rogue: RogueServer) -> None:
    url = rogue.page(
        "/soup",
        "Löffel".encode("latin-1"),
        "Content-Type: Text/HTML; charset=ISO-8859-1",
        'ETag: "one"',
        "Last-Modified: Mon, 23 Nov 2026 18:14:00 GMT",
    )
    assert await outside().fetch(url, HTML) == Page(
        url=url,
        content_type="text/html",
        charset="iso-8859-1",
        body="Löffel".encode("latin-1"),
        etag='"one"',
        last_modified="Mon, 23 Nov 2026 18:14:00 GMT",
        unchanged=False,
    )


async def test_a_page_that_does_not_say_what_it_is_may_be_anything(rogue: RogueServer) -> None:
    url = rogue.at("/", endless(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b""))
    page = await outside().fetch(url, HTML)
    assert (page.body, page.charset, page.etag) == (b"hi", None, "")


@pytest.mark.parametrize(
    "charset", ["punycode", "unicode_escape", "undefined", "utf-7", "hex", "x" * 5000, "\udcff"]
)
async def test_only_encodings_of_texts_are_believed(rogue: RogueServer, charset: str) -> None:
    """Others are those of something else, leave halves of characters behind, or take for ever to decode."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset={charset}\r\nContent-Length: 2\r\n\r\nhi"
    url = rogue.at("/", endless(head.encode(errors="surrogateescape"), b""))
    assert (await outside().fetch(url, HTML)).charset is None


async def test_what_cannot_be_kept_of_a_version_is_not_known(rogue: RogueServer) -> None:
    head = b"HTTP/1.1 200 OK\r\nETag: \xff\r\nLast-Modified: a\x01b\r\nContent-Length: 2\r\n\r\nhi"
    page = await outside().fetch(rogue.at("/", endless(head, b"")), HTML)
    assert (page.body, page.etag, page.last_modified) == (b"hi", "", "")


async def test_a_page_that_the_caller_has_is_not_sent_again(rogue: RogueServer) -> None:
    async def behave(request: bytes, writer: asyncio.StreamWriter) -> None:
        known = b'If-None-Match: "one"' in request and b"If-Modified-Since: yesterday" in request
        await answer("", 'ETag: "one"', status=304 if known else 200)(request, writer)

    url = rogue.at("/feed", behave)
    assert not (await outside().fetch(url, HTML)).unchanged
    page = await outside().fetch(url, HTML, etag='"one"', last_modified="yesterday")
    assert (page.unchanged, page.body, page.etag) == (True, b"", '"one"')


async def test_a_server_is_told_what_can_be_read(rogue: RogueServer) -> None:
    await outside().fetch(rogue.page("/", "hello"), HTML)
    assert b"\r\nAccept: text/html, application/xhtml+xml\r\n" in rogue.requests[0]


async def test_nothing_is_told_that_identifies_us(
    rogue: RogueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.2:1")
    monkeypatch.setenv("NETRC", "/dev/null")
    fetcher = outside()
    await fetcher.fetch(rogue.page("/", "hello", "Set-Cookie: id=1; Path=/"), HTML)
    await fetcher.fetch(rogue.url("/"), HTML)
    for request in rogue.requests:
        names = {line.partition(b":")[0].lower() for line in request.splitlines()[1:] if line}
        assert names == {b"host", b"accept", b"accept-encoding", b"connection", b"user-agent"}


async def test_only_pages_of_the_wanted_kinds_are_read(rogue: RogueServer) -> None:
    url = rogue.page("/", "soup", "Content-Type: application/pdf")
    assert await refusal(url) == ("url: leads to application/pdf, not to text/html or application/xhtml+xml")


@pytest.mark.parametrize("status", [201, 204, 302, 304, 400, 401, 404, 500, 999])
async def test_a_failure_is_no_page(rogue: RogueServer, status: int) -> None:
    said = await refusal(rogue.page("/", "", status=status))
    assert said == f"url: leads to a server that answers {status}"


async def test_packed_pages_are_unpacked(rogue: RogueServer) -> None:
    for packed, encoding in (
        (gzip.compress(b"hello"), "gzip"),
        (gzip.compress(b"hello"), "X-GZip"),
        (zlib.compress(b"hello"), "deflate"),
        (b"hello", "identity"),
    ):
        url = rogue.page("/", packed, f"Content-Encoding: {encoding}")
        assert (await outside().fetch(url, HTML)).body == b"hello"


async def test_what_cannot_be_unpacked_is_refused(rogue: RogueServer) -> None:
    url = rogue.page("/", b"hello", "Content-Encoding: gzip")
    assert await refusal(url) == "url: leads to something that cannot be unpacked"
    for encoding in ("br", "zstd", "gzip, gzip"):
        url = rogue.page("/", b"hello", f"Content-Encoding: {encoding}")
        assert await refusal(url) == "url: leads to something that is packed in an unknown way"


async def test_a_page_has_a_most_size(rogue: RogueServer) -> None:
    largest = rogue.page("/", b"x" * MOST_BYTES)
    assert len((await outside().fetch(largest, HTML)).body) == MOST_BYTES
    for body, *headers in (
        (b"x" * (MOST_BYTES + 1),),
        (gzip.compress(b"x" * (MOST_BYTES + 1)), "Content-Encoding: gzip"),
    ):
        assert await refusal(rogue.page("/", body, *headers)) == "url: leads to more than 5 MB"


@pytest.mark.parametrize(
    "head",
    [OK + b"\r\n", OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello")],
    ids=["plain", "behind something packed"],
)
async def test_an_endless_page_is_left_when_it_is_too_large(rogue: RogueServer, head: bytes) -> None:
    assert await refusal(rogue.at("/", endless(head, b"x" * 65536))) == "url: leads to more than 5 MB"


async def test_a_bomb_is_not_unpacked(rogue: RogueServer) -> None:
    url = rogue.page("/", bomb(megabytes=100), "Content-Encoding: gzip")
    tracemalloc.start()
    try:
        assert await refusal(url) == "url: leads to more than 5 MB"
        _, most_memory = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_memory < 4 * MOST_BYTES


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"", b""),
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"x"),
        (OK + b"\r\n", b"x"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "status", "header", "body", "chunk", "interim answers"],
)
async def test_whatever_takes_long_is_left(rogue: RogueServer, head: bytes, part: bytes) -> None:
    url = rogue.at("/", endless(head, part, pause=0.02))
    said = await refusal(url, outside(seconds=0.5))
    assert said in (
        "url: took longer than 0.5 seconds to read",
        "url: leads to nothing that can be read",
    )


async def test_time_is_counted_over_all_redirects(rogue: RogueServer) -> None:
    async def slowly(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        await redirect("/")(request, writer)

    assert await refusal(rogue.at("/", slowly), outside(seconds=0.8)) == (
        "url: took longer than 0.8 seconds to read"
    )


async def test_waiting_for_others_takes_time_too(rogue: RogueServer) -> None:
    async def slowly(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await answer("hello")(request, writer)

    url, fetcher = rogue.at("/", slowly), outside(seconds=0.9)
    outcomes = await asyncio.gather(
        *(fetcher.fetch(url, HTML) for _ in range(3 * AT_ONCE)), return_exceptions=True
    )
    # only the first could be in time
    assert sum(isinstance(outcome, InvalidInput) for outcome in outcomes) >= 2 * AT_ONCE


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"x-field: 0123456789\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nx-field: ", b"x" * 65536),
        (b"HTTP/1.1 200 ", b"x" * 65536),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x-field: 0123456789\r\n" * 1000),
    ],
    ids=["fields", "field", "status", "trailers"],
)
async def test_endless_headers_are_left(rogue: RogueServer, head: bytes, part: bytes) -> None:
    said = await refusal(rogue.at("/", endless(head, part)))
    assert said == "url: leads to nothing that can be read"


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH\r\n", b"\x00\xff" * 100, OK + b"Content-Length: -1\r\n\r\n"]
)
async def test_what_does_not_speak_http_is_refused(rogue: RogueServer, said: bytes) -> None:
    async def behave(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    assert await refusal(rogue.at("/", behave)) == "url: leads to nothing that can be read"


async def test_what_is_not_there_is_said() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert await refusal(f"http://site.test:{port}/") == "url: leads to nothing that answers"
    assert await refusal("http://nobody.invalid/", Fetcher()) == "url: leads to nothing that answers"


async def test_a_name_has_all_its_addresses() -> None:
    found = await Resolver().resolve("localhost", 80)
    assert {entry["host"] for entry in found} & {"127.0.0.1", "::1"}
    assert {entry["port"] for entry in found} == {80}


async def test_names_that_nobody_answers_for_hold_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()

    def never(*_: Any, **__: Any) -> None:
        end.wait()
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", never)
    fetcher, said = Fetcher(seconds=0.1), []
    for _ in range(5):
        said += await asyncio.gather(*(refusal("http://slow.test/", fetcher) for _ in range(8)))
    waiting = [thread for thread in threading.enumerate() if thread.name == "look-up"]
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 1) == "free"
    assert [thread.daemon for thread in waiting] == [True] * 32
    assert (
        said
        == ["url: took longer than 0.1 seconds to read"] * 32 + ["url: leads to nothing that answers"] * 8
    )
    end.set()
