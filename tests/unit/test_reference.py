"""What exists is documented: the reference pages are what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from homechart_api.__main__ import command_line as api
from homechart_api.reference import pages as api_pages

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES = api_pages(api())


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_what_make_docs_writes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "run `make docs`"
