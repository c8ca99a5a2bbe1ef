"""Handing a mail to the mail server (RFC 5321, contract §8.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import aiosmtplib

from homechart_common.config import Smtp

#: The port on which a connection is encrypted from the start (RFC 8314 §3.3).
_IMPLICIT_TLS_PORT = 465
#: How long one step of the conversation, and all of it, may take.
_STEP_SECONDS = 20.0
_LONGEST_SECONDS = 60.0


async def send(smtp: Smtp, to: str, mail: EmailMessage) -> None:
    """Hand ``mail`` for one address over; once this returns, the mail server is responsible for it.

    The connection is encrypted when the server offers it, and always with ``smtp.requireTLS``. Gives up well
    before the lease of a claim is over. Raises :class:`aiosmtplib.SMTPException`, ``OSError`` or
    ``TimeoutError``; the server has the mail all the same if its answer was lost on the way.
    """
    server = _server(smtp)
    try:
        async with asyncio.timeout(min(_LONGEST_SECONDS, smtp.lease_seconds / 2)):
            with _in_words():
                await server.connect()
                await server.send_message(mail, sender=_envelope_sender(smtp), recipients=[to])
        # It has the mail, which is to be written down at once: the answer to the good-bye is not waited for.
        if isinstance(server.transport, asyncio.WriteTransport):
            server.transport.write(b"QUIT\r\n")
    finally:
        server.close()


async def knock(smtp: Smtp) -> bool:
    """Connect and sign in, and send nothing; whether the connection is encrypted. Raises as :func:`send`."""
    server = _server(smtp)
    try:
        async with asyncio.timeout(_STEP_SECONDS):
            with _in_words():
                await server.connect()
            encrypted = server.get_transport_info("sslcontext") is not None
            await server.quit()
    finally:
        server.close()
    return encrypted


@contextmanager
def _in_words() -> Iterator[None]:
    """Let errors say what the mail server said; those of the library show how they are stored."""
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise aiosmtplib.SMTPException(_words(error.recipients[0])) from error
    except aiosmtplib.SMTPResponseException as error:
        raise aiosmtplib.SMTPException(_words(error)) from error


def _words(error: aiosmtplib.SMTPResponseException) -> str:
    said = f"{error.code} {' '.join(error.message.split())}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"{said}; see smtp.username and smtp.password"
    return said


def _server(smtp: Smtp) -> aiosmtplib.SMTP:
    implicit = smtp.port == _IMPLICIT_TLS_PORT
    return aiosmtplib.SMTP(
        hostname=smtp.hostname,
        port=smtp.port,
        username=smtp.username or None,
        password=smtp.password if smtp.username else None,
        use_tls=implicit,
        start_tls=False if implicit else smtp.require_tls or None,
        timeout=_STEP_SECONDS,
    )


def _envelope_sender(smtp: Smtp) -> str:
    """Where bounces go: to the user, whom many servers insist on, unless the user's name is no address."""
    return smtp.username if "@" in smtp.username else smtp.from_address
