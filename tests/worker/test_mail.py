from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from email.errors import HeaderParseError
from email.message import EmailMessage

import aiosmtplib
import pytest

from homechart_common.config import Config, Smtp
from homechart_common.notify import smtp
from homechart_common.notify.mail import compose
from tests.mail_server import ACCEPTED, CERTIFICATE, MailServer, mail_server

TO = "jane@house.test"


def a_mail(config: Config, subject: str = "Hello", body: str = "It **is** due.") -> EmailMessage:
    return compose(config, TO, "en", subject, body, identity="0b5c")


def with_smtp(config: Config, **changes: object) -> Smtp:
    return replace(config.smtp, **changes)  # type: ignore[arg-type]


async def test_a_mail_says_the_same_in_text_and_html(config: Config) -> None:
    mail = a_mail(config)
    assert mail.get_content_type() == "multipart/mixed"
    (alternative,) = mail.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    text, html = (part.get_content() for part in alternative.iter_parts())
    assert text.startswith("It is due.\n")
    assert "<p>It <strong>is</strong> due.</p>" in html
    for part in (text, html):
        assert "https://house.test" in part
        assert "https://house.test/settings/notifications" in part


async def test_a_mail_has_the_headers_of_the_contract(config: Config) -> None:
    mail = compose(
        replace(config, smtp=with_smtp(config, reply_to="help@house.test")),
        TO,
        "en",
        "Grüße",
        "",
        identity="0b5c",
    )
    assert (
        mail["From"] == '"Homechart" <butler@house.test>' or mail["From"] == "Homechart <butler@house.test>"
    )
    assert mail["To"] == TO
    assert mail["Subject"] == "Grüße"
    assert mail["Reply-To"] == "help@house.test"
    assert mail["List-Unsubscribe"] == "<https://house.test/settings/notifications>"
    assert mail["Message-ID"] == "<0b5c@house.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime is not None


@pytest.mark.parametrize("to", ["a@house.test, b@house.test", "a@house.test\r\nBcc: b@house.test", "jane"])
async def test_only_one_plain_address_can_be_written_to(config: Config, to: str) -> None:
    with pytest.raises((ValueError, HeaderParseError)):
        compose(config, to, "en", "Hello", "", identity="0b5c")


async def test_a_title_in_the_page_is_text(config: Config) -> None:
    mail = a_mail(config, subject="<b>x</b>")
    assert "<title>&lt;b&gt;x&lt;/b&gt;</title>" in mail.as_string().replace("=\r\n", "")


async def test_a_mail_arrives_as_it_was_composed(config: Config, mails: MailServer) -> None:
    await smtp.send(config.smtp, TO, a_mail(config, subject="Ein sehr langer Betreff " * 8 + "ä"))
    (mail,) = mails.mails
    assert mail["Subject"] == "Ein sehr langer Betreff " * 8 + "ä"
    assert mail["Message-ID"] == "<0b5c@house.test>"
    ((envelope, _),) = mails.arrivals
    assert (envelope.mail_from, envelope.rcpt_tos) == ("butler@house.test", [TO])


async def test_the_connection_is_encrypted_when_the_server_offers_it(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    async with mail_server(tls=True, login=("jane@mail.test", "secret")) as server:
        settings = with_smtp(config, port=server.port, username="jane@mail.test", password="secret")
        await smtp.send(settings, TO, a_mail(config))
        ((envelope, session),) = server.arrivals
        assert session.ssl is not None
        assert session.authenticated
        assert envelope.mail_from == "jane@mail.test"


async def test_a_user_name_that_is_no_address_is_not_the_sender(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    async with mail_server(tls=True, login=("apikey", "secret")) as server:
        settings = with_smtp(config, port=server.port, username="apikey", password="secret")
        await smtp.send(settings, TO, a_mail(config))
        assert server.arrivals[0][0].mail_from == "butler@house.test"


async def test_a_certificate_that_nobody_vouches_for_is_refused(config: Config) -> None:
    async with mail_server(tls=True) as server:
        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await smtp.send(with_smtp(config, port=server.port), TO, a_mail(config))
        assert server.arrivals == []


async def test_nothing_is_sent_unencrypted_where_encryption_is_required(
    config: Config, mails: MailServer
) -> None:
    with pytest.raises(aiosmtplib.SMTPException):
        await smtp.send(with_smtp(config, require_tls=True), TO, a_mail(config))
    assert mails.arrivals == []


async def test_a_server_that_is_silent_is_given_up_before_the_claim_is_over(
    config: Config, mails: MailServer
) -> None:
    async def silent() -> str:
        await asyncio.sleep(5)
        return ACCEPTED

    mails.answer = silent
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        await smtp.send(with_smtp(config, lease_seconds=1), TO, a_mail(config))
    assert time.monotonic() - started < 1
