from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homechart_common.notify import markdown, messages
from homechart_common.notify.dates import written
from homechart_common.notify.messages import Kind
from tests.letters import KINDS, texts, values_in


@pytest.mark.parametrize("language", sorted(messages.LANGUAGES))
def test_a_language_has_every_kind_and_the_values_of_the_english_one(language: str) -> None:
    model = texts("en")
    assert set(texts(language)) == {*KINDS, "footer"}
    assert {kind: values_in(text) for kind, text in texts(language).items()} == {
        kind: values_in(text) for kind, text in model.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_subject_of_one_line_and_a_body_with_its_values(kind: Kind) -> None:
    values = {name: f"the {name}" for name in values_in(texts("en")[kind])}
    message = messages.render(kind, "en", **values)
    assert message.subject
    assert "\n" not in message.subject
    body = markdown.to_text(message.body_markdown).strip()
    assert body or message.push
    shown = message.subject + (body or message.push)
    assert [name for name, value in values.items() if name != "link" and value not in shown] == []


@pytest.mark.parametrize("language", sorted(messages.LANGUAGES))
def test_a_kind_goes_the_same_ways_in_every_language(language: str) -> None:
    assert {kind: text.keys() for kind, text in texts(language).items()} == {
        kind: text.keys() for kind, text in texts("en").items()
    }


@given(st.text())
def test_what_people_write_shows_on_devices_as_it_is_and_in_one_line(name: str) -> None:
    values = {"begins": "today", "leave": "", "location": name, "link": messages.Link(""), "event": "x"}
    message = messages.render("calendar_event_reminder", "en", **values)
    shown = messages._one_line(name)
    assert message.push == (f"today\nWhere: {shown}" if name else "today").strip()


def test_people_whose_language_we_do_not_speak_get_english() -> None:
    message = messages.render("verified", "tlh", name="Jane")
    assert message == messages.render("verified", "en", name="Jane")
    assert message.language == "en"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        messages.render("verified", "en")


def test_a_kind_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        messages.render("gossip", "en")  # type: ignore[arg-type]


@given(st.text())
def test_what_people_write_shows_as_it_is_and_in_one_line(name: str) -> None:
    message = messages.render("household_invite", "en", inviter=name, household="Home", link="")
    shown = f"Hello,\n\n{messages._one_line(name)} would like".replace("\n\n ", "\n\n")
    assert markdown.to_text(message.body_markdown).startswith(shown)
    assert len(message.subject.splitlines()) == 1


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "[click](https://evil.test)",
        "![](https://evil.test/pixel.png)",
        "<https://evil.test>",
        "&lt;b&gt;",
        "x\n# heading",
        "x\n\n    code",
        "x\n===",
        "**bold** _thin_ `code`",
        "back\\slash\\",
    ],
)
def test_what_people_write_never_becomes_markup(evil: str) -> None:
    plain = messages.render("verified", "en", name="Jane")
    message = messages.render("verified", "en", name=evil)
    html = markdown.to_html(message.body_markdown)
    assert html.count("<") == markdown.to_html(plain.body_markdown).count("<")
    assert markdown.to_text(message.body_markdown) == markdown.to_text(plain.body_markdown).replace(
        "Jane", " ".join(evil.split())
    )


def test_a_subject_has_no_line_break_to_put_a_header_behind() -> None:
    message = messages.render("plan_task_reminder", "en", task="x\r\nBcc: a@b.test\u2028y", due="", link="")
    assert message.subject == "Task due: x Bcc: a@b.test y"


def test_a_long_subject_is_cut() -> None:
    message = messages.render("plan_task_reminder", "en", task="x" * 1000, due="", link="")
    assert len(message.subject) == 200
    assert message.subject.endswith("x…")
    assert "x" * 1000 in message.body_markdown


def test_a_link_quotes_what_it_carries() -> None:
    link = messages.link("https://house.test", "/reset", email="jane+b@house.test", token="a)b c")
    assert link == "https://house.test/reset?email=jane%2Bb%40house.test&token=a%29b%20c"
    message = messages.render("password_reset", "en", name="Jane", link=link)
    assert f'href="{link.replace("&", "&amp;")}"' in markdown.to_html(message.body_markdown)
    assert f": {link}\n" in markdown.to_text(message.body_markdown)


def test_text_shows_lists_code_and_rules_without_markup() -> None:
    text = markdown.to_text(
        "# Title\n\n- one\n- two\n\n`code` and **bold**  \nline\n\n---\n\n<https://a.test>"
    )
    assert text == "Title\n\n- one\n- two\n\ncode and bold\nline\n\n--\n\nhttps://a.test\n"


@pytest.mark.parametrize(
    ("time_zone", "preferences", "expected"),
    [
        ("UTC", {}, "11/23/2026 06:14 PM"),
        ("Europe/Berlin", {"formatTime24": True}, "11/23/2026 19:14"),
        ("Pacific/Auckland", {"formatDateOrder": 1, "formatDateSeparator": 2}, "24.11.2026 07:14 AM"),
        ("America/New_York", {"formatDateOrder": 2, "formatDateSeparator": 1}, "2026-11-23 01:14 PM"),
        ("Nowhere/Land", {"formatTime24": True}, "11/23/2026 18:14"),
        ("../etc/passwd", {"formatTime24": True}, "11/23/2026 18:14"),
    ],
)
def test_a_moment_is_written_the_way_the_person_chose(
    time_zone: str, preferences: dict[str, Any], expected: str
) -> None:
    assert written(datetime(2026, 11, 23, 18, 14, tzinfo=UTC), time_zone, preferences) == expected
