"""What every answer says beside its body: to browsers of other pages, and to caches (contract §1.8)."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.callers import API
from tests.visitors import SignUp, Visitor

#: What a page may send; the contract names these, and clients may send more.
SENT_BY_PAGES = {
    "authorization",
    "content-type",
    "x-homechart-debug",
    "x-homechart-hash",
    "x-homechart-id",
    "x-homechart-key",
    "x-homechart-updated",
    "x-homechart-version",
}


@pytest.mark.parametrize(
    "path", ["/api", "/", "/nowhere", f"{API}/nowhere", f"{API}/auth/signin", f"{API}/bookmarks"]
)
async def test_pages_from_elsewhere_may_ask_whether_they_may_ask(api: Visitor, path: str) -> None:
    headers = {
        "Origin": "https://elsewhere.test",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-homechart-key",
    }
    async with api.client.options(path, headers=headers) as response:
        assert (response.status, await response.read()) == (200, b"")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert response.headers["Access-Control-Allow-Methods"] == "*"
        allowed = {name.strip() for name in response.headers["Access-Control-Allow-Headers"].split(",")}
        assert allowed >= SENT_BY_PAGES
        assert "x-rate-limit-limit" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/auth/signin", 200),
        ("PUT", "/auth/accounts/{account}", 204),
        ("PUT", "/auth/accounts/nonsense", 400),
        ("GET", "/auth/accounts/0d9a8c34-7b1f-4b6c-8f0a-5d3e2c1b0a99", 403),
        ("GET", "/nowhere", 404),
        ("PATCH", "/bookmarks", 405),
    ],
)
async def test_any_page_may_read_an_answer_and_no_cache_keeps_it(
    sign_up: SignUp, method: str, path: str, status: int
) -> None:
    ann = await sign_up()
    answer = await ann.call(method, path.format(account=ann.account), {})
    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == answer.headers["CDN-Cache-Control"] == "no-store"
    if answer.body is not None:
        assert answer.headers["Content-Type"] == "application/json"


async def test_who_is_signed_out_may_read_that(api: Visitor) -> None:
    answer = await api.get("/auth/signin")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (410, "*")


async def test_large_answers_are_compressed_for_who_can_read_that(sign_up: SignUp) -> None:
    ann = await sign_up()
    for path, compressed in (("/plan/tasks", True), ("/bookmarks", False)):
        bodies = {}
        for coding in ("gzip", "identity"):
            headers = {**ann.headers, "Accept-Encoding": coding}
            async with ann.client.get(API + path, headers=headers, auto_decompress=False) as response:
                assert (response.headers.get("Content-Encoding") == "gzip") is (
                    compressed and coding == "gzip"
                )
                bodies[coding] = await response.read()
        if compressed:
            bodies["gzip"] = gzip.decompress(bodies["gzip"])
        values = [json.loads(body)["dataValue"] for body in bodies.values()]
        assert values[0] == values[1]
