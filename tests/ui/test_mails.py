"""Mails as people see them on their phones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homechart_common.config import Config, load
from homechart_common.notify import messages
from tests.letters import page, said
from tests.ui.browser import PHONE, Window
from tests.ui.conftest import opened

_SHOW = """
    const [pages, width, height] = arguments;
    document.body.replaceChildren();
    Object.assign(document.body.style, { margin: "0", lineHeight: "0" });
    return Promise.all(pages.map((page) => new Promise((shown) => {
        const frame = document.createElement("iframe");
        Object.assign(frame.style, { width: `${width}px`, height: `${height}px`, border: "0" });
        frame.onload = () => {
            const { body, documentElement: root } = frame.contentDocument;
            shown({
                isWider: root.scrollWidth > root.clientWidth,
                direction: frame.contentWindow.getComputedStyle(body).direction,
                language: root.lang,
                text: body.innerText,
                side: body.querySelector("p").getBoundingClientRect().width,
            });
        };
        frame.srcdoc = page;
        document.body.append(frame);
    })));
"""


@pytest.fixture
def config() -> Config:
    """A house that sends mail."""
    return load(
        overrides=("app_baseURL=https://house.test,smtp_hostname=x,smtp_fromAddress=butler@house.test",),
        environment={},
    )


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    with opened("about:blank", tmp_path_factory) as window:
        yield window


@pytest.mark.parametrize("language", sorted(messages.LANGUAGES))
def test_every_mail_fits_on_a_phone_and_is_read_in_its_direction(
    config: Config, window: Window, language: str
) -> None:
    letters = list(said(language))
    window.look((6 * PHONE[0], 4 * PHONE[1]))  # for a picture of all of them
    window.go("")
    seen = window.run(_SHOW, [page(config, letter) for letter in letters], *PHONE)
    window.picture(f"mails-{language}")
    for letter, shown in zip(letters, seen, strict=True):
        assert not shown["isWider"], letter.kind
        assert shown["direction"] == ("rtl" if language == "ar" else "ltr"), letter.kind
        assert shown["language"] == language
        assert shown["side"] > PHONE[0] / 2, letter.kind
        assert "{{" not in shown["text"]
    assert window.log() == []
