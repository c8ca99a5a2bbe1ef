"""Posting to addresses that people give us (the same rules as for reading are in the modules beside this one)."""

from __future__ import annotations

import pytest
from aiohttp import web

from homechart_common.errors import InvalidInput
from homechart_common.fetch import Fetcher, Reply
from tests.push_service import push_service, refuse
from tests.rogue_server import INSIDE, RogueServer, outside


async def post(fetcher: Fetcher, url: str) -> Reply:
    return await fetcher.post(url, b"hello", {"X-Said": "yes"})


async def refusal(fetcher: Fetcher, url: str) -> str:
    """What is said about an address that nothing is posted to."""
    with pytest.raises(InvalidInput) as refused:
        await post(fetcher, url)
    return refused.value.message


async def test_what_is_posted_arrives_and_the_answer_is_told() -> None:
    async with push_service() as service:
        seen = []

        async def look(request: web.Request) -> web.Response:
            seen.append((request.method, await request.read(), request.headers["X-Said"]))
            return web.Response(status=429, text="Slow\n down\0\x1b", headers={"Retry-After": "7"})

        service.at("/here", look)
        assert await post(service.fetcher(), f"{service.origin}/here") == Reply(429, "7", "Slow down")
    assert seen == [("POST", b"hello", "yes")]


async def test_it_goes_nowhere_else_than_it_was_sent() -> None:
    async with push_service() as service:
        service.at("/moved", refuse(307, Location=f"{service.origin}/here"))
        assert (await post(service.fetcher(), f"{service.origin}/moved")).status == 307


async def test_only_the_beginning_of_an_answer_is_read() -> None:
    async with push_service() as service:
        service.at("/talkative", refuse(500, "word " * 100_000))
        reply = await post(service.fetcher(), f"{service.origin}/talkative")
    assert reply.words.startswith("word word")
    assert len(reply.words) <= 300


@pytest.mark.parametrize(
    "url", ["http://localhost:{port}/", "https://user:secret@localhost:{port}/", "ftp://x/", ""]
)
async def test_addresses_that_are_none_are_refused(url: str) -> None:
    async with push_service() as service:
        assert (await refusal(service.fetcher(), url.format(port=service.port))).startswith("url: must ")


@pytest.mark.parametrize("url", ["https://127.0.0.1:{port}/", "https://[::1]:{port}/"])
async def test_nothing_is_posted_to_what_only_this_server_can_reach(rogue: RogueServer, url: str) -> None:
    assert await refusal(Fetcher(), url.format(port=rogue.port)) == INSIDE
    assert rogue.requests == []


async def test_a_server_must_have_a_certificate_that_is_believed() -> None:
    async with push_service() as service:
        strict = Fetcher(permits=service.fetcher().permits, resolver=service.fetcher().resolver)
        assert (
            await refusal(strict, f"{service.origin}/")
            == "url: leads to a server without a valid certificate"
        )


async def test_a_server_that_says_nothing_is_not_waited_for(rogue: RogueServer) -> None:
    url = rogue.url("/").replace("http:", "https:")
    assert await refusal(outside(seconds=0.5), url) in {
        "url: leads to nothing that answers",
        "url: leads to nothing that can be read",
        "url: took longer than 0.5 seconds to read",
    }
