"""The wizard as a process: in a terminal, and without one."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.repository import ROOT, code_blocks
from support.terminal import Terminal

REAL = (sys.executable, "-m", "aes67_sender")
FAKE = (sys.executable, str(Path(__file__).with_name("with_fake_engine.py")))
#: Nothing of this machine's network or sound plays a part.
ALONE = ("--interface", "lo", "--listen", "0")
NODE_JS = {"deviceMode": "sender", "channelCount": 12, "channelsPerReceiver": 6, "baseMulticastAddress": "239.69.83.1"}
NAME = "aes67-config.json"
TITLES = (
    "What receives the streams?",
    "Which clock?",
    "PTP domain",
    "Where does the sound",
    "Channels per stream",
    "First multicast address",
)


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*REAL, "configure", *arguments]
    return subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


def ask(cwd: Path, *arguments: str) -> Terminal:
    return Terminal([*REAL, "configure", *ALONE, *arguments], cwd)


def written(folder: Path, name: str = NAME) -> Any:
    return json.loads((folder / name).read_text())


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    done = call(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error == "Error: The wizard asks questions, and there is no terminal to ask them in."
    assert "aes67-sender configure --yes" in hint
    assert names(tmp_path) == set()


def test_a_terminal_that_cannot_draw_is_none(tmp_path: Path) -> None:
    environment = {**os.environ, "TERM": "dumb"}
    command = ["script", "-qec", f"{' '.join(REAL)} configure", "/dev/null"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "no terminal to ask them in" in done.stdout


def test_yes_asks_nothing_and_takes_every_answer_as_an_option(tmp_path: Path) -> None:
    options = {
        "--profile": "livewire",
        "--clock": "builtin",
        "--domain": "3",
        "--base-address": "239.192.70.9",
        "--name": "Studio PC",
        "--per-stream": "4",
        "-o": "studio.json",
    }
    sources = ("--source", "tone", "--channels", "6", "--source", "jack:system", "--channels", "2")
    done = call("--yes", *ALONE, *sources, *(word for pair in options.items() for word in pair), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = written(tmp_path, "studio.json")
    assert data["clock"] == {"mode": "builtin", "domain": 3}
    assert [(source["id"], source["channels"]) for source in data["sources"]] == [("tone", 6), ("jack", 2)]
    assert [(stream["name"], stream["address"]) for stream in data["streams"]] == [
        ("Studio PC tone 1-4", "239.192.70.9"),
        ("Studio PC tone 5-6", "239.192.70.10"),
        ("Studio PC jack 1-2", "239.192.70.11"),
    ]
    assert "(Livewire 17929)" in done.stdout
    assert "Wrote studio.json." in done.stdout
    assert "aes67-sender run -c studio.json" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_yes_changes_a_file_and_keeps_the_rest_of_it(tmp_path: Path) -> None:
    old = {"interface": "lo", "latency_ms": 7, "streams": [{"address": "239.69.1.1", "gain_db": -3}]}
    (tmp_path / NAME).write_text(json.dumps(old))
    done = call("--yes", *ALONE, "--domain", "9", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert written(tmp_path) == {**old, "clock": {"domain": 9}}
    assert written(tmp_path, f"{NAME}.bak") == old
    assert "Changes clock." in done.stdout
    assert "kept as aes67-config.json.bak" in done.stdout
    again = call("--yes", *ALONE, cwd=tmp_path)
    assert again.returncode == 0
    assert f"{NAME} is right as it is." in again.stdout
    assert names(tmp_path) == {NAME, f"{NAME}.bak"}


def test_yes_converts_the_node_js_tools_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(json.dumps(NODE_JS))
    done = call("--yes", *ALONE, "--name", "New", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [stream["address"] for stream in written(tmp_path)["streams"]] == ["239.69.83.1", "239.69.83.2"]
    assert written(tmp_path, f"{NAME}.bak") == NODE_JS


def test_wrong_options_are_told_all_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    options = ("--source", "tone", "--channels", "x", "--domain", "200", "--base-address", "239.1", "--per-stream", "0")
    done = call("--yes", *ALONE, *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: aes67-config.json would have 4 problems.")
    for path in ("clock.domain", "sources[0].channels", "streams[0].address", "per_stream"):
        assert f"  {path}: " in done.stderr
    assert names(tmp_path) == set()


def test_a_file_that_cannot_be_used_needs_force(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"streamz": 1}')
    refused = call("--yes", *ALONE, cwd=tmp_path)
    assert refused.returncode == 2
    assert "streamz" in refused.stderr
    assert "--force" in refused.stderr
    assert call("--yes", *ALONE, "--force", cwd=tmp_path).returncode == 0
    assert len(written(tmp_path)["streams"]) == 1
    assert written(tmp_path, f"{NAME}.bak") == {"streamz": 1}


def test_start_needs_yes(tmp_path: Path) -> None:
    done = call("--start", cwd=tmp_path)
    assert done.returncode == 2
    assert "--start goes with --yes" in done.stderr


def test_a_folder_that_is_not_there_is_told_before_the_first_question(tmp_path: Path) -> None:
    done = call("--yes", *ALONE, "-c", "no/where.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "There is no folder" in done.stderr
    assert call("--yes", *ALONE, "-c", ".", cwd=tmp_path).returncode == 2


def test_a_sound_file_is_found_from_where_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "jingle.wav").touch()
    done = call("--yes", *ALONE, "--source", "file:jingle.wav", "-c", "conf/a.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert written(tmp_path / "conf", "a.json")["sources"][0]["path"] == str(tmp_path / "jingle.wav")
    assert "There is no file" not in done.stderr


def test_the_questions_of_a_first_run_fit_the_screen_and_their_answers_are_written(tmp_path: Path) -> None:
    with ask(tmp_path, "--source", "tone") as user:
        first = user.see("? What receives the streams?")
        assert " » Dante (AES67 mode)" in first
        assert "↑ ↓ Enter" in first
        user.choose("What receives the streams?", "down")
        user.see("✓ What receives the streams: RAVENNA / Merging / Lawo", "No PTP master is heard.")
        user.choose("Which clock?")
        user.write("PTP domain", "300")
        user.see('error: "domain" is 300, but must be from 0 to 127.', '→ Write for example "domain": 0.')
        user.write("PTP domain", "4")
        user.write("Channels per stream", "1")
        user.write("First multicast address")
        user.write("Name of this sender", "Bühne 1")
        summary = user.see("Bühne 1 2", "239.100.1.2:5004", "1 ch L24 1 ms", "? What now?")
        assert "Write aes67-config.json and start sending" in summary
        user.choose("What now?", "down")
        user.see("Wrote aes67-config.json.", "Send with `aes67-sender run`.")
        assert user.end() == 0
    data = written(tmp_path)
    assert (data["name"], data["clock"]["domain"], data["announce"]["ravenna"]) == ("Bühne 1", 4, True)
    assert names(tmp_path) == {NAME}


@pytest.mark.parametrize(
    ("after", "key"),
    [
        ("What receives the streams?", "ctrl-c"),
        ("PTP domain", "ctrl-c"),
        ("Where does the sound", "ctrl-d"),
        ("Channels per stream", "ctrl-d"),
        ("What now?", "ctrl-c"),
    ],
)
def test_leaving_in_the_middle_writes_nothing_and_says_so(tmp_path: Path, after: str, key: str) -> None:
    old = {"interface": "lo", "streams": [{"address": "239.69.1.1"}]}
    (tmp_path / NAME).write_text(json.dumps(old))
    with ask(tmp_path, "--name", "Other") as user:
        for title in itertools.takewhile(lambda title: title != after, TITLES):
            user.write(title)
        user.see(f"? {after}")
        user.press(key)
        user.see("Left: nothing was written.")
        assert user.end() == 130
        assert "Traceback" not in user.text
    assert names(tmp_path) == {NAME}
    assert written(tmp_path) == old


def test_leaving_while_it_listens_is_the_same(tmp_path: Path) -> None:
    with ask(tmp_path, "--listen", "60") as user:
        user.see("Listening on lo: 0 PTP masters, 0 sessions")
        user.press("ctrl-c")
        user.see("Left: nothing was written.")
        assert user.end() == 130
    with subprocess.Popen(
        [*REAL, "configure", "--yes", *ALONE, "--listen", "60"], cwd=tmp_path, stderr=-1, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Listening on lo for 60 s.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == "Left: nothing was written.\n"
    assert names(tmp_path) == set()


def test_sigterm_leaves_as_ctrl_c_does(tmp_path: Path) -> None:
    with ask(tmp_path) as user:
        user.see("? What receives the streams?")
        user.terminate(signal.SIGTERM)
        user.see("Left: nothing was written.")
        assert user.end() == 130
    assert names(tmp_path) == set()


def test_a_second_run_proposes_what_is_there_and_changes_one_thing(tmp_path: Path) -> None:
    old = {
        "interface": "lo",
        "name": "Studio PC",
        "latency_ms": 7,
        "sources": [{"id": "line", "kind": "tone", "channels": 4, "level_dbfs": -20}],
        "streams": [{"id": "main", "name": "Main", "address": "239.69.1.1", "channels": [4, 1], "dscp": 10}],
    }
    (tmp_path / NAME).write_text(json.dumps(old))
    with ask(tmp_path) as user:
        user.see("aes67-config.json is there: it is the proposal.")
        user.choose("What receives the streams?")
        user.choose("Which clock?")
        user.write("PTP domain")
        assert " » As it is: line" in user.see("? Where does the sound come from?")
        user.choose("Where does the sound come from?")
        assert "Channels per stream: as it is: 1 stream" in user.see("? Channels per stream")
        user.write("Channels per stream")
        assert "239.69.1.1" in user.see("? First multicast address")
        user.write("First multicast address", "239.69.2.1")
        user.write("Name of this sender")
        user.see("Changes streams[0].address.")
        user.choose("What now?", "down")
        user.see("kept as aes67-config.json.bak")
        assert user.end() == 0
    assert written(tmp_path) == {**old, "streams": [{**old["streams"][0], "address": "239.69.2.1"}]}  # type: ignore[index]
    assert written(tmp_path, f"{NAME}.bak") == old


def test_a_file_that_cannot_be_used_can_be_begun_anew(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{")
    with ask(tmp_path) as user:
        user.see("aes67-config.json has 1 problem.", "? aes67-config.json cannot be used. What now?")
        user.press("down", "enter")
        user.see("Left: nothing was written.")
        assert user.end() == 130
    with ask(tmp_path) as user:
        user.choose("aes67-config.json cannot be used. What now?")
        user.see("? What receives the streams?")


def test_without_command_and_config_a_terminal_is_asked(tmp_path: Path) -> None:
    with Terminal(REAL, tmp_path) as user:
        user.see("There is no aes67-config.json in this folder. What now?", "Send a test tone")
        user.press("end", "enter")
        assert user.end() == 0
    with Terminal([*FAKE, "configure", *ALONE, "--source", "tone", "--name", "Desk"], tmp_path) as user:
        for title in (title for title in TITLES if not title.startswith("Where")):
            user.write(title)
        user.choose("What now?")
        user.see("Wrote aes67-config.json.", "aes67-sender  Desk")
        user.press("ctrl-c")
        # While it sends, Ctrl-C is the proper end.
        assert user.end() == 0
    assert written(tmp_path)["name"] == "Desk"


def test_yes_can_start_sending(tmp_path: Path) -> None:
    command = [*FAKE, "configure", "--yes", *ALONE, "--source", "tone", "--start"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if ": clock" in line)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert "of 1 streams" in line


def test_the_page_about_it_names_all_its_options_and_no_others(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "configure.md").read_text()
    told = set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", page))
    known = set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", call("--help", cwd=tmp_path).stdout))
    assert told - known == set()
    assert known - told == {"--config", "--output", "--verbose", "--help"}


@pytest.mark.parametrize("block", code_blocks((ROOT / "docs" / "configure.md").read_text(), "sh"))
def test_the_commands_of_the_page_are_valid(block: str, tmp_path: Path) -> None:
    for line in block.splitlines():
        words = [word for word in shlex.split(line)[2:] if word != "--start"]
        done = call(*words, *ALONE, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
