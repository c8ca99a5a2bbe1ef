"""How an archive is compressed and, with a passphrase, encrypted: piece by piece, in bounded memory (contract §10.3).

Encrypted is AES-256-CBC: 16 random bytes, then what was encrypted. The key is the last 32 bytes of the passphrase,
with zeros in front if it has fewer.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from typing import IO

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from homechart_common.errors import InvalidInput

#: The most bytes that an archive has when it is unpacked.
MOST_BYTES = 256 * 1024 * 1024

_GZIP = b"\x1f\x8b\x08"
_DOCUMENT = b'{"archive":'
_WITH_GZIP_HEADER = 31
_BLOCK = 16
_KEY = 32
_PIECE = 64 * 1024


class Packer:
    """Makes the bytes of an archive out of the text of its document."""

    def __init__(self, passphrase: str = "") -> None:
        self._compressor = zlib.compressobj(wbits=_WITH_GZIP_HEADER)
        self._start = b""
        if passphrase:
            self._start = _initialisation()
            self._padder = PKCS7(_BLOCK * 8).padder()
            self._encryptor = _cipher(passphrase, self._start).encryptor()
        self._encrypts = bool(passphrase)

    def pack(self, text: bytes) -> bytes:
        """The bytes for more of the text; there may be none yet."""
        return self._packed(self._compressor.compress(text))

    def finish(self) -> bytes:
        """The last bytes."""
        packed = self._packed(self._compressor.flush())
        if not self._encrypts:
            return packed
        return packed + self._encryptor.update(self._padder.finalize()) + self._encryptor.finalize()

    def _packed(self, compressed: bytes) -> bytes:
        if not self._encrypts:
            return compressed
        start, self._start = self._start, b""
        return start + self._encryptor.update(self._padder.update(compressed))


def unpacked(file: IO[bytes], passphrase: str = "") -> Iterator[bytes]:
    """The text of an archive's document in pieces; raises :class:`InvalidInput` for what is no archive."""
    pieces = _pieces(file)
    first = next(pieces, b"")
    if first.startswith(_DOCUMENT):
        # unpacked on its way, as some programs do
        yield from _bounded(_after(first, pieces))
    elif first.startswith(_GZIP):
        yield from _bounded(_decompressed(_after(first, pieces)))
    elif passphrase:
        yield from _bounded(_decompressed(_decrypted(_after(first, pieces), passphrase)))
    else:
        raise InvalidInput(
            "This is not an archive of a household, or it is encrypted and its backup key is not known here"
        )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _after(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _decrypted(pieces: Iterator[bytes], passphrase: str) -> Iterator[bytes]:
    first = next(pieces)
    decryptor = _cipher(passphrase, first[:_BLOCK].ljust(_BLOCK, b"\0")).decryptor()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    recognised = False
    try:
        for piece in _after(first[_BLOCK:], pieces):
            text = unpadder.update(decryptor.update(piece))
            if text and not recognised and not text.startswith(_GZIP):
                break
            recognised = recognised or bool(text)
            yield text
        else:
            last = unpadder.update(decryptor.finalize()) + unpadder.finalize()
            if recognised or last.startswith(_GZIP):
                yield last
                return
    except ValueError:
        pass
    raise InvalidInput(
        "This is not an archive of a household that was encrypted with the household's backup key"
    )


def _bounded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > MOST_BYTES:
            raise InvalidInput(f"The archive has more than {MOST_BYTES >> 20} MiB when it is unpacked")
        yield piece


def _decompressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=_WITH_GZIP_HEADER)
    for piece in pieces:
        compressed = piece
        if decompressor.unused_data or (compressed and decompressor.eof):
            raise InvalidInput("The archive has something behind its end")
        while not decompressor.eof and (text := _decompress(decompressor, compressed)):
            compressed = decompressor.unconsumed_tail
            yield text
    if not decompressor.eof or decompressor.unused_data:
        raise InvalidInput("The archive ends too early, or has something behind its end")


def _decompress(decompressor: zlib._Decompress, compressed: bytes) -> bytes:
    try:
        return decompressor.decompress(compressed, _PIECE)
    except zlib.error:
        raise InvalidInput("The archive is damaged: it cannot be unpacked") from None


def _initialisation() -> bytes:
    """Random bytes that nobody takes for the start of an archive that is not encrypted."""
    while (start := secrets.token_bytes(_BLOCK)).startswith(_GZIP):
        pass
    return start


def _cipher(passphrase: str, initialisation: bytes) -> Cipher[modes.CBC]:
    key = passphrase.encode()[-_KEY:].rjust(_KEY, b"\0")
    return Cipher(algorithms.AES(key), modes.CBC(initialisation))
