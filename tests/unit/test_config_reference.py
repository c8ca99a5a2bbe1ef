"""The reference pages are what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from homechart_common import metrics
from homechart_common.config import reference
from homechart_common.config.sections import LEFT_OUT, OPTIONS

PAGES = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(
    ("page", "made"), [("configuration.md", reference.reference), ("metrics.md", metrics.reference)]
)
def test_the_page_is_up_to_date(page, made):
    assert (PAGES / page).read_text(encoding="utf-8") == made(), "run `make docs`"


def test_every_option_is_spelled_as_in_the_contract():
    keys = {option.key for option in OPTIONS.values()}
    assert {
        "app.adminEmailAddresses",
        "app.baseURL",
        "app.cacheTTLMinutes",
        "app.tlsKey",
        "app.uiDir",
        "cli.outputJSON",
        "oidc.googleClientID",
        "postgresql.sslMode",
        "smtp.requireTLS",
        "webPush.vapidPrivateKey",
    } <= keys
    assert not keys & set(LEFT_OUT)


def test_every_default_is_a_value_that_is_accepted():
    assert [option.key for option in OPTIONS.values() if not option.accepts(option.default)] == []
