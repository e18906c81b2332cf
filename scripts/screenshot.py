"""Draws docs/images/status.svg from a running sender: its own demo, or the one at --url.

Usage: .venv/bin/python scripts/screenshot.py [--url http://127.0.0.1:8067] [--seconds 60] [--keys "j Tab"] [-o FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import subprocess
import sys
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
#: The picture must load nothing from elsewhere.
FONT_FACES = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)


def main() -> None:
    """Watch, then draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running sender; without it, a demo is started")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to watch for the course of the offset")
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--keys", default="", help="what to press before the picture is taken, by name")
    parser.add_argument("-o", "--output", type=Path, default=IMAGE)
    given = parser.parse_args()
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


if __name__ == "__main__":
    main()
