"""A real API process and two browsers, as two people of a household have them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest

from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import Running, api_process
from tests.ui.browser import Window, programs

PASSWORD = "correct horse battery"

NewWindow = Callable[[], Window]


@pytest.fixture(scope="session")
async def server(database_settings: PostgresqlSettings) -> AsyncIterator[Running]:
    """The API, running."""
    async with api_process(database_settings) as running:
        yield running


@contextmanager
def opened(url: str, factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A window with an empty profile."""
    found = programs()
    if found is None:
        pytest.skip(
            "no browser: put chromium or google-chrome on PATH, or its path into HOMECHART_TEST_BROWSER"
        )
    window = Window(found, factory.mktemp("profile"), url)
    yield window
    window.close()


@pytest.fixture(scope="session")
def anns_browser(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    with opened(server.url, tmp_path_factory) as window:
        yield window


@pytest.fixture(scope="session")
def bens_browser(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    with opened(server.url, tmp_path_factory) as window:
        yield window


@pytest.fixture
def ann(anns_browser: Window) -> Iterator[Window]:
    """Ann's window, with the page before her. The console has nothing to say in the end."""
    anns_browser.look()
    anns_browser.restart()
    yield anns_browser
    assert anns_browser.log() == []


@pytest.fixture
def ben(bens_browser: Window) -> Iterator[Window]:
    """The same for Ben."""
    bens_browser.look()
    bens_browser.restart()
    yield bens_browser
    assert bens_browser.log() == []


def new_address() -> str:
    """An email address that nobody has."""
    return f"{uuid.uuid4().hex}@example.com"


def sign_up(window: Window, name: str, address: str = "") -> None:
    """Create an account on the page."""
    window.click("[data-show=sign-up]")
    window.fill("#sign-up-name", name)
    window.fill("#sign-up-address", address or new_address())
    window.fill("#sign-up-password", PASSWORD, enter=True)
    window.see("#live", "Live")
    window.see("#no-household")  # which pushes down what is below it


def share(one: Window, other: Window) -> None:
    """Two people in a household: one starts it and invites the other, who joins."""
    address = new_address()
    sign_up(one, "Ann Linden")
    one.fill("#household-name", "The Lindens", enter=True)
    one.click(".invite summary")
    one.fill(".invite input", address, enter=True)
    code = one.read(".code")
    sign_up(other, "Ben Linden", address)
    other.click("#join summary")
    other.fill("#accept-code", code.lower(), enter=True)
    other.see(".household h2", "The Lindens")


def add(window: Window, name: str) -> None:
    """Write down a task."""
    window.fill("#add-name", name, enter=True)
    window.see("#open .name", name)
