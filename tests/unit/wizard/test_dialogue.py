"""The questions in their order, answered by a script."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from aes67_sender.model.levels import Reading
from aes67_sender.wizard.dialogue import Dialogue, Occasion
from aes67_sender.wizard.facts import Facts, Given, Heard
from support.wizard_facts import device, facts, interface, master, session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from aes67_sender.model.capture import AudioDevice
    from aes67_sender.model.problem import Problem
    from aes67_sender.wizard.screen import Choice

INTERFACE, RECEIVERS, CLOCK, DOMAIN, SOURCE = (
    "Which network",
    "What receives",
    "Which clock",
    "PTP domain",
    "Where does",
)
COUNT, AGAIN, PER_STREAM, ADDRESS, NAME = "How many", "Another source", "Channels per", "First multicast", "Name of"
FILE, NOW, WHICH = "Sound file", "What now", "Which answer"
#: An empty answer: what is proposed.
TAKE = ""
ALL = [(each, TAKE) for each in (INTERFACE, RECEIVERS, CLOCK, DOMAIN, SOURCE, COUNT, AGAIN, PER_STREAM, ADDRESS, NAME)]


class Script:
    """A screen that knows the questions and answers by the beginnings of their titles and labels."""

    def __init__(self, *answers: tuple[str, str]) -> None:
        self.left = list(answers)
        self.settled: list[tuple[str, str]] = []
        self.complaints: list[str] = []
        self._console = Console(width=80, file=io.StringIO())

    @property
    def text(self) -> str:
        written = self._console.file
        assert isinstance(written, io.StringIO)
        return written.getvalue()

    def say(self, *what: RenderableType) -> None:
        self._console.print(*what, sep="\n")

    def complain(self, problem: Problem) -> None:
        assert problem.hint
        self.complaints.append(problem.text)

    def settle(self, title: str, answer: str) -> None:
        self.settled.append((title, answer))

    def wait(self, seconds: float, line: Callable[[], str]) -> None:
        assert seconds == 5
        assert line().startswith("Listening on")

    def choose(self, title: str, choices: Sequence[Choice], default: int = 0) -> Any:
        answer = self._next(title)
        if not answer:
            return choices[default].value
        chosen = [choice for choice in choices if choice.label.startswith(answer)]
        assert len(chosen) == 1, [choice.label for choice in choices]
        return chosen[0].value

    def write(self, title: str, proposal: str, *, is_path: bool = False) -> str:
        assert is_path == title.startswith(FILE)
        assert proposal or is_path
        return self._next(title)

    def _next(self, title: str) -> str:
        assert self.left, f"nothing more was to be asked, but: {title}"
        start, answer = self.left.pop(0)
        assert title.startswith(start)
        return answer


class Senses:
    """A made-up machine."""

    def __init__(self, known: Facts) -> None:
        self._known = known
        self.listened: list[str] = []

    def listen(self, interface: str) -> None:
        self.listened.append(interface)

    def heard(self) -> Heard:
        return self._known.heard if self.listened else Heard()

    def devices(self) -> tuple[AudioDevice, ...]:
        return self._known.devices

    def why_no_devices(self) -> str:
        return "" if self._known.devices else "A driver hangs."

    def reading(self, number: int) -> Reading:
        return Reading("open", (-20.0,) * self._known.devices[number].channels)


def play(known: Facts, *answers: tuple[str, str], given: Given | None = None) -> tuple[str, dict[str, Any], Script]:
    script = Script(*answers)
    bare = Facts(known.interfaces, known.best_interface, known.host_name, existing=known.existing)
    occasion = Occasion("aes67-config.json", may_start=True, listen_s=5)
    ending, data = Dialogue(bare, given or Given(), script, Senses(known), occasion).run()
    assert not script.left
    return ending, data, script


def changed(*answers: tuple[str, str]) -> list[tuple[str, str]]:
    """All questions, some with other answers than the proposal."""
    given = dict(answers)
    return [(title, given.get(title, answer)) for title, answer in ALL]


def test_agreeing_to_everything_gives_the_proposal() -> None:
    known = facts(devices=[device("jack", "system", 10)], masters=[master(3)], sessions=[session("239.69.20.1")])
    ending, data, script = play(known, *ALL, (NOW, TAKE))
    assert ending == "start"
    assert data["clock"] == {"mode": "auto", "domain": 3}
    assert [stream["address"] for stream in data["streams"]] == ["239.69.20.2", "239.69.20.3"]
    assert script.complaints == []
    assert ("First multicast address", "239.69.20.2") in script.settled
    assert "PTP domain 3: 00-1d-c1-ff-fe-12-34-56" in script.text
    assert "1 address is in use by sessions of others" in script.text
    assert "Dante (AES67 mode); announced by SAP" in script.text


def test_a_wrong_answer_gets_its_sentence_and_the_question_again() -> None:
    answers = [
        *ALL[:3],
        (DOMAIN, "128"),
        (DOMAIN, "five"),
        (DOMAIN, "5"),
        (SOURCE, "Test tone"),
        (COUNT, "0"),
        (COUNT, "12"),
        (AGAIN, TAKE),
        (PER_STREAM, "12"),
        (PER_STREAM, "-1"),
        (PER_STREAM, "4"),
        (ADDRESS, "239.69"),
        (ADDRESS, "10.0.0.1"),
        (ADDRESS, "239.69.9.1"),
        (NAME, "x" * 101),
        (NAME, "Studio PC"),
        (NOW, "Write aes67-config.json and start"),
    ]
    _, data, script = play(facts(), *answers)
    assert script.complaints == [
        '"domain" is 128, but must be from 0 to 127.',
        '"domain" is "five", but must be a whole number.',
        '"channels" is 0, but must be from 1 to 256.',
        "Dante (AES67 mode) takes at most 8 channels per stream.",
        "-1 channels make no stream.",
        '"address" is "239.69": no IPv4 address.',
        "10.0.0.1 is no multicast address, but streams for several receivers need one.",
        '"name" is 101 characters long, but at most 100 may be used.',
    ]
    assert data["clock"]["domain"] == 5
    assert [stream["name"] for stream in data["streams"]] == ["Studio PC 1-4", "Studio PC 5-8", "Studio PC 9-12"]
    assert data["streams"][0]["address"] == "239.69.9.1"


def test_an_interface_that_cannot_be_used_is_refused() -> None:
    cards = [interface(), interface("eth1", None), interface("eth2", up=False)]
    answers = [(INTERFACE, "eth1"), (INTERFACE, "eth2"), *ALL, (NOW, "Leave")]
    ending, _, script = play(facts(interfaces=cards), *answers)
    assert ending == "leave"
    assert script.complaints == ['Network interface "eth1" has no IPv4 address.', 'Network interface "eth2" is down.']


def test_what_is_given_is_not_asked() -> None:
    given = Given(interface="eth0", profile="ravenna", mode="free-run", sources=({"kind": "tone"},), channels=(3,))
    _, data, script = play(facts(), (PER_STREAM, "2"), (ADDRESS, TAKE), (NAME, TAKE), (NOW, TAKE), given=given)
    assert [stream["channels"] for stream in data["streams"]] == [[1, 2], [3]]
    # A clock of this computer's own has no domain.
    assert [title for title, _ in script.settled] == [
        "Channels per stream",
        "First multicast address",
        "Name of this sender",
    ]


def test_several_sources_are_asked_one_after_the_other() -> None:
    known = facts(devices=[device("alsa", "Desk", 4), device("pulse", "Speakers", monitor=True)])
    answers = [
        *ALL[:4],
        (SOURCE, "Desk"),
        (COUNT, TAKE),
        (AGAIN, "Yes"),
        ("Which one", "JACK"),
        (COUNT, "1"),
        (AGAIN, "No"),
        *ALL[7:],
        (NOW, TAKE),
    ]
    _, data, _ = play(known, *answers)
    assert data["sources"] == [
        {"id": "alsa", "kind": "alsa", "device": "desk", "channels": 4},
        {"id": "jack", "kind": "jack", "channels": 1, "client_name": "aes67-sender"},
    ]
    assert [stream["name"] for stream in data["streams"]] == ["studio-pc alsa 1-4", "studio-pc jack 1"]


def test_a_sound_file_must_be_there(tmp_path: Any) -> None:
    (tmp_path / "jingle.wav").touch()
    answers = [
        (SOURCE, "Sound file"),
        (FILE, TAKE),
        (SOURCE, "Sound file"),
        (FILE, "/no/such.wav"),
        (FILE, str(tmp_path / "jingle.wav")),
    ]
    _, data, script = play(facts(), *ALL[:4], *answers, *ALL[5:], (NOW, TAKE))
    assert script.complaints == ['There is no file "/no/such.wav": source "file" stays silent until there is.']
    assert data["sources"] == [{"id": "file", "kind": "file", "path": str(tmp_path / "jingle.wav")}]


def test_without_devices_it_says_why_and_goes_on() -> None:
    _, data, script = play(facts(), *ALL, (NOW, TAKE))
    assert "A driver hangs." in script.text
    assert data["sources"] == [{"id": "tone", "kind": "tone", "channels": 2}]


def test_more_channels_than_a_device_lists_is_a_warning() -> None:
    _, data, script = play(facts(devices=[device()]), *changed((COUNT, "4")), (NOW, TAKE))
    assert script.complaints == ["Studio lists 2 channels, not 4."]
    assert data["sources"][0]["channels"] == 4


def test_an_answer_can_be_changed_and_what_was_only_agreed_to_follows() -> None:
    known = facts(masters=[master(0), master(127)])
    answers = [*changed((NAME, "Studio")), (NOW, "Change"), (WHICH, "Receivers"), (RECEIVERS, "ST 2110"), (NOW, TAKE)]
    _, data, _ = play(known, *answers)
    assert data["clock"]["domain"] == 127
    assert data["name"] == "Studio"
    assert data["streams"][0]["address"] == "239.110.20.1"


def test_a_change_that_breaks_something_must_be_mended_before_it_can_be_written() -> None:
    answers = [
        *changed((RECEIVERS, "RAVENNA"), (COUNT, "16"), (PER_STREAM, "16")),
        (NOW, "Change"),
        (WHICH, "Receivers"),
        (RECEIVERS, "Dante"),
        (NOW, "Change"),
        (WHICH, "Channels per stream"),
        (PER_STREAM, "8"),
        (NOW, "Write aes67-config.json and"),
    ]
    _, data, script = play(facts(), *answers)
    assert script.complaints == ["Dante (AES67 mode) takes at most 8 channels per stream."]
    assert len(data["streams"]) == 2


FILE_DATA = {
    "name": "Studio PC",
    "interface": "eth0",
    "sources": [{"id": "daw", "kind": "jack", "channels": 16, "server_name": "studio"}],
    "streams": [
        {"id": "a", "name": "Left", "address": "239.69.9.1", "channels": [1], "gain_db": -3},
        {"id": "b", "name": "Rest", "address": "239.69.9.2", "channels": [3, 2]},
    ],
}
KEPT = [(title, answer) for title, answer in ALL if title not in (COUNT, AGAIN)]


def test_an_existing_file_is_what_is_proposed() -> None:
    ending, data, script = play(facts(file=FILE_DATA, masters=[master(5)]), *KEPT, (NOW, "Start sending"))
    assert ending == "start"
    assert data == FILE_DATA
    assert "Nothing in the file changes." in script.text
    assert ("Where does the sound come from?", "As it is: daw") in script.settled
    assert ("Channels per stream", "as it is: 2 streams") in script.settled


def test_what_is_not_asked_for_is_kept_when_something_changes() -> None:
    answers = [*KEPT[:3], (DOMAIN, "5"), *KEPT[4:-1], (NAME, "Studio B"), (NOW, "Write aes67-config.json and")]
    _, data, script = play(facts(file=FILE_DATA), *answers)
    assert data == {**FILE_DATA, "name": "Studio B", "clock": {"domain": 5}}
    assert "Changes name and clock." in script.text


def test_other_sources_split_the_streams_anew() -> None:
    answers = [*KEPT[:4], (SOURCE, "Test tone"), (COUNT, "4"), (AGAIN, TAKE), (PER_STREAM, "2"), *ALL[8:], (NOW, TAKE)]
    _, data, _ = play(facts(file=FILE_DATA), *answers)
    assert [(stream["source"], stream["channels"], stream["address"]) for stream in data["streams"]] == [
        ("tone", [1, 2], "239.69.9.1"),
        ("tone", [3, 4], "239.69.9.2"),
    ]


def test_leaving_raises_from_wherever_it_is() -> None:
    class Leaving(Script):
        def write(self, title: str, proposal: str, *, is_path: bool = False) -> str:  # noqa: ARG002  the screen's
            raise KeyboardInterrupt

    known = facts()
    occasion = Occasion("aes67-config.json", may_start=True, listen_s=5)
    with pytest.raises(KeyboardInterrupt):
        Dialogue(known, Given(), Leaving(*ALL[:3]), Senses(known), occasion).run()
