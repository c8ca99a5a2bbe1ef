"""Everything that Homechart can say, as somebody would read it, for tests of what arrives."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any, get_args

import jinja2
from jinja2 import meta

from homechart_common.config import Config
from homechart_common.notify import messages
from homechart_common.notify.mail import compose
from homechart_common.notify.messages import Kind, Message

TO = "jane@house.test"
KINDS: tuple[Kind, ...] = get_args(Kind)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 2
EVIL = "<b>Choir</b> & [friends](https://evil.test)"

_NAMES = messages.points(("08:30 PM Choir", "مدرسة", LONG, EVIL), and_more=True)
#: What is filled in, by name: things that people write, and things that break lines and markup.
VALUES: dict[str, str] = {
    "actor": "John",
    "address": "jane@house.test",
    "backup_code": "123456",
    "begins": "11/24/2026 08:30 PM (Europe/Lisbon)",
    "date": "11/24/2026 07:30 PM",
    "day": "11/24/2026",
    "dish": "Spaghetti alla puttanesca",
    "due": "11/24/2026 07:30 PM",
    "event": EVIL,
    "event_names": _NAMES,
    "events": "7",
    "exporter": "John",
    "household": "Lisbon flat",
    "inviter": "John",
    "leave": "11/24/2026 08:10 PM",
    "link": messages.link("https://house.test", "/verify", id="0b5c" * 9, token="a b" * 12),
    "location": "Town hall",
    "meal": "Dinner",
    "meal_names": _NAMES,
    "meals": "5",
    "name": "Jane",
    "passkey": "Jane's phone",
    "payment_names": _NAMES,
    "payments": "5",
    "provider": "Our identity service",
    "session": "Firefox on Linux",
    "task": LONG,
    "task_names": _NAMES,
    "tasks": "5",
}


def texts(language: str) -> dict[str, dict[str, str]]:
    """The templates of a language, by kind and part."""
    return tomllib.loads((messages._FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def values_in(text: dict[str, str]) -> set[str]:
    """What is to be filled in."""
    environment = jinja2.Environment()
    return set().union(*(meta.find_undeclared_variables(environment.parse(part)) for part in text.values()))


def said(language: str) -> Iterator[Message]:
    """A message of every kind that is mailed."""
    for kind, text in texts(language).items():
        if kind in KINDS and "body" in text:
            values: dict[str, Any] = {name: VALUES[name] for name in values_in(text)}
            yield messages.render(kind, language, **values)  # type: ignore[arg-type]  # it is one of KINDS


def page(config: Config, message: Message) -> str:
    """The HTML of a message's mail."""
    mail = compose(config, TO, message.language, message.subject, message.body_markdown, identity="0b5c")
    html = mail.get_body(("html",))
    assert html is not None
    return str(html.get_content())
