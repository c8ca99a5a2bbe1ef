"""CBOR that authenticators write is let through, and nothing that could grow when it is read."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from webauthn.helpers import encode_cbor, parse_cbor
from webauthn.helpers.exceptions import InvalidCBORData

from homechart_common.cbor import require_plain

LEAVES = some.one_of(
    some.integers(-(2**64), 2**64 - 1),
    some.binary(max_size=300),
    some.text(max_size=30),
    some.booleans(),
    some.none(),
    some.floats(),
)


def containers(depth: int) -> some.SearchStrategy[Any]:
    """Values with at most so many arrays and maps in one another."""
    if depth == 0:
        return LEAVES
    inner = containers(depth - 1)
    return some.one_of(LEAVES, some.lists(inner, max_size=30), some.dictionaries(some.integers(0, 99), inner))


@given(some.lists(containers(4), max_size=3))
def test_what_has_no_tags_and_is_not_deep_is_plain(values: list[Any]) -> None:
    require_plain(b"".join(map(encode_cbor, values)))


@given(some.binary(max_size=200))
def test_what_is_plain_does_not_grow(data: bytes) -> None:
    """But for numbers with a fraction, which are written with eight bytes instead of two."""
    with suppress(ValueError, InvalidCBORData):
        require_plain(data)
        assert len(encode_cbor(parse_cbor(data))) <= 3 * len(data)


@pytest.mark.parametrize("levels", [1, 4, 5, 6, 5000])
def test_four_levels_are_deep_enough(levels: int) -> None:
    nested = b"\x81" * levels + b"\x00"
    if levels <= 4:
        require_plain(nested)
    else:
        with pytest.raises(ValueError, match="too deep"):
            require_plain(nested)


@pytest.mark.parametrize("data", ["d81c80", "c11a514b67b0", "82 00 d81d00", "a1 d9010000 00"])
def test_tags_are_refused_wherever_they_are(data: str) -> None:
    with pytest.raises(ValueError, match="a tag"):
        require_plain(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["9f00ff", "bf0000ff", "5f4100ff", "1c", "ff"])
def test_everything_says_how_long_it_is(data: str) -> None:
    with pytest.raises(ValueError, match="of no length"):
        require_plain(bytes.fromhex(data))


def test_what_looks_like_a_tag_inside_bytes_is_none() -> None:
    require_plain(encode_cbor([b"\xd8\x1c\x80", "\u00d8\u001c"]))
