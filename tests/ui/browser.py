"""A real browser, and a window of it as a person uses it."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.selenium_manager import SeleniumManager
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

#: Where pictures of what the tests saw are put.
ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "ui"
PHONE, DESKTOP = (390, 844), (1280, 900)
#: How long anything may take to show, in seconds; what is live shows much sooner.
PATIENCE = 10

_BROWSER = "HOMECHART_TEST_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGUMENTS = (
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
_SEEN = """
    const [selector, text] = arguments;
    const isSeen = (element) => element.checkVisibility() && element.innerText.includes(text);
    return [...document.querySelectorAll(selector)].filter(isSeen);
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """A browser, and the program that drives it."""

    browser: str
    driver: str


@cache
def programs() -> Programs | None:
    """The browser that ``HOMECHART_TEST_BROWSER`` names, else one on PATH, else one Selenium downloads."""
    browser = os.environ.get(_BROWSER) or next(filter(None, map(shutil.which, _NAMES)), None)
    driver = shutil.which("chromedriver") or _packaged_driver()
    if browser and driver:
        return Programs(browser, driver)
    os.environ.setdefault("SE_AVOID_STATS", "true")
    wanted = ["--browser", "chrome", *(["--browser-path", browser] if browser else [])]
    try:
        found = SeleniumManager().binary_paths(wanted)
    except WebDriverException:
        return None
    return Programs(found["browser_path"], found["driver_path"])


def _packaged_driver() -> str | None:
    """The driver that is a development dependency; it exists for some machines only."""
    if platform.machine().lower() not in ("x86_64", "amd64") and platform.system() != "Darwin":
        return None
    from chromedriver_py import binary_path

    return str(binary_path)


class Window:
    """A browser window with a profile of its own: nobody is signed in."""

    def __init__(self, programs: Programs, profile: Path, url: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = programs.browser
        for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # which does not work for root
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # The driver need not be of the browser's version.
        service = Service(programs.driver, service_args=["--disable-build-check"])
        self.driver = webdriver.Chrome(options=options, service=service)
        self.url = url
        self.look()

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()

    def look(self, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
        """Be a screen of this size, of a person who likes light or dark, and nothing that moves.

        What fades in counts as unseen at first, and looks so in a picture.
        """
        width, height = size
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        likes = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in likes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def go(self, path: str = "/") -> None:
        """Open a page of the server."""
        self.driver.get(self.url + path)

    def restart(self) -> None:
        """As if opened for the first time."""
        self.go()
        self.run("localStorage.clear()")
        self.go()
        self.log()

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script answers."""
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str, text: str = "") -> list[WebElement]:
        """The elements of a selector that can be seen and have ``text``."""
        found: list[WebElement] = self.run(_SEEN, selector, text)
        return found

    def see(self, selector: str, text: str = "") -> WebElement:
        """The first of them, once there is one."""
        found: list[WebElement] = self.until(lambda: self.all(selector, text), f"{selector} {text!r}")
        return found[0]

    def read(self, selector: str) -> str:
        """What the first of them says; asked in one go, as the page may put another in its place."""
        script = f"const [first] = (() => {{{_SEEN}}})(); return first?.innerText"
        return str(self.until(lambda: self.run(script, selector, ""), selector))

    def miss(self, selector: str, text: str = "") -> None:
        """Wait until there is none."""
        self.until(lambda: not self.all(selector, text), f"no {selector} {text!r}")

    def until(self, condition: Any, what: str, seconds: float = PATIENCE) -> Any:
        """What a condition answers, once that is something."""
        wait = WebDriverWait(self.driver, seconds, poll_frequency=0.02)
        return wait.until(lambda _: condition(), f"waited {seconds} s for {what}")

    def click(self, selector: str, text: str = "") -> None:
        """Click on an element."""
        self.see(selector, text).click()

    def fill(self, selector: str, text: str, *, enter: bool = False) -> None:
        """Type something into a field that is emptied first."""
        field = self.see(selector)
        field.clear()
        field.send_keys(text, *([Keys.ENTER] if enter else []))

    def log(self) -> list[str]:
        """What the console said since the last time: errors, refused requests, breaches of the policy."""
        return [f"{entry['level']} {entry['message']}" for entry in self.driver.get_log("browser")]

    def picture(self, name: str) -> None:
        """Keep what can be seen."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(ARTEFACTS / f"{name}.png"))
