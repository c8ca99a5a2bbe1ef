"""What people read leads somewhere, is found, and names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
PROGRAMS = ("homechart_common", "homechart_api", "homechart_worker")


def links(document: str) -> list[str]:
    """Where a document leads in this repository."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors(path: Path) -> set[str]:
    """What the headings of a page are called in links to them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for link in links(document):
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_list_of_pages() -> None:
    folder = ROOT / "docs"
    listed = {(folder / link).resolve() for link in links("docs/README.md")}
    pages = {page for page in folder.rglob("*.md") if page.parent.name != "decisions"}
    assert {page.name for page in pages - listed} == {"README.md"}


def test_the_map_of_the_source_shows_what_there_is() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{'|'.join(PROGRAMS)}|sql)/[\w/.]+)`", text))
    assert [path for path in named if not (ROOT / path).exists()] == []
    packages = {
        f"{init.parent.relative_to(ROOT)}/"
        for name in PROGRAMS
        for init in ROOT.glob(f"{name}/*/__init__.py")
    }
    assert packages - named == set()
