"""What a page says about itself for programs, in the terms of schema.org: as JSON-LD, or in microdata.

Pages are whatever somebody put there, so all that is done here takes time in proportion to their length.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import lxml.etree
import lxml.html

#: A thing that is described: its properties by name, its kinds as ``@type``. Texts may have markup in them.
Thing = dict[str, Any]

#: Pages with more tags, far beyond those of any recipe, are not looked at.
_MOST_TAGS = 200_000
#: How deep lists, graphs and main entities are searched.
_DEEPEST = 5
#: Where elements have what they stand for, if not as text.
_VALUES = {
    "a": "href",
    "audio": "src",
    "data": "value",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "meta": "content",
    "meter": "value",
    "object": "data",
    "source": "src",
    "time": "datetime",
    "video": "src",
}
#: Tags between which a text has lines of their own, and all others. Neither can search a text twice.
_BREAK = re.compile(r"</?(?:br|d[dlt]|div|h[1-6]|li|ol|p|section|t[dhr]|table|ul)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def first(page: bytes, charset: str | None, kind: str, names: frozenset[str]) -> Thing | None:
    """The first thing of a kind that a page describes; of microdata only the properties in ``names``."""
    tree = _tree(page, charset)
    if tree is None:
        return None
    things = (thing for script in tree.iter("script") for thing in _in_script(script))
    found = next((thing for thing in things if kind in kinds(thing)), None)
    return found or _in_microdata(tree, kind, names)


def kinds(thing: Thing) -> set[str]:
    """What a thing is: the names of its types, without the address of the vocabulary."""
    said = thing.get("@type")
    types = said if isinstance(said, list) else [said]
    return {re.split("[/:#]", kind)[-1] for kind in types if isinstance(kind, str)}


def lines(text: str) -> list[str]:
    """The lines of a text that may have markup in it, each without superfluous space, and no empty ones."""
    plain = html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\x00", "")
    stripped = (" ".join(line.split()) for line in plain.splitlines())
    return [line.encode("utf-8", "ignore").decode() for line in stripped if line]


def _tree(page: bytes, charset: str | None) -> Any:
    """The elements of a page, or ``None`` if it has none."""
    if page.count(b"<") > _MOST_TAGS:
        return None
    try:
        return lxml.html.document_fromstring(page, parser=_parser(page, charset))
    except (lxml.etree.LxmlError, ValueError):
        return None


def _parser(page: bytes, charset: str | None) -> Any:
    """Reads a page in the encoding that its server says it has, or else in that which it says itself."""
    if charset is None and b"charset" not in page[:4096].lower():
        charset = "utf-8"
    try:
        return lxml.html.HTMLParser(encoding=charset, remove_comments=True, remove_pis=True)
    except LookupError:
        return _parser(page, None)


def _in_script(script: Any) -> Iterator[Thing]:
    if "ld+json" not in (script.get("type") or "").lower():
        return
    # Around it there may be comments, and a semicolon behind.
    text = (script.text or "").replace("<![CDATA[", "").replace("]]>", "")
    begin = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=0)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    try:
        yield from _described(json.loads(text[begin:end], strict=False))
    except (ValueError, RecursionError):
        return


def _described(value: Any, depth: int = 0) -> Iterator[Thing]:
    """A thing and those in it, or those of a list."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for member in value:
            yield from _described(member, depth + 1)
    elif isinstance(value, dict):
        yield value
        for name in ("@graph", "mainEntity"):
            yield from _described(value.get(name), depth + 1)


def _in_microdata(tree: Any, kind: str, names: frozenset[str]) -> Thing | None:
    for scope in tree.iter("*"):
        if scope.get("itemscope") is not None and kind in _types(scope):
            lxml.etree.strip_elements(scope, "script", "style", with_tail=False)
            return _properties(scope, names)
    return None


def _types(scope: Any) -> list[str]:
    return [address.rpartition("/")[2] for address in (scope.get("itemtype") or "").split()]


def _properties(scope: Any, names: frozenset[str]) -> Thing:
    """The named properties of an item. What is said inside one of them is part of that one alone."""
    thing: Thing = {"@type": _types(scope)}
    waiting = list(scope.iterchildren("*", reversed=True))
    while waiting:
        element = waiting.pop()
        said = names & set((element.get("itemprop") or "").split())
        nested = element.get("itemscope") is not None
        if said:
            value = _properties(element, names) if nested else _value(element)
            for name in said:
                thing.setdefault(name, []).append(value)
        elif not nested:
            waiting.extend(element.iterchildren("*", reversed=True))
    return thing


def _value(element: Any) -> str:
    attribute = _VALUES.get(element.tag)
    value = element.get("content") or (element.get(attribute) if attribute else None)
    if value is not None:
        return str(value)
    return str(lxml.html.tostring(element, encoding="unicode", with_tail=False))
