"""A mail server for tests, in the test's own event loop."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

#: A certificate for localhost that vouches for itself, and its key.
CERTIFICATE = Path(__file__).with_name("localhost.pem")

ACCEPTED = "250 OK"

_IDENTITY = re.compile(rb"^Message-ID: <(.+)@", re.MULTILINE)


async def accept() -> str:
    """The answer of a server that takes everything."""
    return ACCEPTED


class MailServer:
    """Takes mail and remembers what it took; what it answers can be changed at any time."""

    def __init__(self) -> None:
        self.port = 0
        #: How each mail came: its envelope, with what was in it, and its session.
        self.arrivals: list[tuple[Envelope, Session]] = []
        self.answer: Callable[[], Awaitable[str]] = accept

    @property
    def mails(self) -> list[EmailMessage]:
        """What it took."""
        return [
            message_from_bytes(_content(envelope), EmailMessage, policy=policy.default)
            for envelope, _ in self.arrivals
        ]

    @property
    def subjects(self) -> list[str]:
        """The subjects of what it took."""
        return [str(mail["Subject"]) for mail in self.mails]

    def deliveries(self) -> Counter[str]:
        """How often each mail arrived, by the id of its row in the outbox."""
        found = (_IDENTITY.search(_content(envelope)) for envelope, _ in self.arrivals)
        return Counter(match[1].decode() for match in found if match)


class _Door:
    """Where mail comes in. aiosmtpd reads every attribute of it for each connection, so it has but this."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await self._server.answer()
        if answer == ACCEPTED:
            self._server.arrivals.append((envelope, session))
        return answer


def _content(envelope: Envelope) -> bytes:
    return envelope.original_content or b""


@asynccontextmanager
async def mail_server(
    *, tls: bool = False, login: tuple[str, str] | None = None
) -> AsyncIterator[MailServer]:
    """A running mail server; with ``tls`` it offers STARTTLS, with ``login`` it insists on that one."""
    server = MailServer()
    context = None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)

    def authenticate(*arguments: object) -> AuthResult:
        given = arguments[-1]
        assert isinstance(given, LoginPassword)
        matches = (given.login.decode(), given.password.decode()) == login
        return AuthResult(success=matches, handled=False)  # so that the refusal is said

    def protocol() -> SMTP:
        return SMTP(
            _Door(server),
            hostname="localhost",
            tls_context=context,
            authenticator=authenticate,
            auth_required=login is not None,
            auth_require_tls=tls,
            loop=asyncio.get_running_loop(),
        )

    listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
