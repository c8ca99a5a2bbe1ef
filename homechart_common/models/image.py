"""Pictures inside objects."""

from __future__ import annotations

import re
from typing import Any

from homechart_common.models.fields import Invalid, Text


class Image(Text):
    """A picture as a data URI, or empty for none."""

    _FORM = re.compile(r"data:image/(gif|jpeg|png);base64,[A-Za-z0-9+/]+={0,2}")

    def __init__(self, *, max: int, **options: Any) -> None:
        super().__init__(max=max, long=True, **options)

    def read(self, value: Any) -> str:
        text = super().read(value)
        if text and not self._FORM.fullmatch(text):
            raise Invalid("must be a GIF, JPEG or PNG as a data URI")
        return text
