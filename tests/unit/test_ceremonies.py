"""Whom passkeys are made for, by the address of a server, and what having them costs a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from homechart_common.ceremonies import NoPasskeys, RelyingParty


@pytest.mark.parametrize(
    ("base_url", "host", "origin"),
    [
        ("http://localhost:3000", "localhost", "http://localhost:3000"),
        ("http://home.localhost", "home.localhost", "http://home.localhost"),
        ("https://home.example", "home.example", "https://home.example"),
        ("https://home.example/family", "home.example", "https://home.example"),
        ("https://Home.Example:443", "home.example", "https://home.example"),
        ("https://home.example:8443", "home.example", "https://home.example:8443"),
        ("https://münchen.example", "xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_passkeys_belong_to_a_host_and_are_used_on_its_pages(base_url: str, host: str, origin: str) -> None:
    assert RelyingParty.at(base_url) == (host, origin)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://home.example",
        "http://localhost.example",
        "https://192.0.2.7",
        "https://[::1]",
        "http://127.0.0.1:3000",
    ],
)
def test_where_browsers_use_none_there_are_none(base_url: str) -> None:
    with pytest.raises(NoPasskeys):
        RelyingParty.at(base_url)


def test_a_process_is_not_larger_for_what_nobody_has() -> None:
    program = "import homechart_api.routes, sys; sys.exit('webauthn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
