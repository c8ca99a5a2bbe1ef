"""Pictures that people send are made small, say nothing but what they show, and cannot fill the memory."""

from __future__ import annotations

import random
import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image

from homechart_common.images import MOST_PIXELS, NotAnImage, shrunk

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def packed(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data), formats=("JPEG",))


def close(colour: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(got - want) < 12 for got, want in zip(colour, wanted, strict=True))


def claiming(width: int, height: int) -> bytes:
    """A small PNG that says it is of another size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["GIF", "JPEG", "PNG"])
@pytest.mark.parametrize(
    ("size", "small"),
    [((900, 600), (300, 200)), ((150, 4500), (10, 300)), ((301, 300), (300, 299)), ((1, 1), (1, 1))],
)
def test_a_picture_fits_into_the_box_and_keeps_its_form(
    kind: str, size: tuple[int, int], small: tuple[int, int]
) -> None:
    image = opened(shrunk(packed(Image.new("RGB", size, RED), kind)))
    assert image.size == small
    assert close(image.getpixel((0, 0)), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_mode_are_read(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert opened(shrunk(packed(Image.new(mode, (400, 200)), kind))).size == (300, 150)


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (10, 0, 20, 20))
    for data in (packed(image, "PNG"), packed(image, "GIF")):
        shown = opened(shrunk(data))
        assert close(shown.getpixel((1, 10)), WHITE)
        assert close(shown.getpixel((18, 10)), RED)


def test_of_a_moving_picture_the_first_one_is_kept() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, BLUE)]
    shown = opened(shrunk(packed(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    assert close(shown.getpixel((20, 20)), RED)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (1, 0)), (3, (1, 1)), (4, (0, 1)), (5, (0, 0)), (6, (1, 0)), (7, (1, 1)), (8, (0, 1))],
)
def test_a_photograph_is_upright(orientation: int, corner: tuple[int, int]) -> None:
    """Red is in the corner that was the first one in the file."""
    image = Image.new("RGB", (800, 400), BLUE)
    image.paste(RED, (0, 0, 400, 200))
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = opened(shrunk(packed(image, "JPEG", exif=exif)))
    assert shown.size == ((300, 150) if orientation < 5 else (150, 300))
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        place = (20 + x * (shown.width - 40), 20 + y * (shown.height - 40))
        assert close(shown.getpixel(place), RED if (x, y) == corner else BLUE)


def test_what_else_is_in_a_file_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera and a place"
    for options in ({"exif": exif}, {"comment": b"a camera and a place"}, {"xmp": b"a camera and a place"}):
        data = packed(Image.new("RGB", (100, 100), RED), "JPEG", **options)
        assert b"a camera and a place" in data
        assert b"a camera and a place" not in shrunk(data)


def test_a_picture_that_is_small_already_stays_as_it_is() -> None:
    for mode in ("RGB", "L"):
        data = packed(Image.new(mode, (300, 300)), "JPEG", quality=30, progressive=True)
        assert shrunk(data) == data
    assert shrunk(data := shrunk(packed(Image.new("RGB", (900, 600)), "PNG"))) == data


def test_of_a_picture_with_many_details_as_many_are_kept_as_there_is_room_for() -> None:
    busy = packed(Image.effect_noise((300, 300), 200), "JPEG", quality=95)
    assert shrunk(busy) == busy, "it fits into the box"
    for room in (60_000, 37_000):
        kept = shrunk(busy, room)
        assert room * 0.5 < len(kept) <= room
        assert shrunk(kept, room) == kept


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "WEBP", "ICO", "PDF"])
def test_other_kinds_of_files_are_refused(kind: str) -> None:
    with pytest.raises(NotAnImage, match="must be a GIF, JPEG or PNG image"):
        shrunk(packed(Image.new("RGB", (16, 16)), kind))


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff", b"<svg/>", b"x" * 1000])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        shrunk(data)


@pytest.mark.parametrize("kind", ["GIF", "JPEG", "PNG"])
def test_a_broken_picture_is_refused_or_read(kind: str) -> None:
    """Nothing else happens, wherever it is broken."""
    whole = packed(Image.effect_noise((64, 64), 80).convert("RGB"), kind)
    chance = random.Random(kind)
    for _ in range(300):
        data = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data)) :][:1] = bytes([chance.randrange(256)])
        with suppress(NotAnImage):
            assert max(opened(shrunk(bytes(data))).size) <= 300


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (10_000, MOST_PIXELS // 10_000 + 1, "must not have more than 50 million pixels"),
        (10_000, 10_000, "must be a GIF, JPEG or PNG image"),
        (2**31 - 1, 2**31 - 1, "must be a GIF, JPEG or PNG image"),
    ],
)
def test_a_picture_that_is_too_large_to_unpack_is_refused(width: int, height: int, said: str) -> None:
    assert opened(shrunk(claiming(16, 16))).size == (16, 16)
    with pytest.raises(NotAnImage, match=said):
        shrunk(claiming(width, height))
