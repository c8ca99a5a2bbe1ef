"""A message as a mail (contract §8.3)."""

from __future__ import annotations

import html
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from homechart_common import clock
from homechart_common.config import Config
from homechart_common.notify import markdown, messages

_SENDER = "Homechart"
_PAGE = """\
<!doctype html>
<html lang="{language}" dir="{direction}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body style="font: 16px/1.5 sans-serif; max-width: 36em; margin: 0 auto; padding: 1em;
  overflow-wrap: anywhere">
{content}</body>
</html>
"""


def compose(
    config: Config, to: str, language: str, subject: str, body_markdown: str, identity: str
) -> EmailMessage:
    """The mail to one address: text and HTML of the same words, with the footer that all mails have.

    ``identity`` is what the ``Message-ID`` is made of: a mail that is sent twice for the same one is the same
    mail, which is how a duplicate can be recognised. Raises ``ValueError`` or ``email.errors.MessageError`` for
    what is no address.
    """
    sender = Address(_SENDER, addr_spec=config.smtp.from_address)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = Address(addr_spec=to)
    if config.smtp.reply_to:
        mail["Reply-To"] = Address(addr_spec=config.smtp.reply_to)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{identity}@{sender.domain}>"
    mail["List-Unsubscribe"] = f"<{messages.link(config.app.base_url, '/settings/notifications')}>"
    # nobody's out-of-office assistant should answer (RFC 3834 §5)
    mail["Auto-Submitted"] = "auto-generated"

    document = f"{body_markdown}\n\n---\n\n{messages.footer(language, config.app.base_url)}"
    page = _PAGE.format(
        language=html.escape(language),
        direction="rtl" if language in messages.RIGHT_TO_LEFT else "ltr",
        title=html.escape(subject),
        content=markdown.to_html(document),
    )
    mail.set_content(markdown.to_text(document))
    mail.add_alternative(page, subtype="html")
    mail.make_mixed()
    return mail
