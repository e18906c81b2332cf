"""Our session descriptions before judges of others: tshark's dissector, and sdpoker's rules of RFC 4566 and ST 2110.

sdpoker is a program for Node.js, which few machines have: ``npm install --global sdpoker``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, get_args

import pytest

from aes67_sender.model.packet import PacketFormat
from aes67_sender.wire.sdp import LocalMac, OwnStream, PtpReference, SdpProfile, compose, decode, encode
from support.dissector import write_pcap

if TYPE_CHECKING:
    from pathlib import Path

PROFILES: tuple[SdpProfile, ...] = get_args(SdpProfile)
CLOCKS = (PtpReference("00-1d-c1-ff-fe-12-34-56", 127), LocalMac("02:fc:00:00:00:01"))
SAP_PORT = 9875
#: Announcement from 10.77.0.1 (RFC 2974 3).
SAP_HEADER = bytes.fromhex("200012340a4d0001") + b"application/sdp\0"
TSHARK_FIELDS = (
    *("sdp.owner.sessionid", "sdp.owner.version", "sdp.owner.address", "sdp.session_name"),
    *("sdp.connection_info.address", "sdp.connection_info.ttl", "sdp.media.port"),
    *("sdp.mime.type", "sdp.sample_rate", "sdp.media_title"),
)
TSHARK_COMPLAINTS = ("sdp.invalid", "sdp.unknown", "_ws.expert.message", "_ws.malformed")


def streams() -> list[OwnStream]:
    return [
        OwnStream(
            session_id=123_456 + channels, version=4_004_393_600, name=f"Studio {channels}",
            origin_address="192.168.1.20", destination="239.69.100.1", port=5004, ttl=32, payload_type=97,
            packet=PacketFormat("L24", 48_000, channels, 1000), refclk=clock,
            mediaclk_offset=0 if isinstance(clock, PtpReference) else None, profile=profile, information="Rack 3",
            channel_names=("Left", "Right"),
        )
        for profile in PROFILES for clock in CLOCKS for channels in (1, 2, 8)
    ]  # fmt: skip


def dissect(path: Path, texts: list[bytes]) -> list[list[str]]:
    """What tshark finds in each text, in the order of its fields and then its complaints."""
    write_pcap(path, ((SAP_PORT, SAP_HEADER + text) for text in texts))
    names = (*TSHARK_FIELDS, *TSHARK_COMPLAINTS)
    command = ["tshark", "-r", str(path), "-Y", "sdp", "-T", "fields", *(w for name in names for w in ("-e", name))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def expected(text: bytes) -> list[str]:
    description = decode(text)
    (stream,) = description.audio_streams()
    origin, (media,) = description.origin, description.media
    values = (
        *(origin.session_id, origin.version, origin.address, description.name),
        *(stream.address, stream.ttl, stream.port),
        *(stream.encoding, stream.rate_hz, media.information),
    )
    return [*map(str, values), *("" for _ in TSHARK_COMPLAINTS)]


def test_tsharks_dissector_finds_what_we_say_and_nothing_wrong(tmp_path: Path) -> None:
    texts = [encode(compose(stream)) for stream in streams()]
    assert dissect(tmp_path / "sap.pcap", texts) == [expected(text) for text in texts]


def test_tsharks_dissector_does_complain(tmp_path: Path) -> None:
    text = encode(compose(streams()[0])).replace(b"m=audio 5004", b"m=audio port").replace(b"t=0 0", b"time")
    ((*_, complaints),) = [line[-len(TSHARK_COMPLAINTS) :] for line in dissect(tmp_path / "sap.pcap", [text])]
    assert "".join(complaints)


def sdpoker(path: Path, stream: OwnStream, text: bytes) -> str:
    """What sdpoker finds wrong; empty for nothing."""
    program = shutil.which("sdpoker", path=f"{sys.prefix}/node/node_modules/.bin:{os.environ['PATH']}")
    if program is None:
        pytest.skip("sdpoker is not here: install npm, then run make setup-dev again")
    path.write_bytes(text)
    options = ["--audioOnly", "--multicast", "--useIP4", "--checkEndings", "--whitespace"]
    if stream.profile == "st2110":
        # With a clock of its own, a stream cannot do as it should.
        options += ["--channelOrder"] if stream.mediaclk_offset is None else ["--channelOrder", "--should"]
    done = subprocess.run([program, *options, str(path)], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("profile", PROFILES)
def test_sdpoker_finds_nothing_wrong(profile: SdpProfile, tmp_path: Path) -> None:
    for stream in (each for each in streams() if each.profile == profile):
        assert sdpoker(tmp_path / "ours.sdp", stream, encode(compose(stream))) == ""


def test_sdpoker_does_complain(tmp_path: Path) -> None:
    stream = streams()[0]
    text = encode(compose(stream)).replace(b"a=ts-refclk", b"a=refclk")
    assert "ts-refclk" in sdpoker(tmp_path / "bad.sdp", stream, text)
