"""Pictures that people give us: made small, without what else is in the file, and never too large to unpack."""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import Image

#: The largest width and height of a picture that is kept (contract §1.7).
LONGEST_SIDE = 300
#: The largest picture that is unpacked: those of today's phones have up to 50 million pixels.
MOST_PIXELS = 50_000_000

_BOX = (LONGEST_SIDE, LONGEST_SIDE)
#: How much is kept of what a picture shows: the first that makes it small enough.
_QUALITIES = (85, 70, 55, 40, 25, 15)
_ORIENTATION = 0x0112
#: What a JPEG may say beside its picture to be kept as it is: how it is packed, not where it was taken.
_HARMLESS = frozenset(
    {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression"}
)

# Pillow has a limit of its own, far above ours, beyond which it warns that a picture may be a bomb.
warnings.simplefilter("error", Image.DecompressionBombWarning)


class NotAnImage(ValueError):
    """Not a picture that can be kept; the message completes a sentence that starts with what it is for."""


def shrunk(data: bytes, most_bytes: int = 10**6) -> bytes:
    """A GIF, JPEG or PNG as a JPEG that fits into 300 by 300; one that is such a JPEG already, as it is.

    Of what has many details fewer are kept, so that it has no more than ``most_bytes``. It takes long, so it is
    to be called in a thread. Raises :class:`NotAnImage`.
    """
    try:
        with Image.open(BytesIO(data), formats=("GIF", "JPEG", "PNG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise NotAnImage(f"must not have more than {MOST_PIXELS // 1_000_000} million pixels")
            if _is_small(image) and len(data) <= most_bytes:
                image.load()
                return data
            return _packed(_turned(_reduced(image), image.getexif().get(_ORIENTATION, 1)), most_bytes)
    except NotAnImage:
        raise
    # Whatever a decoder meets in a file that is none: they raise errors of a dozen kinds.
    except Exception:
        raise NotAnImage("must be a GIF, JPEG or PNG image") from None


def _is_small(image: Image.Image) -> bool:
    return (
        image.format == "JPEG"
        and max(image.size) <= LONGEST_SIDE
        and image.mode in ("L", "RGB")
        and image.info.keys() <= _HARMLESS
    )


def _reduced(image: Image.Image) -> Image.Image:
    """The picture in the box, in a mode of which others need not be thought of."""
    image.draft("RGB", _BOX)  # a large JPEG is unpacked to a fraction of its size
    mode = "RGBA" if image.has_transparency_data else "RGB"
    # What can be reduced as it is need not be in memory twice.
    reduced = image if image.mode == mode else image.convert(mode)
    reduced.thumbnail(_BOX, reducing_gap=2)
    return reduced


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    """Upright, as the camera says how it was held."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _packed(image: Image.Image, most_bytes: int) -> bytes:
    """A JPEG with nothing in it but the picture, on white where it is transparent."""
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    packed = b""
    for quality in _QUALITIES:
        file = BytesIO()
        canvas.save(file, "JPEG", quality=quality)
        packed = file.getvalue()
        if len(packed) <= most_bytes:
            break
    return packed
