"""What new accounts and households find is written down correctly, in every language."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from homechart_common.models import registry, starter

FOLDER = Path(starter.__file__).parent
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def texts(language: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return content


def shape(tree: dict[str, Any]) -> dict[str, Any]:
    """A tree without what may be translated."""
    kinds = {model.__name__ for model in registry}
    return {
        kind: [shape({name: value for name, value in thing.items() if name in kinds}) for thing in things]
        for kind, things in tree.items()
    }


def members(tree: dict[str, Any]) -> set[tuple[str, str]]:
    """Every kind of object in a tree, with each of its members."""
    found = set()
    for kind, things in tree.items():
        for thing in things:
            for name, value in thing.items():
                if name in {model.__name__ for model in registry}:
                    found |= members({name: value})
                else:
                    found.add((kind, name))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", ["account", "household"])
def test_only_members_that_clients_can_write_are_said(language: str, part: str) -> None:
    for kind, name in members(texts(language)[part]):
        field = next(field for field in registry[kind].fields.values() if field.json == name)
        assert "C" in field.write


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_objects(language: str) -> None:
    here, english = texts(language), texts("en")
    assert here.pop("words").keys() == english.pop("words").keys()
    assert {part: shape(tree) for part, tree in here.items()} == {
        part: shape(tree) for part, tree in english.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_that_must_differ_differ(language: str) -> None:
    categories = texts(language)["household"]["ShopCategory"]
    assert len(categories) == 16
    assert Counter(category["name"] for category in categories).most_common(1)[0][1] == 1
    for category in categories:
        assert re.compile(category["match"]).search("") is None
