"""The files beside this one, a language each; ``en.yaml`` is the model for further languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent
_FALLBACK_LANGUAGE = "en"

#: Objects by kind, each with those that are in it.
Tree = Mapping[str, list[dict[str, Any]]]


def tree(language: str, part: str) -> Tree:
    """What a new ``account`` or ``household`` finds."""
    found: Tree = _content(language)[part]
    return found


def word(language: str, name: str) -> str:
    """What something is called that the server makes by itself."""
    return str(_content(language)["words"][name])


@cache
def _content(language: str) -> dict[str, Any]:
    path = _FOLDER / f"{language}.yaml"
    if not path.exists():
        return _content(_FALLBACK_LANGUAGE)
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
