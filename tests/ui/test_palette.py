"""The page's colours can be told apart by people who see less well (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from homechart_api.static import PACKAGED

#: What is written on what: 4.5 is needed for text, 3 for the edges of controls.
PAIRS = [
    *((colour, ground, 4.5) for colour in ("text", "soft") for ground in ("ground", "surface", "sunken")),
    *((colour, ground, 4.5) for colour in ("accent", "wrong") for ground in ("ground", "surface")),
    ("accent-deep", "tint", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "accent-deep", 4.5),
    ("ground", "text", 4.5),
    ("line-strong", "surface", 3),
    ("line-strong", "ground", 3),
]


def palettes() -> dict[str, dict[str, str]]:
    """The colours of both looks; the second block of the style sheet is the dark one."""
    blocks = re.findall(r":root \{([^}]*)\}", (PACKAGED / "page.css").read_text())
    return {
        look: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))
        for look, block in zip(("light", "dark"), blocks, strict=True)
    }


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize(("colour", "ground", "needed"), PAIRS)
def test_contrast_is_enough(look: str, colour: str, ground: str, needed: float) -> None:
    palette = palettes()[look]

    darker, lighter = sorted((luminance(palette[colour]), luminance(palette[ground])))

    assert (lighter + 0.05) / (darker + 0.05) >= needed
