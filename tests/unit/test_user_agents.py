"""Which browser a User-Agent header names."""

from __future__ import annotations

import pytest

from homechart_common.user_agents import family

WEBKIT = "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"{WEBKIT} Chrome/119.0.0.0 Safari/537.36", "chrome"),
        (f"{WEBKIT} Chrome/119.0.0.0 Safari/537.36 Edg/119.0", "edge"),
        (f"{WEBKIT} CriOS/119.0 Mobile/15E148 Safari/604.1", "chrome"),
        (f"{WEBKIT} Version/17.0 Safari/605.1.15", "safari"),
        ("Mozilla/5.0 (X11; rv:109.0) Gecko/20100101 Firefox/119.0", "firefox"),
        ("Mozilla/5.0 (compatible; something)", "unknown"),
        ("curl/8.4.0", "api"),
        ("", "unknown"),
    ],
)
def test_the_family_is_told_from_the_header(header, expected):
    assert family(header) == expected
