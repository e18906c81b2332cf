"""Chromium without a screen, on a lab host: it sees that host's network only, so nothing can come from elsewhere."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

    from support.netlab import Host

CHROMIUM = "chromium"
DRIVER = "chromedriver"
_CLONE_NEWNET = 0x4000_0000
#: Below so many pixels it is a phone, whose scroll bars take no room.
_PHONE = 600
#: What a browser says of an answer that is not 2xx; those are tested for themselves.
_ANSWERS = "Failed to load resource"


def why_unavailable() -> str | None:
    """Why there is no browser here, ``None`` where there is one."""
    missing = [program for program in (CHROMIUM, DRIVER) if shutil.which(program) is None]
    return f"needs {' and '.join(missing)} (Debian: chromium, chromium-driver)" if missing else None


@contextlib.contextmanager
def inside(host: Host) -> Iterator[None]:
    """Let this thread, and the processes it starts, live in the network of a host; ``os.setns`` is of Python 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{host.namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(home, _CLONE_NEWNET)
        os.close(there)
        os.close(home)


class Browser:
    """One window. Texts are found by CSS selectors."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self._requests: list[str] = []

    def open(self, url: str) -> None:
        """Load a page."""
        self.driver.get(url)

    def resize(self, width: int, height: int = 900, *, dark: bool = True) -> None:
        """Another window, in CSS pixels, in a dark or a light room."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < _PHONE}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def find(self, selector: str) -> WebElement:
        """The first such element."""
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        """The text of the first such element; empty if there is none."""
        script = "return document.querySelector(arguments[0])?.textContent ?? ''"
        return str(self.driver.execute_script(script, selector))

    def run(self, script: str, *arguments: Any) -> Any:
        """What some JavaScript returns."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, script: str, *arguments: Any, within_s: float = 20) -> Any:
        """What some JavaScript returns as soon as that is true."""
        deadline_s = time.monotonic() + within_s
        while not (found := self.run(script, *arguments)):
            if time.monotonic() > deadline_s:
                seen = self.run("return document.body.innerText")
                raise AssertionError(f"not within {within_s} s: {script} {arguments}\n{seen}")
            time.sleep(0.05)
        return found

    def wait_for_text(self, selector: str, part: str, within_s: float = 20) -> str:
        """The text of an element as soon as it holds ``part``."""
        script = "const text = document.querySelector(arguments[0])?.textContent ?? '';"
        script += "return text.includes(arguments[1]) && text"
        return str(self.wait_for(script, selector, part, within_s=within_s))

    def requests(self) -> list[str]:
        """Every URL that was asked for so far, in whatever way."""
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self._requests.append(message["params"]["request"]["url"])
        return list(self._requests)

    def complaints(self) -> list[str]:
        """What the browser has put on its console since the last time, answers that are not 2xx left out."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if _ANSWERS not in entry["message"]]

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of the window, or of the whole page."""
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(taken["data"]))


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser in the network of this thread; its profile is in ``folder``."""
    from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415  where there is no browser, it may be missing
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = ChromeOptions()
    options.binary_location = str(shutil.which(CHROMIUM))
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-breakpad",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # The browser's own first page would wait for the internet.
    options.add_experimental_option("prefs", {"session.restore_on_startup": 4, "session.startup_urls": ["about:blank"]})
    driver = Chrome(options=options, service=Service(shutil.which(DRIVER)))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
