"""Fields that are pictures."""

from __future__ import annotations

import base64
import re
from typing import Any

from homechart_common.images import NotAnImage, shrunk
from homechart_common.models.fields.field import Invalid
from homechart_common.models.fields.texts import Text

_LABEL = re.compile(r"data:image/(gif|jpeg|png);base64,")


class Image(Text):
    """A small JPEG as a data URI, or empty. Reads a GIF, JPEG or PNG of any size, and a bare base64 JPEG."""

    slow = True

    def __init__(self, *, max: int = 500_000) -> None:
        super().__init__(
            max=max,
            long=True,
            description="A GIF, JPEG or PNG as a data URI; kept as a JPEG of at most 300 by 300 pixels",
        )
        # The limit is for what is kept.
        self.json_schema = {"type": "string"}
        self._most_bytes = (max - len(data_uri(b""))) // 4 * 3

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Invalid("must be a string")
        if not value:
            return ""
        try:
            return super().read(data_uri(shrunk(_unlabelled(value), self._most_bytes)))
        except NotAnImage as error:
            raise Invalid(str(error)) from None


def data_uri(jpeg: bytes) -> str:
    """A JPEG as the value of such a field."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _unlabelled(value: str) -> bytes:
    label = _LABEL.match(value)
    try:
        return base64.b64decode(value[label.end() :] if label else value, validate=True)
    except ValueError:
        raise NotAnImage("must be a data URI of an image, in base64") from None
