"""Which CBOR is read at all: what authenticators write, which is the canonical form of CTAP2, and nothing cleverer.

Decoders understand more. With tags that refer to what came before, two hundred bytes become gigabytes as soon as
the result is written again, which checking a passkey does.
"""

from __future__ import annotations

#: How deep arrays and maps may be in one another (CTAP 2.1 §8).
_DEEPEST = 4

_BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(2, 7)
#: The additional information from which on the argument is in the bytes that follow, and up to which it is a number.
_FOLLOWS, _LAST = 24, 27


def require_plain(data: bytes) -> None:
    """Refuse ``data``, which is one item after another, unless it is numbers, texts, bytes, arrays and maps of them.

    Each says beforehand how long it is. Raises :class:`ValueError`.
    """
    position, missing = 0, list[int]()
    while position < len(data):
        kind, argument, position = _head(data, position)
        if missing:
            missing[-1] -= 1
        if kind in (_BYTES, _TEXT):
            position += argument
        elif kind in (_ARRAY, _MAP):
            missing.append(argument * (2 if kind == _MAP else 1))
        elif kind == _TAG:
            raise ValueError("a tag")
        if len(missing) > _DEEPEST:
            raise ValueError("too deep")
        while missing and missing[-1] == 0:
            missing.pop()


def _head(data: bytes, position: int) -> tuple[int, int, int]:
    """The kind of the item at a position, its argument, and where that ends."""
    kind, information = data[position] >> 5, data[position] & 31
    if information < _FOLLOWS:
        return kind, information, position + 1
    if information > _LAST:
        raise ValueError("of no length")
    end = position + 1 + 2 ** (information - _FOLLOWS)
    return kind, int.from_bytes(data[position + 1 : end], "big"), end
