"""Messages that only one browser can read (RFC 8291, in the encoding ``aes128gcm`` of RFC 8188)."""

from __future__ import annotations

import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from homechart_common.notify.vapid import point

#: What every push service takes (RFC 8030 §7.2), and how long all messages are, so that none tells by its length.
RECORD_BYTES = 4096
_SALT_BYTES = 16
_POINT_BYTES = 65
#: Salt, size of the record, length of the key and the key (RFC 8188 §2.1); what marks the end; AES-GCM's tag.
_HEADER_BYTES = _SALT_BYTES + 4 + 1 + _POINT_BYTES
_DELIMITER, _TAG_BYTES = b"\x02", 16
#: The longest message.
MOST_BYTES = RECORD_BYTES - _HEADER_BYTES - len(_DELIMITER) - _TAG_BYTES


def encrypted(
    message: bytes,
    public_key: bytes,
    secret: bytes,
    *,
    length: int = MOST_BYTES,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The body of a request for the browser with this public key and authentication secret.

    The message is padded to ``length``. Salt and the key of the sender are new for each message; the standard's
    example has others. Raises ``ValueError`` for a message that is too long and for keys that are none.
    """
    if len(message) > length:
        raise ValueError(f"a message has at most {length} bytes")
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    sender = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(_SALT_BYTES)
    sender_point = point(sender.public_key())

    info = b"WebPush: info\0" + point(receiver) + sender_point
    material = _derived(secret, info, 32, sender.exchange(ec.ECDH(), receiver))
    key = _derived(salt, b"Content-Encoding: aes128gcm\0", 16, material)
    nonce = _derived(salt, b"Content-Encoding: nonce\0", 12, material)

    header = salt + struct.pack("!IB", RECORD_BYTES, _POINT_BYTES) + sender_point
    padded = message + _DELIMITER + bytes(length - len(message))
    return header + AESGCM(key).encrypt(nonce, padded, None)


def _derived(salt: bytes, info: bytes, length: int, material: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(material)
