"""Passkeys of a real browser, used as the page for writers of clients says."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from selenium.webdriver.common.virtual_authenticator import Protocol, Transport, VirtualAuthenticatorOptions

from homechart_common.postgresql.settings import PostgresqlSettings
from tests.commands import ROOT
from tests.processes import api_process, free_port
from tests.ui.browser import Window
from tests.ui.conftest import PASSWORD, new_address, opened

GUIDE = (ROOT / "docs" / "passkeys.md").read_text(encoding="utf-8")
#: What the page says; then, with the session that there is, what an expression comes to.
SCRIPT = "\n".join(
    (
        "const [session, expression, answer] = arguments;",
        *re.findall(r"^```js\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE),
        "const fail = (error) => answer({ error: `${error.name}: ${error.message}` });",
        "eval(expression).then((value) => answer({ value }), fail);",
    )
)


class Page:
    """A page of the server in a browser with an authenticator."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.session: dict[str, Any] | None = None
        options = VirtualAuthenticatorOptions(
            protocol=Protocol.CTAP2,
            transport=Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
        window.driver.add_virtual_authenticator(options)

    def run(self, expression: str) -> Any:
        """What an expression comes to."""
        came = self.attempt(expression)
        assert "error" not in came, came
        return came["value"]

    def attempt(self, expression: str) -> Any:
        """The same, or the error."""
        return self.window.driver.execute_async_script(SCRIPT, self.session, expression)

    def sign_up(self) -> None:
        account = {"emailAddress": new_address(), "password": PASSWORD, "name": "Ann", "tosAccepted": True}
        self.session = self.run(f"call('POST', 'accounts', {json.dumps(account)})")


@pytest.fixture(scope="module")
async def address(database_settings: PostgresqlSettings) -> AsyncIterator[str]:
    """Where people reach a server that knows it."""
    port = free_port()
    url = f"http://localhost:{port}"
    async with api_process(database_settings, port=port, environment={"HOMECHART_APP_BASEURL": url}):
        yield url


@pytest.fixture
def page(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(address, tmp_path_factory) as window:
        window.go("/robots.txt")
        yield Page(window)


def test_a_passkey_signs_in_without_anything_else(page: Page) -> None:
    page.sign_up()
    signed_up = page.session
    assert signed_up is not None

    added = page.run("addPasskey('Laptop')")

    assert (added["name"], added["host"], added["transports"]) == ("Laptop", "localhost", ["internal"])
    page.session = None
    for _ in range(2):
        session = page.run("signIn()")
        assert session["authAccountID"] == signed_up["authAccountID"]
        assert session["name"] == "Chrome"
    page.session = session
    [passkey] = page.window.driver.get_credentials()
    assert passkey.sign_count > 1, "the authenticator counts, and the server minded it"
    assert page.run("call('GET', `accounts/${session.authAccountID}/passkeys`)")["lastUsed"]


def test_an_authenticator_has_one_passkey_for_an_account(page: Page) -> None:
    page.sign_up()
    page.run("addPasskey('Laptop')")

    assert page.attempt("addPasskey('Laptop again')")["error"].startswith("InvalidStateError")

    page.sign_up()
    page.run("addPasskey('Laptop of somebody else')")
    assert len(page.window.driver.get_credentials()) == 2


def test_who_is_not_verified_gets_nowhere(page: Page) -> None:
    page.sign_up()
    page.run("addPasskey('Laptop')")

    page.window.driver.set_user_verified(False)

    page.session = None
    assert page.attempt("signIn()")["error"].startswith("NotAllowedError")


def test_a_page_at_another_address_gets_nothing(page: Page) -> None:
    page.sign_up()
    page.run("addPasskey('Laptop')")
    page.window.driver.get(page.window.url.replace("localhost", "127.0.0.1") + "/robots.txt")

    page.session = None
    assert page.attempt("signIn()")["error"].startswith("SecurityError")
