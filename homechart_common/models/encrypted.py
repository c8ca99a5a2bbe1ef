"""Texts that only clients can read (contract §3.13)."""

from __future__ import annotations

from typing import Any

from homechart_common.models.fields import Invalid, Strings, Text

#: How clients may encrypt; ``none`` marks what is not.
METHODS = ("none", "aes128gcm", "rsa2048", "ed25519")


class Encrypted(Text):
    """``method$ciphertext``. The server checks the form and never decrypts."""

    def __init__(self, *methods: str, max: int = 100_000, **options: Any) -> None:
        super().__init__(max=max, long=True, **options)
        self.methods = methods or METHODS

    def read(self, value: Any) -> str:
        text = super().read(value)
        method, _, ciphertext = text.partition("$")
        if text and (method not in self.methods or not ciphertext or "$" in ciphertext):
            raise Invalid(f"must be {' or '.join(self.methods)}, a dollar sign, and the ciphertext")
        return text


class EncryptedTexts(Strings):
    """A list of them, each with something in it."""

    most = 100

    def __init__(self, *methods: str, **options: Any) -> None:
        super().__init__(**options)
        self.member = Encrypted(*methods, min=1)

    def read_member(self, value: Any) -> str:
        return self.member.read(value)
