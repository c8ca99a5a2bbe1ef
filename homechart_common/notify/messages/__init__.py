"""What Homechart says, in every language: for each kind of message a subject and a body for each way it goes.

``en.toml`` is the model for further languages: a file beside it named after the ISO 639 code, with the same
kinds, and the same texts and values in them::

    [plan_task_reminder]
    subject = "Task due: {{ task }}"    # of the mail, and of what a device shows
    body = "..."                        # of the mail: Markdown; left out by what is never mailed
    push = "Due {{ due }}"              # on a device: plain text, a line or two; left out by what is never shown there
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, urlencode

from jinja2 import Environment, StrictUndefined

#: Every kind of message; contract §8.3.
Kind = Literal[
    "welcome",
    "verification",
    "verified",
    "address_changed",
    "address_confirm",
    "password_reset",
    "password_reset_unknown",
    "password_changed",
    "sign_in",
    "oidc_linked",
    "oidc_unlinked",
    "totp_enabled",
    "totp_disabled",
    "passkey_added",
    "passkey_removed",
    "household_invite",
    "household_exported",
    "cook_meal_plan_cook",
    "cook_meal_plan_prep",
    "plan_task_reminder",
    "calendar_event_reminder",
    "daily_agenda",
    "missed_reminders",
    "plan_task_complete",
    "web_push_test",
]

_FOLDER = Path(__file__).parent
#: The ISO 639 codes of the languages we speak.
LANGUAGES = frozenset(path.stem for path in _FOLDER.glob("*.toml"))
#: Those of them that are written from right to left.
RIGHT_TO_LEFT = frozenset({"ar"})
#: What is used for people whose language we do not speak.
FALLBACK_LANGUAGE = "en"

_LONGEST_SUBJECT = 200
_FOOTER = "footer"
_LINE_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell somebody, in the language that was found for them."""

    kind: Kind
    language: str
    subject: str
    body_markdown: str
    #: What a device shows below the subject: plain text.
    push: str = ""


class Link(str):
    """An address of ours that may stand in a message as it is; made by :func:`link`."""

    __slots__ = ()


class Points(str):
    """A list, as Markdown, that may stand in a message as it is; made by :func:`points`."""

    __slots__ = ()


def points(items: Iterable[str], *, and_more: bool = False) -> Points:
    """Texts that people wrote, one below the other; the last one stands for more of them if there are."""
    lines = [f"- {_as_markdown(item)}" for item in items]
    return Points("\n".join([*lines, "- …"] if lines and and_more else lines))


def link(base_url: str, path: str, **query: str) -> Link:
    """The address of a page of the web client: ``link(base_url, "/verify", id=..., token=...)``."""
    return Link(f"{base_url}{quote(path)}" + (f"?{urlencode(query, quote_via=quote)}" if query else ""))


def render(kind: Kind, language: str, **values: str) -> Message:
    """The message of this kind with ``values`` in it, in ``language`` (ISO 639) or else in English.

    Values are text that people wrote: whatever is in them shows as it is and cannot become Markdown, HTML, a
    header or a line of its own. Only a :class:`Link` and :class:`Points` are used as they are. Raises ``KeyError``
    for a kind that does not exist and ``jinja2.UndefinedError`` if a value is missing.
    """
    language = _known(language)
    texts = _texts(language)[kind]
    shortened = _one_line(texts.subject(values))
    if len(shortened) > _LONGEST_SUBJECT:
        shortened = f"{shortened[: _LONGEST_SUBJECT - 1]}…"
    return Message(kind, language, shortened, texts.body(values), texts.push(values).strip())


def footer(language: str, base_url: str) -> str:
    """What stands below every mail, as Markdown: where it comes from and where it can be turned off."""
    values = {"home": Link(base_url), "settings": link(base_url, "/settings/notifications")}
    return _texts(_known(language))[_FOOTER].body(values)


def _known(language: str) -> str:
    return language if language in LANGUAGES else FALLBACK_LANGUAGE


Renderer = Callable[[Mapping[str, Any]], str]
#: How a value stands in a text.
Finalizer = Callable[[Any], str]


class _Texts(NamedTuple):
    """What renders the texts of a kind."""

    subject: Renderer
    body: Renderer
    push: Renderer


@cache
def _texts(language: str) -> dict[str, _Texts]:
    source = (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    in_order = _isolating if language in RIGHT_TO_LEFT else _as_it_is
    one_line, as_markdown = in_order(_one_line), in_order(_as_markdown)
    return {
        kind: _Texts(
            _renderer(text.get("subject", ""), one_line),
            _renderer(text.get("body", ""), as_markdown),
            _renderer(text.get("push", ""), one_line),
        )
        for kind, text in tomllib.loads(source).items()
    }


def _renderer(template: str, finalize: Finalizer) -> Renderer:
    # What would be escaped for HTML is escaped for Markdown instead, in which HTML is switched off.
    environment = Environment(autoescape=False, undefined=StrictUndefined, finalize=finalize)  # noqa: S701 - see above
    return environment.from_string(template.strip()).render


def _as_it_is(finalize: Finalizer) -> Finalizer:
    return finalize


def _isolating(finalize: Finalizer) -> Finalizer:
    """The same with marks around each value, so that what is in it is not put in order with what is around it.

    Otherwise the time of a date, or a name in Latin letters, would be torn apart.
    """

    def isolated(value: Any) -> str:
        if isinstance(value, Link):
            return value
        if isinstance(value, Points):
            return re.sub(r"(?m)^- (.+)$", "- \u2068\\1\u2069", value)
        return f"\u2068{finalize(value)}\u2069"

    return isolated


def _one_line(value: Any) -> str:
    """``value`` without line breaks and other control characters, with single spaces."""
    text = "".join(" " if unicodedata.category(char) in _LINE_BREAKS else char for char in str(value))
    return " ".join(text.split())


def _as_markdown(value: Any) -> str:
    """``value`` so that Markdown shows exactly it: in one line, and with all ASCII punctuation escaped."""
    return value if isinstance(value, Link | Points) else _PUNCTUATION.sub(r"\\\1", _one_line(value))
