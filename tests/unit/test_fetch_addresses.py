"""Which addresses that people give us are read, and which lead to what only this server can reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiohttp.abc import ResolveResult

from homechart_common.fetch import Fetcher
from tests.rogue_server import HTML, INSIDE, Names, RogueServer, outside, redirect, refusal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "soup",
        "//site.test/",
        "ftp://site.test/",
        "file:///etc/passwd",
        "gopher://site.test/",
        "javascript:alert(1)",
        "data:text/html,soup",
        "http:///soup",
        "http://",
    ],
)
async def test_only_the_web_is_read(url: str) -> None:
    assert await refusal(url) == "url: must be an http:// or https:// address"


@pytest.mark.parametrize(
    "url",
    [
        "http://site.test:99999/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        f"http://{'a' * 64}.test/",
        "http://\u0000/",
        "http://xn--a/",
        "http://..../",
    ],
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    assert (await refusal(url, Fetcher())).startswith("url: ")


async def test_an_address_is_not_endless() -> None:
    assert await refusal(f"http://site.test/{'a' * 2000}") == (
        "url: must be an address of at most 2000 characters"
    )


@pytest.mark.parametrize("credentials", ["ann:secret", "ann", ":secret"])
async def test_an_address_with_credentials_is_refused(rogue: RogueServer, credentials: str) -> None:
    said = await refusal(f"http://{credentials}@site.test:{rogue.port}/")
    assert said == "url: must not contain a name or a password"
    assert rogue.requests == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LocalHost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "[::]",
        "10.0.0.1",
        "169.254.169.254",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00::1]",
    ],
)
async def test_addresses_that_are_not_public_are_not_connected_to(rogue: RogueServer, host: str) -> None:
    rogue.page("/", "a secret")
    assert await refusal(rogue.url(host=host), Fetcher()) == INSIDE
    assert rogue.requests == []


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "localhost."]
)
async def test_addresses_in_disguise_are_not_connected_to(rogue: RogueServer, host: str) -> None:
    rogue.page("/", "a secret")
    assert (await refusal(rogue.url(host=host), Fetcher())).startswith("url: ")
    assert rogue.requests == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1"])
async def test_names_of_addresses_that_are_not_public_are_not_connected_to(
    rogue: RogueServer, address: str
) -> None:
    rogue.page("/", "a secret")
    assert await refusal(rogue.url(), Fetcher(resolver=Names(site_test=address))) == INSIDE
    assert rogue.requests == []


async def test_a_name_counts_for_what_it_is_when_it_is_connected_to(rogue: RogueServer) -> None:
    class Rebinding(Names):
        """Says one thing the first time, and another thing later."""

        async def resolve(self, host: str, *args: Any, **options: Any) -> list[ResolveResult]:
            said = await super().resolve(host, *args, **options)
            self.known[host] = "127.0.0.2"
            return said

    rogue.at("/", redirect("/again"))
    rogue.page("/again", "a secret")
    assert await refusal(rogue.url(), replace(outside(), resolver=Rebinding(site_test="127.0.0.1"))) == INSIDE
    assert len(rogue.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(rogue: RogueServer, status: int) -> None:
    rogue.at("/old", redirect("new?x=1", status))
    rogue.page("/new", "hello")
    page = await outside().fetch(rogue.url("/old"), HTML)
    assert (page.url, page.body) == (rogue.url("/new?x=1"), b"hello")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://127.0.0.2:{port}/", INSIDE),
        ("//127.0.0.2:{port}/", INSIDE),
        ("http://169.254.169.254/latest/meta-data/", INSIDE),
        ("file:///etc/passwd", "url: must be an http:// or https:// address"),
        ("ftp://site.test/", "url: must be an http:// or https:// address"),
        ("http://ann:secret@site.test:{port}/", "url: must not contain a name or a password"),
    ],
)
async def test_a_redirect_leads_nowhere_that_an_address_may_not(
    rogue: RogueServer, target: str, said: str
) -> None:
    rogue.page("/", "a secret")
    rogue.at("/way", redirect(target.format(port=rogue.port)))
    assert await refusal(rogue.url("/way")) == said
    assert len(rogue.requests) == 1


async def test_redirects_end(rogue: RogueServer) -> None:
    for number in range(6):
        rogue.at(f"/{number}", redirect(f"/{number + 1}"))
    rogue.page("/6", "hello")
    assert (await outside().fetch(rogue.url("/1"), HTML)).body == b"hello"
    assert await refusal(rogue.url("/0")) == "url: leads on to more than 5 other addresses"
