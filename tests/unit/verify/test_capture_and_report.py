"""Captures, descriptions, and what the command prints."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.cli import main
from aes67_sender.errors import ConfigError
from aes67_sender.net.capture_file import read_capture
from aes67_sender.net.ipv4 import udp_in
from aes67_sender.verify.description import expectations_of
from support.impair import GROUP, PORT, SOURCE, Clean, frame_of, in_order, lose, write_pcap, write_pcapng

if TYPE_CHECKING:
    from pathlib import Path

OTHER_GROUP = "239.70.1.1"
SDP = f"""v=0
o=- 1 1 IN IP4 {SOURCE}
s=Studio 1-2
c=IN IP4 {GROUP}/32
t=0 0
m=audio {PORT} RTP/AVP 97
a=rtpmap:97 L24/48000/2
a=source-filter: incl IN IP4 {GROUP} {SOURCE}
a=ptime:1
a=ts-refclk:ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:3
a=mediaclk:direct=7
"""


@pytest.mark.parametrize("write", [write_pcap, write_pcapng])
def test_captures_are_read_to_the_nanosecond(tmp_path: Path, write: Any) -> None:
    heard = Clean(packets=50).heard()
    path = tmp_path / "capture"
    write(path, heard)
    read = list(read_capture(path))
    assert [each.arrival_ns for each in read] == [each.arrival_ns for each in heard]
    first = read[0]
    assert (first.source, first.destination, first.port, first.ttl, first.dscp) == (SOURCE, GROUP, PORT, 32, 34)
    assert first.mac == "02:00:5e:10:00:01"


@pytest.mark.parametrize("octets", [b"", b"no capture at all", bytes(200)])
def test_what_is_no_capture_is_said_to_be_none(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "capture"
    path.write_bytes(octets)
    with pytest.raises(ConfigError, match="no capture"):
        list(read_capture(path))


def captured(tmp_path_factory: pytest.TempPathFactory, write: Any) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "capture"
    write(path, Clean(packets=3).heard())
    return bytes(path.read_bytes())


@pytest.mark.parametrize("write", [write_pcap, write_pcapng])
@given(data=st.data())
def test_a_damaged_capture_is_read_or_is_the_one_error(
    tmp_path_factory: pytest.TempPathFactory, write: Any, data: st.DataObject
) -> None:
    octets = captured(tmp_path_factory, write)
    at = data.draw(st.integers(0, len(octets)))
    patch = data.draw(st.binary(max_size=6))
    path = tmp_path_factory.mktemp("damaged") / "capture"
    path.write_bytes((octets[:at] + patch + octets[at + len(patch) :])[: data.draw(st.integers(0, len(octets)))])
    with contextlib.suppress(ConfigError):
        for each in read_capture(path):
            assert each.octets is not None


def test_a_cut_frame_is_passed_over() -> None:
    packet = frame_of(Clean(packets=1).heard()[0])[14:]
    for length in range(28):
        assert udp_in(packet[:length], 0) is None
    whole = udp_in(packet, 5)
    assert whole is not None
    assert len(whole.octets) == 300


def test_an_sdp_becomes_what_to_expect() -> None:
    (expected,) = expectations_of(SDP, "it")
    assert (expected.address, expected.port, expected.ttl, expected.payload_type) == (GROUP, PORT, 32, 97)
    assert (expected.encoding, expected.rate_hz, expected.channels, expected.frames) == ("L24", 48_000, 2, 48)
    assert (expected.origin, expected.sources) == (SOURCE, (SOURCE,))
    assert (expected.reference, expected.grandmaster, expected.domain) == ("ptp", "00-1d-c1-ff-fe-12-34-56", 3)
    assert (expected.mediaclk_offset, expected.mediaclk_told) == (7, True)


@pytest.mark.parametrize("text", ["", "hello", SDP.replace("L24/48000/2", "opus/48000/2")])
def test_what_describes_no_stream_is_wrong_use(text: str) -> None:
    with pytest.raises(ConfigError):
        expectations_of(text, "it")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["verify", *arguments])
    return code, capsys.readouterr().out


def test_a_good_capture_passes_and_a_bad_one_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sdp, good, bad = tmp_path / "s.sdp", tmp_path / "good.pcap", tmp_path / "bad.pcapng"
    sdp.write_text(SDP)
    heard = Clean(packets=2000).heard()
    write_pcap(good, heard)
    write_pcapng(bad, lose(heard, 700, 701))
    code, out = run(capsys, "--pcap", str(good), str(sdp), "--json")
    told = json.loads(out)
    assert (code, told["verdict"], len(told["streams"])) == (0, "warn", 1)
    assert {each["code"] for each in told["streams"][0]["findings"] if each["verdict"] == "warn"} == {"mediaclk"}
    assert sum(each["packets"] for each in told["streams"][0]["gaps"]) == 1999
    code, out = run(capsys, "--pcap", str(bad))
    assert code == 1
    assert out.index("✗ Loss") < out.index("✓")
    assert "2 of 2000 packets were lost" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_every_stream_of_a_capture_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.pcap"
    write_pcap(path, in_order([*Clean(packets=300).heard(), *Clean(packets=300, ssrc=5).heard()]))
    code, out = run(capsys, "--pcap", str(path), "--json")
    codes = {each["code"]: each["verdict"] for each in json.loads(out)["streams"][0]["findings"]}
    assert (code, codes["senders"]) == (1, "fail")


def test_both_legs_of_a_redundant_stream_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, media = SDP.split("t=0 0\n")
    leg = media.replace(f"IN IP4 {GROUP}", f"IN IP4 {OTHER_GROUP}")
    legs = (f"{media}c=IN IP4 {GROUP}/32\na=mid:1\n", f"{leg}c=IN IP4 {OTHER_GROUP}/32\na=mid:2\n")
    sdp, path = tmp_path / "dup.sdp", tmp_path / "dup.pcap"
    sdp.write_text(f"{head}t=0 0\na=group:DUP 1 2\n{''.join(legs)}")
    heard = Clean(packets=1000).heard()
    write_pcap(path, heard, also=[(OTHER_GROUP, each) for each in lose(heard, 300)])
    code, out = run(capsys, "--pcap", str(path), str(sdp), "--json")
    streams = {each["address"]: each for each in json.loads(out)["streams"]}
    assert code == 1
    assert {address: each["packets"] for address, each in streams.items()} == {GROUP: 1000, OTHER_GROUP: 999}
    assert {address: each["verdict"] for address, each in streams.items()} == {GROUP: "warn", OTHER_GROUP: "fail"}


@pytest.mark.parametrize(
    "arguments", [(), ("x.sdp", "--stream", "s1"), ("nowhere.sdp",), ("ftp://x/y.sdp",), ("--pcap", "nowhere.pcap")]
)
def test_wrong_use_ends_with_two(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert run(capsys, *arguments)[0] == 2


def test_a_stream_that_the_sender_does_not_have_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        code = main(["verify", "--stream", "s9", "--url", f"http://127.0.0.1:{server.server_address[1]}"])
        thread.join()
    assert code == 2
    assert "'s9'" in capsys.readouterr().err


def test_a_sender_that_does_not_run_is_what_the_machine_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--stream", "s1", "--url", "http://127.0.0.1:9")[0] == 3
