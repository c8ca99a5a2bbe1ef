"""Markdown as mail programs want it: as HTML, and as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: CommonMark without HTML: a tag is text like any other, and links lead only to harmless kinds of addresses.
_markdown = MarkdownIt("commonmark", {"html": False})

_BREAKS = {"softbreak": "\n", "hardbreak": "\n"}


def to_html(markdown: str) -> str:
    """The HTML of a document's body."""
    return str(_markdown.render(markdown))


def to_text(markdown: str) -> str:
    """The text that somebody reads who does not see HTML: links show where they lead."""
    return "".join(_blocks(_markdown.parse(markdown))).strip() + "\n"


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "list_item_open":
            yield "- "
        elif token.type == "inline":
            yield "".join(_inline(token.children or ()))
        elif token.type in ("fence", "code_block"):
            yield f"{token.content}\n"
        elif token.type == "hr":
            yield "--\n\n"
        elif token.type in ("paragraph_close", "heading_close"):
            yield "\n" if token.hidden else "\n\n"
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            yield "\n"


def _inline(tokens: Sequence[Token]) -> Iterator[str]:
    href = words = ""
    for token in tokens:
        text = _BREAKS.get(token.type, token.content)
        if token.type == "link_open":
            href, words = str(token.attrGet("href") or ""), ""
        elif token.type == "link_close" and words != href:
            text = f": {href}"
        words += text
        yield text
