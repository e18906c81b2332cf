"""The page in a real Chromium, which sees nothing but the sender's own network."""

from __future__ import annotations

import contextlib
import json
import random
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from aes67_sender.ui.words import duration, time_span
from support import browser as chromium
from support.browser import Browser, browser, inside
from support.sender import Sender, start_sender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.netlab import Host

pytestmark = pytest.mark.skipif(chromium.why_unavailable() is not None, reason=str(chromium.why_unavailable()))

URL = "http://127.0.0.1:8067/"
TOKEN = "correct-horse-battery"  # noqa: S105  a token for tests
HOSTILE = "<img src=x onerror=document.title='taken'>"
CONFIG: dict[str, Any] = {
    "name": "Studio <b>PC</b>",
    "clock": {"mode": "free-run"},
    "sources": [{"id": "tone", "kind": "tone", "level_dbfs": -18}, {"id": "loud", "kind": "tone", "level_dbfs": -6}],
    "streams": [
        {"id": "s1", "name": HOSTILE, "source": "tone", "address": "239.69.9.1"},
        {"id": "s2", "name": "Line-up", "source": "tone", "address": "239.69.9.2", "channel_names": ["left", "right"]},
    ],
}
LEVELS = """return [...document.querySelectorAll('#stream-cards .figure')]
    .map((each) => each.textContent.replace('\\u2212', '-')).join(' ')"""
BARS = "return [...document.querySelectorAll('#stream-cards .cover')].map((each) => each.style.transform).join(' ')"
CARD = "return document.querySelectorAll('#stream-cards article')[1]"


@contextlib.contextmanager
def looking(tx: Host, folder: Path) -> Iterator[Browser]:
    """A browser at the sender's own computer."""
    with inside(tx), browser(folder) as seen:
        seen.resize(1280)
        yield seen


def seen_levels(page: Browser, wanted: str) -> None:
    page.wait_for(f"{LEVELS} === arguments[0]", wanted)


def press(page: Browser, text: str) -> None:
    """A button of the second stream, by the keyboard."""
    page.run(
        f"const card = (() => {{ {CARD} }})();"
        "[...card.querySelectorAll('button')].find((each) => each.textContent === arguments[0]).focus()",
        text,
    )
    page.driver.switch_to.active_element.send_keys("\ue007")


def test_it_shows_what_is_sent_as_text_and_loads_nothing_from_elsewhere(tx: Host, tmp_path: Path) -> None:
    with start_sender(tx, tmp_path, CONFIG, arguments=()) as sender, looking(tx, tmp_path) as page:
        assert sender.wait_until_sending()["page"] == URL
        page.open(URL)
        seen_levels(page, "-18.0 -18.0 -18.0 -18.0")
        before = page.run(BARS)
        # Made quieter by somebody else: the page learns of it, and the held peak falls after a while.
        page.run("fetch('/api/v1/streams/s2', {method: 'PATCH', body: '{\"gain_db\": -12}'})")
        seen_levels(page, "-18.0 -18.0 -30.0 -30.0")
        assert page.run(BARS) != before
        page.wait_for_text("#stream-cards article:nth-child(2) .tag:not(.warn)", "12.0 dB")
        assert page.text("#clock-state") == "free-running"
        page.wait_for_text("#problem-list", "No grandmaster")
        assert page.text("#stream-cards .channel") == "1"
        assert page.text("#stream-cards article:nth-child(2) .channel") == "left"

        # Names from the network are text.
        assert page.text("#name") == "Studio <b>PC</b>"
        assert page.text("#stream-cards h3") == HOSTILE
        page.wait_for_text("#session-list", HOSTILE, within_s=30)
        assert page.run("return document.querySelectorAll('img, b').length") == 0
        assert "taken" not in page.driver.title

        for width in (360, 768, 1920):
            page.resize(width)
            assert page.run("return document.documentElement.scrollWidth") <= width
        same_words(page)
        assert page.complaints() == []
        asked = {urlsplit(url).netloc for url in page.requests() if url.startswith(("http", "ws", "ftp"))}
        assert asked == {"127.0.0.1:8067"}


def same_words(page: Browser) -> None:
    """Page and terminal say figures in the same words."""
    rng = random.Random(67)
    spans = [
        0,
        -310,
        999,
        5200,
        -1_234_567,
        3_000_000_000,
        *(rng.uniform(-1, 1) * 10 ** rng.uniform(0, 10) for _ in range(50)),
    ]
    seconds = [0, 12, 187, 7387, 439_380, *(rng.uniform(0, 1e6) for _ in range(50))]
    script = """const [spans, seconds, done] = arguments;
        import("/ui/words.js").then((words) => done([spans.map(words.timeSpan), seconds.map(words.duration)]))"""
    told = page.driver.execute_async_script(script, spans, seconds)
    minus = [[text.replace("\N{MINUS SIGN}", "-") for text in texts] for texts in told]
    assert minus == [[time_span(span) for span in spans], [duration(each) for each in seconds]]


def test_clock_and_streams_are_switched_and_what_is_refused_is_not_lost(tx: Host, tmp_path: Path) -> None:
    with start_sender(tx, tmp_path, CONFIG, arguments=()) as sender, looking(tx, tmp_path) as page:
        sender.wait_until_sending()
        page.open(URL)
        seen_levels(page, "-18.0 -18.0 -18.0 -18.0")
        page.find("#clock-mode").send_keys("system")
        page.find("#clock-set").click()
        page.wait_for_text("#clock-answer", 'The clock mode is "system" now')
        sender.wait_for(lambda snapshot: snapshot["clock"]["mode"] == "system")

        # A stream on the air is stopped only after a question, whose first answer is no.
        press(page, "Stop")
        assert "Stop sending Line-up to 239.69.9.2:5004?" in page.wait_for_text("#question-text", "Stop")
        page.driver.switch_to.active_element.send_keys("\ue007")
        page.wait_for("return !document.querySelector('dialog[open]')")
        assert sender.fresh()["streams"][1]["state"] == "sending"
        press(page, "Stop")
        page.wait_for("return document.querySelector('#question').open")
        page.find("#question-yes").click()
        page.wait_for_text("#stream-cards article:nth-child(2) .answer", "Stream s2 is no longer sent.")
        page.wait_for_text("#stream-cards article:nth-child(2) .state", "stopped")
        press(page, "Send")
        page.wait_for_text("#stream-cards article:nth-child(2) .state", "sending")

        page.run("document.querySelectorAll('details')[1].open = true")
        typed = "\ue009a\ue000"  # all that stands there is marked, and overwritten
        page.find("#name-s2").send_keys(typed, "Programme")
        page.find("#gain-s2").send_keys(typed, "99")
        page.find("#gain-s2").send_keys("\ue007")
        answer = "#stream-cards article:nth-child(2) .answer"
        page.wait_for_text(answer, '"gain_db" is 99, but must be from -60 to 20.')
        assert "→ Write for example" in page.text(answer)
        time.sleep(0.5)
        assert page.run(
            "return [document.querySelector('#name-s2').value, document.querySelector('#gain-s2').value]"
        ) == [
            "Programme",
            "99",
        ]
        page.find("#gain-s2").send_keys(typed, "-3", "\ue007")
        page.wait_for_text(answer, 'is called "Programme"')
        seen_levels(page, "-18.0 -18.0 -21.0 -21.0")
        press(page, "Mute")
        seen_levels(page, "-18.0 -18.0 -∞ -∞")
        assert page.complaints() == []
        written = json.loads((tmp_path / "sender.json").read_text())["streams"][1]
    assert (written["name"], written["gain_db"], written["mute"]) == ("Programme", -3, True)


def test_it_dims_when_the_sender_is_gone_and_comes_back_with_another_that_wants_a_token(
    tx: Host, tmp_path: Path
) -> None:
    with looking(tx, tmp_path) as page:
        with start_sender(tx, tmp_path, CONFIG, arguments=()) as sender:
            sender.wait_until_sending()
            page.open(URL)
            seen_levels(page, "-18.0 -18.0 -18.0 -18.0")
            sender.process.popen.kill()
            page.wait_for_text("#connection", "The sender does not answer.")
            assert page.run("return document.body.classList.contains('lost')")
            # What was is still to be read, and what is tried says why it fails.
            press(page, "Mute")
            page.wait_for_text("#stream-cards article:nth-child(2) .answer", "Nothing was changed.")
        with again(tx, tmp_path, CONFIG) as sender:
            sender.wait_until_sending()
            page.wait_for("return !document.body.classList.contains('lost')")
            page.wait_for_text("#connection", "Live")
            seen_levels(page, "-18.0 -18.0 -18.0 -18.0")
        web = {"web": {"listen": "0.0.0.0:8067", "token": TOKEN}}
        with again(tx, tmp_path, CONFIG | web) as sender:
            assert sender.wait_until_sending()["page"] == f"http://{tx.address}:8067/"
            page.wait_for("return document.querySelector('#token').open", within_s=30)
            page.find("#token-input").send_keys("wrong", "\ue007")
            page.wait_for_text("#token-answer", "not the sender's token")
            page.find("#token-input").send_keys("\ue009a\ue000", TOKEN, "\ue007")
            page.wait_for("return !document.body.classList.contains('lost')")
            page.open(f"http://{tx.address}:8067/")
            page.wait_for("return document.querySelector('#token').open")
            page.open(URL)
            seen_levels(page, "-18.0 -18.0 -18.0 -18.0")
            assert page.run("return document.cookie") == ""
            assert page.run("return document.querySelector('#token').open") is False
        assert page.complaints() == []


def again(tx: Host, folder: Path, config: dict[str, Any]) -> Sender:
    return start_sender(tx, folder, config, arguments=(), name=f"again-{len(config)}")
