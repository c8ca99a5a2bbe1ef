"""The page in a real browser: signing up, sharing, and tasks that are the same for everybody at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from homechart_common.models import starter
from tests.processes import Running
from tests.ui.browser import DESKTOP, PHONE, Window
from tests.ui.conftest import PASSWORD, add, new_address, share, sign_up

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>&lt;b&gt;\''


def row_of(window: Window, name: str) -> WebElement:
    """The row of the task with that name."""
    return window.see(".task", name)


def test_signing_up_leads_home(ann: Window) -> None:
    sign_up(ann, "Ann Linden")

    ann.see("#person-name", "Ann Linden")
    ann.see("#tasks-heading", "Tasks")
    assert ann.all("#welcome") == []


def test_reloading_the_page_keeps_the_person_signed_in(ann: Window) -> None:
    sign_up(ann, "Ann Linden")

    ann.go()

    ann.see("#person-name", "Ann Linden")


def test_nothing_to_do_is_said_only_once_it_is_known(ann: Window) -> None:
    sign_up(ann, "Ann Linden")
    ann.see("#open .name")
    ann.driver.execute_cdp_cmd("Network.enable", {})
    ann.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/plan/tasks"]})
    try:
        ann.go()
        ann.see("#live", "Live")
        ann.see("#no-household")
        assert ann.all("#empty") == []
    finally:
        ann.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    ann.log()


def test_what_is_below_a_task_stands_below_it(ann: Window) -> None:
    furniture = yaml.safe_load(Path(starter.__file__).with_name("en.yaml").read_text(encoding="utf-8"))
    wanted = [*in_order(furniture["account"]["PlanProject"], 0)]
    sign_up(ann, "Ann Linden")
    ann.see("#open .name", wanted[-1][0])

    names = ann.all("#open .name")
    assert [name.text for name in names] == [name for name, _ in wanted]
    edges = sorted({name.location["x"] for name in names})
    assert [edges.index(name.location["x"]) + 1 for name in names] == [depth for _, depth in wanted]

    ann.all("#open .tick")[0].click()
    ann.see("#done")
    orphan = ann.see("#open .name", wanted[1][0])
    assert orphan.location["x"] == edges[0], "what it is below is not here"


def in_order(things: list[dict[str, Any]], depth: int) -> Iterator[tuple[str, int]]:
    """The tasks of a project, or below a task, with how deep they are in it."""
    for thing in things:
        if depth:
            yield thing["name"], depth
        yield from in_order(thing.get("PlanTask", []), depth + 1)


def test_what_one_does_the_other_sees_at_once(ann: Window, ben: Window) -> None:
    share(ann, ben)
    name = "Water the plants"

    ann.fill("#add-name", name, enter=True)
    started = time.monotonic()
    row = row_of(ben, name)
    assert time.monotonic() - started < 2
    assert "The Lindens" in row.text

    row.find_element("css selector", ".tick").click()
    ann.see("#done")
    ann.click("#done summary")
    ann.see("#done-list .name", name)
    ann.click("#done-list .tick")
    ben.see("#open .name", name)

    ann.click("#open .name", name)
    ann.see("#open input.name").send_keys("Water the cactus", Keys.ENTER)
    ben.see("#open .name", "Water the cactus")

    row_of(ben, "Water the cactus").find_element("css selector", ".remove").click()
    ann.miss(".task", "Water the cactus")


def test_a_member_who_joins_appears_with_who_invited_them(ann: Window, ben: Window) -> None:
    share(ann, ben)

    ann.see(".member", "Ben Linden")
    ben.see(".member", "Ann Linden")
    assert ann.all(".code") == []


def test_a_task_of_ones_own_is_not_for_the_others(ann: Window, ben: Window) -> None:
    share(ann, ben)

    ann.run("document.getElementById('add-owner').value = ''")
    add(ann, "Buy Ben a present")
    ann.run("document.getElementById('add-owner').selectedIndex = 0")
    add(ann, "Buy a cake")

    ben.see("#open .name", "Buy a cake")
    assert ben.all("#open .name", "present") == []


def test_whose_a_new_task_will_be_stays_as_chosen(ann: Window, ben: Window) -> None:
    """Or a task that is nobody else's business would be the household's after all."""
    share(ann, ben)
    ann.run("document.getElementById('add-owner').value = ''")

    ann.click(".invite summary")
    ann.fill(".invite input", new_address(), enter=True)
    ann.see(".code")

    assert ann.run("return document.getElementById('add-owner').value") == ""


def test_hostile_names_stay_text(ann: Window, ben: Window) -> None:
    sign_up(ann, HOSTILE)
    ann.fill("#household-name", HOSTILE, enter=True)
    ann.see(".household h2")
    add(ann, HOSTILE)
    ann.click("#open .name", HOSTILE)
    ann.see("#open input.name").send_keys(Keys.ESCAPE)
    row_of(ann, HOSTILE).find_element("css selector", ".remove").click()
    notice = ann.see("#notice", HOSTILE)
    ann.picture("hostile-names")

    assert HOSTILE in notice.text
    assert ann.see("#person-name").get_attribute("textContent") == HOSTILE
    assert ann.see(".household h2").text == HOSTILE
    assert ann.run("return document.querySelectorAll('main img[src=x], main script').length") == 0
    assert ann.run("return window.hacked") is None


def test_deleting_can_be_undone(ann: Window) -> None:
    sign_up(ann, "Ann")
    add(ann, "Call grandma")

    row_of(ann, "Call grandma").find_element("css selector", ".remove").click()
    ann.miss(".task", "Call grandma")
    ann.click("#notice button", "Undo")

    ann.see("#open .name", "Call grandma")


def test_escape_keeps_the_old_name(ann: Window) -> None:
    sign_up(ann, "Ann")
    add(ann, "Call grandma")

    ann.click("#open .name", "Call grandma")
    ann.see("#open input.name").send_keys("Something else", Keys.ESCAPE)

    ann.see("#open .name", "Call grandma")
    assert ann.all("#open input.name") == []


def test_everything_can_be_done_by_keyboard(ann: Window) -> None:
    ann.see("#sign-in")
    sign_up(ann, "Ann")
    add(ann, "Call grandma")
    ann.driver.switch_to.active_element.send_keys(Keys.TAB, Keys.TAB)

    tick = ann.driver.switch_to.active_element
    assert tick.accessible_name == "Done: Call grandma"
    assert tick.value_of_css_property("outline-style") == "solid"
    tick.send_keys(Keys.TAB)
    ann.driver.switch_to.active_element.send_keys(Keys.ENTER)
    ann.driver.switch_to.active_element.send_keys("Call grandpa", Keys.ENTER)
    ann.see("#open .name", "Call grandpa")
    assert ann.driver.switch_to.active_element.text == "Call grandpa"


@pytest.mark.parametrize(
    ("address", "password", "sentence"),
    [
        ("", PASSWORD, "“Email address” is missing."),
        ("ann", PASSWORD, "“Email address” does not look right."),
    ],
)
def test_a_field_that_is_wrong_is_said_in_words(
    ann: Window, address: str, password: str, sentence: str
) -> None:
    ann.fill("#sign-in-address", address)
    ann.fill("#sign-in-password", password, enter=True)

    ann.see("#sign-in .wrong", sentence)
    assert ann.driver.switch_to.active_element.get_attribute("id") == "sign-in-address"


def test_a_wrong_password_is_said_in_words(ann: Window) -> None:
    address = new_address()
    sign_up(ann, "Ann", address)
    ann.click("#sign-out")

    ann.fill("#sign-in-address", address)
    ann.fill("#sign-in-password", "not the password", enter=True)

    assert ann.see("#sign-in .wrong", ".").text.count(" ") >= 1
    assert all("400" in line for line in ann.log())


def test_signing_out_leaves_nothing_behind(ann: Window) -> None:
    sign_up(ann, "Ann")
    add(ann, "Call grandma")

    ann.click("#sign-out")

    ann.see("#welcome")
    assert ann.run("return localStorage.length + sessionStorage.length + document.cookie.length") == 0
    assert ann.run("return document.body.innerText.includes('grandma')") is False


async def test_the_key_of_who_signed_out_opens_nothing(ann: Window, server: Running) -> None:
    sign_up(ann, "Ann")
    session = ann.run("return JSON.parse(localStorage.getItem('session'))")
    headers = {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}

    async with aiohttp.ClientSession(server.url, headers=headers) as client:
        async with client.get("/api/v1/plan/tasks") as before:
            assert before.status == 200
        ann.click("#sign-out")
        ann.see("#welcome")
        async with client.get("/api/v1/plan/tasks") as after:
            assert after.status == 410


async def test_a_session_that_ends_elsewhere_leads_to_the_door(ann: Window, server: Running) -> None:
    sign_up(ann, "Ann")
    session = ann.run("return JSON.parse(localStorage.getItem('session'))")
    headers = {"x-homechart-id": session["id"], "x-homechart-key": session["key"]}

    async with (
        aiohttp.ClientSession(server.url, headers=headers) as client,
        client.delete("/api/v1/auth/sessions") as response,
    ):
        assert response.status == 200

    ann.see("#sign-in")
    ann.see("#notice", "Your session has ended. Please sign in again.")
    assert ann.run("return localStorage.length") == 0
    assert all("410" in line or "400" in line for line in ann.log())


def test_the_page_asks_no_other_server(ann: Window) -> None:
    sign_up(ann, "Ann")
    add(ann, "Call grandma")

    asked = ann.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")

    assert len(asked) > 8
    assert [url for url in asked if not url.startswith(ann.url)] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_targets_have_names_and_room_for_a_finger(ann: Window, size: tuple[int, int], dark: bool) -> None:
    look = f"{'phone' if size == PHONE else 'desktop'}-{'dark' if dark else 'light'}"
    ann.look(size, dark=dark)
    ann.picture(f"welcome-{look}")
    assert _small_or_nameless(ann) == []
    sign_up(ann, "Ann Linden")
    add(ann, "Book the dentist for Emma, and ask whether the appointment on Thursday can be later")
    ann.run("scrollTo(0, 0)")
    ann.picture(f"home-{look}")
    assert _small_or_nameless(ann) == []
    ann.fill("#household-name", "The Lindens", enter=True)
    ann.click(".invite summary")
    ann.run("scrollTo(0, 0)")
    ann.picture(f"household-{look}")
    assert _small_or_nameless(ann) == []


#: One row of the list is like the others.
_OTHER_ROWS = ".task:nth-child(n + 2) *"


def _small_or_nameless(window: Window) -> list[str]:
    """Controls without a name, or with less than 44 px in height or width."""
    return [
        f"{element.tag_name} {element.accessible_name!r} {element.size}"
        for element in window.all(f":is(header, main) :is(button, input, select, summary):not({_OTHER_ROWS})")
        if not element.accessible_name or min(element.size["height"], element.size["width"]) < 43.5
    ]


@pytest.mark.parametrize("width", [320, 560, 1000])
def test_long_words_make_no_page_wider_than_the_screen(ann: Window, width: int) -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    ann.look((width, 640))
    assert ann.run("return document.documentElement.scrollWidth <= innerWidth")
    sign_up(ann, word)
    ann.fill("#household-name", word, enter=True)
    ann.see(".household")
    add(ann, word)

    assert ann.run("return document.documentElement.scrollWidth <= innerWidth")


def test_the_documentation_reads_itself(ann: Window) -> None:
    ann.go("/api/docs")

    ann.see(".opblock-tag", "PlanTask").click()
    ann.see(".opblock-summary", "/api/v1/plan/tasks/{id}")
    ann.picture("documentation")
