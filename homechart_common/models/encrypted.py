"""Texts that only clients can read (contract §3.13)."""

from __future__ import annotations

from typing import Any

from homechart_common.models.fields import Invalid, Text

#: How clients may encrypt; ``none`` marks what is not.
METHODS = ("none", "aes128gcm", "rsa2048", "ed25519")


class Encrypted(Text):
    """``method$ciphertext``. The server checks the form and never decrypts."""

    def __init__(self, *, max: int = 100_000, **options: Any) -> None:
        super().__init__(max=max, long=True, **options)

    def read(self, value: Any) -> str:
        text = super().read(value)
        method, _, ciphertext = text.partition("$")
        if text and (method not in METHODS or not ciphertext or "$" in ciphertext):
            raise Invalid(f"must be one of {', '.join(METHODS)}, a dollar sign, and the ciphertext")
        return text
