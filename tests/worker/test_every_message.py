"""Every message in every language, as it arrives by mail."""

from __future__ import annotations

import re

import pytest
from lxml import html as lxml_html

from homechart_common.config import Config
from homechart_common.models.auth_account import LANGUAGES
from homechart_common.notify import messages, smtp
from homechart_common.notify.mail import compose
from tests.letters import EVIL, TO, said, texts, values_in
from tests.mail_server import MailServer

#: Most programs show no more of a subject on a phone.
_SHORT = 45
EVERY = pytest.mark.parametrize("language", sorted(messages.LANGUAGES))


def words(text: str, links: set[str]) -> list[str]:
    """The words of a text, without where its links lead and what stands for markup in plain text."""
    for link in sorted(links, key=len, reverse=True):
        text = text.replace(f": {link}", "")
    return re.sub(r"(?m)^(- |--\r?$)", "", text).split()


def test_all_languages_that_people_can_choose_are_spoken() -> None:
    assert set(LANGUAGES) == messages.LANGUAGES


@EVERY
async def test_every_message_arrives_as_it_was_said(config: Config, mails: MailServer, language: str) -> None:
    sent = list(said(language))
    for message in sent:
        mail = compose(config, TO, language, message.subject, message.body_markdown, identity=message.kind)
        await smtp.send(config.smtp, TO, mail)
    direction = "rtl" if language == "ar" else "ltr"
    assert len(mails.mails) == len(sent) >= 20
    for message, mail in zip(sent, mails.mails, strict=True):
        assert mail["Subject"] == message.subject
        assert mail["List-Unsubscribe"] == "<https://house.test/settings/notifications>"
        (alternative,) = mail.iter_parts()
        text, page = alternative.iter_parts()
        assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
        assert f'<html lang="{language}" dir="{direction}">' in page.get_content()
        document = lxml_html.document_fromstring(page.get_content())
        links = {element.get("href") for element in document.iter("a")}
        assert words(text.get_content(), links) == words(document.body.text_content(), links), message.kind
        assert {"https://house.test", "https://house.test/settings/notifications"} <= links
        assert all(link in text.get_content() for link in links)
        assert not any("evil" in link for link in links)
        if message.kind == "calendar_event_reminder":
            assert EVIL in text.get_content()
            assert EVIL in document.body.text_content()


@EVERY
def test_subjects_leave_room_for_what_they_are_about(language: str) -> None:
    for kind, text in texts(language).items():
        if kind != "footer":
            subject = messages.render(kind, language, **dict.fromkeys(values_in(text), "")).subject  # type: ignore[arg-type]  # one of KINDS
            assert 0 < len(subject) <= _SHORT, kind


@EVERY
def test_no_language_speaks_english(language: str) -> None:
    """What was not translated would be the same."""
    if language != "en":
        for kind, text in texts(language).items():
            assert all(part != texts("en")[kind][name] for name, part in text.items()), kind
