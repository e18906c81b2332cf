"""The Node.js tool's file becomes a config of ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aes67_sender.config.legacy import convert, import_legacy, is_legacy, load_or_import, write_config
from aes67_sender.config.load import load_config, parse_data
from aes67_sender.config.nodejs import LEGACY_KEYS
from aes67_sender.config.sources import JackSource
from aes67_sender.errors import ConfigError

OLD: dict[str, Any] = {
    "deviceMode": "sender",
    "audioSource": "jack",
    "channelCount": 12,
    "channelNames": [f"Mic {number}" for number in range(1, 13)],
    "channelsPerReceiver": 8,
    "jackClientName": "console",
    "samplingRate": 48000,
    "baseMulticastAddress": "239.69.83.10",
    "networkInterface": "eth0",
    "ptpDomain": 3,
    "ptpMode": "slave",
    "rtpDestinationPort": 5004,
    "sessionName": "Studio A",
    "lastUpdated": "2024-05-01T12:00:00.000Z",
}


def notes_of(**changes: object) -> list[tuple[str, str]]:
    return [(note.severity, note.text) for note in convert({**OLD, "channelCount": 8, **changes})[1]]


def test_a_usual_file_is_taken_over_whole() -> None:
    data, notes = convert(OLD)
    config = parse_data(data, base_dir=Path("/"))
    assert (config.name, config.interface) == ("Studio A", "eth0")
    assert (config.clock.mode, config.clock.domain) == ("auto", 3)
    names = tuple(OLD["channelNames"])
    assert config.sources == (JackSource(id="jack", channels=12, client_name="console", channel_names=names),)
    first, second = config.streams
    # The SDP files keep their names: <id>.sdp.
    assert (first.id, second.id) == ("stream1", "stream2")
    assert (first.name, second.name) == ("Studio A - Stream 1", "Studio A - Stream 2")
    assert (first.address, second.address) == ("239.69.83.10", "239.69.83.11")
    assert (first.channels, second.channels) == (tuple(range(1, 9)), (9, 10, 11, 12))
    assert (first.channel_names, second.channel_names) == (names[:8], names[8:])
    assert (first.encoding, first.rate, first.packet_time_us) == ("L24", 48_000, 1000)
    assert [(note.severity, note.text) for note in notes] == [
        (
            "warning",
            "The old tool counted the port up with each stream; now all use 5004, each with an address of its own.",
        )
    ]


@pytest.mark.parametrize(("mode", "expected"), [("none", "free-run"), ("slave", "auto"), ("grandmaster", "auto")])
def test_the_clock_mode(mode: str, expected: str) -> None:
    data, notes = convert({**OLD, "channelCount": 2, "ptpMode": mode})
    assert data["clock"] == {"mode": expected, "domain": 3}
    assert [note.path for note in notes] == (["ptpMode", "channelNames"] if mode == "grandmaster" else ["channelNames"])


@pytest.mark.parametrize(
    ("changes", "severity", "text"),
    [
        ({"deviceMode": "receiver"}, "error", '"deviceMode" is "receiver", but this program only sends.'),
        ({"audioSource": 7}, "warning", '"audioSource" is 7, which is not known; JACK is taken.'),
        (
            {"channelCount": "many"},
            "warning",
            '"channelCount" is "many", no whole number from 1 to 256; 2 is taken.',
        ),
        (
            {"baseMulticastAddress": "239.69.83"},
            "error",
            '"baseMulticastAddress" is "239.69.83", no IPv4 address: nobody knows where to send.',
        ),
        (
            {"baseMulticastAddress": None},
            "error",
            '"multicastAddress" is missing: nobody knows where to send.',
        ),
        (
            {"ptpMode": ["slave"]},
            "warning",
            '"ptpMode" is a list, which is not known; the clock is chosen automatically.',
        ),
        ({"ptpDomain": 300}, "warning", '"ptpDomain" is 300, no whole number from 0 to 127; 0 is taken.'),
        ({"rtpDestinationPort": 5005}, "warning", "The port was 5005; RTP ports are even, so it is 5004 now."),
        ({"sessionName": "a\nb"}, "warning", '"sessionName" is "a\\nb", no name; "AES67" is taken.'),
        (
            {"samplingRate": 88200},
            "warning",
            '"samplingRate" is 88200, which AES67 does not have; 48000 is taken and the sound converted.',
        ),
        (
            {"channelCount": 16, "channelsPerReceiver": 16},
            "warning",
            "16 channels in packets of 1 ms are more than one Ethernet frame holds; the packet time is now 333 µs.",
        ),
        (
            {"channelCount": 200, "channelsPerReceiver": 200},
            "error",
            (
                "200 channels in packets of 1 ms are more than one Ethernet frame holds, "
                "and no packet time is short enough."
            ),
        ),
        ({"channelNames": "a,b"}, "warning", '"channelNames" is "a,b", no list; the channels have no names.'),
        ({"channelNames": ["a", 5]}, "warning", 'Item 2 of "channelNames" is 5, no name; "Channel 2" is taken.'),
        (
            {"channelCount": 16, "baseMulticastAddress": "239.69.83.255"},
            "warning",
            "From 239.69.83.255 on there are fewer than 2 last numbers; the streams go on in the next network.",
        ),
        (
            {"multicastIface": "eth1"},
            "warning",
            '"networkInterface" is "eth0", "multicastIface" "eth1"; the first is taken.',
        ),
        ({"asioDeviceClsid": "{…}"}, "info", '"asioDeviceClsid" has no counterpart and is left out.'),
        ({"colour": "red"}, "info", '"colour" is not a key of the old tool and is left out.'),
    ],
)
def test_what_cannot_be_taken_over_is_told(changes: dict[str, Any], severity: str, text: str) -> None:
    assert (severity, text) in notes_of(**changes)


def test_texts_that_hold_numbers_are_numbers() -> None:
    data, _ = convert({**OLD, "channelCount": "4", "rtpDestinationPort": "6000", "channelNames": []})
    assert data["sources"][0]["channels"] == 4
    assert data["streams"][0]["port"] == 6000


@pytest.mark.parametrize("inputs", ["0,1,2,5", [0, 1, 2, 5]])
def test_asio_stays_asio_with_its_driver_and_inputs(inputs: object) -> None:
    asio = {"audioSource": "asio", "channelCount": 4, "asioDeviceClsid": "{838FE50A}", "asioInputChannels": inputs}
    data, notes = convert({**OLD, "channelNames": [], **asio})
    wanted = {"id": "asio", "kind": "asio", "channels": 4, "device": "{838FE50A}", "input_channels": [1, 2, 3, 6]}
    assert data["sources"] == [wanted]
    assert {stream["source"] for stream in data["streams"]} == {"asio"}
    assert not [note for note in notes if "asio" in note.text]


def test_asio_without_usable_inputs_takes_the_first_ones() -> None:
    data, notes = convert({**OLD, "audioSource": "asio", "channelCount": 2, "asioInputChannels": "0,x"})
    assert data["sources"] == [{"id": "asio", "kind": "asio", "channels": 2}]
    assert [note.text for note in notes if "asio" in note.text] == [
        '"asioInputChannels" is "0,x", not one input for each of 2; the first ones are taken.'
    ]


@pytest.mark.parametrize("data", [{}, [], None, {"streams": [], "ptpMode": "slave"}, {"version": 1, "naem": "x"}])
def test_other_files_are_not_taken_for_the_old_tools(data: object) -> None:
    assert not is_legacy(data)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(LEGACY_KEYS)),
        st.none()
        | st.booleans()
        | st.integers(-5, 300)
        | st.floats()
        | st.text(max_size=5)
        | st.lists(st.text(max_size=3) | st.integers(), max_size=5)
        | st.sampled_from(["sender", "jack", "asio", "slave", "239.69.1.250", 48000, 96000, {}]),
    )
)
def test_whatever_the_old_file_holds_there_are_notes_or_a_good_config(old: dict[str, Any]) -> None:
    data, notes = convert(old)
    if all(note.severity != "error" for note in notes):
        parse_data(data, base_dir=Path("/"))
    for note in notes:
        assert note.text.isprintable()
        assert note.hint


def test_import_writes_a_new_file(tmp_path: Path) -> None:
    old, out = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(OLD), "utf-8")
    notes = import_legacy(old, out)
    assert [note.code for note in notes] == ["import.note"]
    assert [stream.id for stream in load_config(out).streams] == ["stream1", "stream2"]
    assert json.loads(old.read_text("utf-8")) == OLD


def test_run_converts_in_place_and_keeps_every_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    (tmp_path / "aes67-config.json.bak").write_text("an earlier backup", "utf-8")
    path.write_text(json.dumps(OLD), "utf-8")
    config, notes = load_or_import(path)
    assert [stream.id for stream in config.streams] == ["stream1", "stream2"]
    assert notes[-1].text == 'The file that was there is kept as "aes67-config.json.bak-2".'
    assert (tmp_path / "aes67-config.json.bak").read_text("utf-8") == "an earlier backup"
    assert json.loads((tmp_path / "aes67-config.json.bak-2").read_text("utf-8")) == OLD
    assert load_or_import(path) == (config, [])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "aes67-config.json",
        "aes67-config.json.bak",
        "aes67-config.json.bak-2",
    ]


def test_an_old_file_that_cannot_be_used_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    text = json.dumps({**OLD, "deviceMode": "receiver", "baseMulticastAddress": "x"})
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="cannot be imported") as caught:
        load_or_import(path)
    assert [problem.path for problem in caught.value.problems] == ["deviceMode", "baseMulticastAddress"]
    assert path.read_text("utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_an_address_no_stream_may_have_stops_the_import(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_text(json.dumps({**OLD, "baseMulticastAddress": "224.0.0.1"}), "utf-8")
    with pytest.raises(ConfigError) as caught:
        import_legacy(path, path)
    assert caught.value.problems[0].path == "streams[0].address"
    assert list(tmp_path.iterdir()) == [path]


def test_a_config_of_ours_needs_no_import(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_text('{"streams": [{"address": "239.69.1.1"}]}', "utf-8")
    with pytest.raises(ConfigError, match=r"was not written by the Node\.js tool"):
        import_legacy(path, path)
    path.write_text("{", "utf-8")
    with pytest.raises(ConfigError, match=r"has 1 problem\."):
        import_legacy(path, path)


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_text("old", "utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"cannot be written: No space left on device\."):
        write_config(path, {})
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name], "half a backup is none"


def test_writing_keeps_the_mode_and_follows_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old", "utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    backup = write_config(link, {"name": "Müller"})
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert json.loads(real.read_text("utf-8")) == {"name": "Müller"}
    assert backup == tmp_path / "real.json.bak"
    assert write_config(tmp_path / "fresh.json", {}) is None
