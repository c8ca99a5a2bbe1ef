"""The address to which a provider sends people back, by a link or a form of its own (contract §3.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.visitors import StartAPI


async def test_what_a_provider_posts_is_found_in_the_address(start_api: StartAPI) -> None:
    visitor = await start_api()
    async with visitor.client.post(
        "/oidc?provider=home",
        data={"code": "a&b c", "state": "s", "user": "x", "error": ""},
        allow_redirects=False,
    ) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "?provider=home&code=a%26b+c&state=s")
        assert answer.headers["Cache-Control"] == "no-store"
    async with visitor.client.post(
        "/oidc", data={"error": "access_denied", "state": "s"}, allow_redirects=False
    ) as answer:
        assert answer.headers["Location"] == "?state=s&error=access_denied"
    for body, status in ((b"\xff", 400), (b"a=1&" * 30, 400), (b"x" * 40_000, 413)):
        async with visitor.client.post("/oidc", data=body, allow_redirects=False) as answer:
            assert answer.status == status
    async with visitor.client.post("/oidc", data=_pieces(b"code=" + b"x" * 40_000)) as answer:
        assert answer.status == 413
    async with visitor.client.get("/oidc?provider=2&code=x&state=y") as answer:
        assert answer.content_type == "text/html"


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body that does not say beforehand how long it is."""
    yield body
