"""Draws docs/images/status.svg from a running sender: its own demo, or the one at --url.

Usage: .venv/bin/python scripts/screenshot.py [--url http://127.0.0.1:8067] [--seconds 60] [--keys "j Tab"] [-o FILE]

With --lab it makes all pictures of docs/, of a sender in the lab that follows a grandmaster: also page.png and
page-phone.png, in Chromium. Needs root: PYTHONPATH=tests .venv/bin/python scripts/screenshot.py --lab
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from aes67_sender.errors import SenderError
from aes67_sender.supervisor.client import DEFAULT_URL, fetch_snapshot
from aes67_sender.ui.status_picture import StatusPicture
from aes67_sender.ui.view import View, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.snapshot import Snapshot

IMAGE = Path(__file__).parents[1] / "docs" / "images" / "status.svg"
EVERY_S = 0.25
#: What the sender on the page's pictures sends.
STUDIO = {
    "name": "Studio 3",
    "clock": {"mode": "builtin"},
    "sources": [
        {"id": "desk", "kind": "tone", "channels": 8, "level_dbfs": -5, "frequency_hz": 440},
        {"id": "line-up", "kind": "tone", "level_dbfs": -18},
    ],
    "streams": [
        {
            "id": "pgm",
            "name": "Programme 5.1",
            "source": "desk",
            "address": "239.69.3.1",
            "channel_names": ["L", "R", "C", "LFE", "Ls", "Rs", "Stereo L", "Stereo R"],
            "channel_gains_db": [-9, -10.5, -3, -24, -16, -17.5, -2, -2.5],
        },
        {"id": "lineup", "name": "Line-up", "source": "line-up", "address": "239.69.3.2"},
        {
            "id": "talkback",
            "name": "Talkback",
            "source": "desk",
            "channels": [1],
            "address": "239.69.3.3",
            "mute": True,
        },
        {"id": "spare", "name": "Spare", "source": "line-up", "address": "239.69.3.4", "enabled": False},
    ],
}
#: The picture must load nothing from elsewhere.
FONT_FACES = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)


def main() -> None:
    """Watch, then draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running sender; without it, a demo is started")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to watch for the course of the offset")
    parser.add_argument("--lab", action="store_true", help="all pictures of docs/, the web page too")
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--keys", default="", help="what to press before the picture is taken, by name")
    parser.add_argument("-o", "--output", type=Path, default=IMAGE)
    given = parser.parse_args()
    if given.lab:
        photograph(IMAGE.parent, given.seconds, given.columns, given.rows)
        return
    with contextlib.nullcontext() if given.url else demo():
        svg = draw(given.url or DEFAULT_URL, given.seconds, given.columns, given.rows, given.keys.split())
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(svg, encoding="utf-8")


@contextlib.contextmanager
def demo() -> Iterator[None]:
    """A demo, gone afterwards."""
    process = subprocess.Popen([sys.executable, "-m", "aes67_sender", "demo", "--json"], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def draw(url: str, seconds: float, columns: int, rows: int, keys: list[str]) -> str:
    """The last picture of so many seconds, as SVG."""
    pictures, view = StatusPicture(), View()
    snapshot = first(url)
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        pictures.take(snapshot)
        time.sleep(EVERY_S)
        snapshot = fetch_snapshot(url)
    for key in keys:
        view, _ = press(view, key, snapshot.streams, "")
    console = Console(record=True, width=columns, height=rows, file=io.StringIO(), force_terminal=True)
    console.print(pictures.draw(snapshot, columns, rows, view=view))
    return console.export_svg(title="aes67-sender", code_format=FONT_FACES.sub("", CONSOLE_SVG_FORMAT))


def first(url: str, within_s: float = 60) -> Snapshot:
    """The first snapshot of a sender that sends."""
    end_s = time.monotonic() + within_s
    while True:
        try:
            snapshot = fetch_snapshot(url)
        except SenderError:
            if time.monotonic() > end_s:
                raise
        else:
            if snapshot.state == "sending" or time.monotonic() > end_s:
                return snapshot
        time.sleep(EVERY_S)


def photograph(folder: Path, seconds: float, columns: int, rows: int) -> None:
    """Terminal and page of a sender that follows a grandmaster, after so many seconds; the page by day on a phone."""
    from support.browser import browser, inside  # noqa: PLC0415  of the tests
    from support.netlab import open_lab  # noqa: PLC0415
    from support.ptp4l import grandmaster  # noqa: PLC0415
    from support.sender import start_sender  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as made, open_lab() as hosts, contextlib.ExitStack() as stack:
        work, tx = Path(made), hosts["tx"]
        stack.enter_context(grandmaster(hosts["gm"], work))
        sender = stack.enter_context(start_sender(tx, work, STUDIO, arguments=()))
        sender.wait_until_sending()
        stack.enter_context(inside(tx))
        (folder / IMAGE.name).write_text(draw(DEFAULT_URL, seconds, columns, rows, []), encoding="utf-8")
        page = stack.enter_context(browser(work))
        for name, width, height, dark in (("page", 1440, 1180, True), ("page-phone", 390, 844, False)):
            page.resize(width, height, dark=dark)
            page.open("http://127.0.0.1:8067/")
            page.wait_for("return document.querySelectorAll('#session-list h3, #session-list .session-name').length")
            time.sleep(1)
            page.picture(folder / f"{name}.png")


if __name__ == "__main__":
    main()
