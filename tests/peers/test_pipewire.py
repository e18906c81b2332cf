"""PipeWire's RTP source plays us from the announcement alone: it hears SAP, makes a stream, and its sound is ours."""

from __future__ import annotations

import os
import shutil
import tempfile
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from support.sender import start_sender

if TYPE_CHECKING:
    from support.netlab import Host

TOOLS = ("pipewire", "wireplumber", "pw-cli", "pw-record", "dbus-run-session")
MODULES = """
context.modules = [
  { name = libpipewire-module-rtp-source
    args = {
      local.ifname = eth0
      sap.ip = "239.255.255.255"
      sess.latency.msec = 100
      stream.props = { media.class = "Audio/Source" }
      stream.rules = [ { matches = [ { rtp.session = "~.*" } ] actions = { create-stream = { } } } ]
    } }
]
"""
#: Started by hand: nothing of it may speak to a desktop that runs here.
SESSION = """
pipewire & first=$!
sleep 0.5
wireplumber & second=$!
for _ in $(seq 60); do
  sleep 0.5
  pw-cli ls Node | grep -q 'node.name = "Stage"' && break
done
pw-cli ls Node >&2
timeout --signal INT 4 pw-record --target Stage --rate 48000 --channels 2 --format s16 "$RECORDED"
kill $second $first
wait
echo ended
"""


def needs_pipewire() -> None:
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        pytest.skip(f"{' and '.join(missing)} not installed")
    if not list(Path("/usr/lib").glob("*/pipewire-0.3/libpipewire-module-rtp-source.so")):
        pytest.skip("this PipeWire has no RTP source")


def test_pipewire_plays_us_from_the_announcement_alone(tx: Host, rx: Host, tmp_path: Path) -> None:
    needs_pipewire()
    recorded = tmp_path / "received.wav"
    config = {
        "clock": {"mode": "free-run"},
        "sources": [{"id": "tone", "kind": "tone", "frequency_hz": 1000, "level_dbfs": -18}],
        "streams": [{"id": "s1", "name": "Stage", "source": "tone", "address": "239.69.9.1"}],
        "announce": {"sdp_dir": str(tmp_path), "sap": True},
    }
    # A short path for the socket, and no server of the user's own.
    with tempfile.TemporaryDirectory(prefix="aes67-pw-") as folder, start_sender(tx, tmp_path, config) as sender:
        sender.wait_until_sending()
        drop_in = Path(folder) / "pipewire" / "pipewire.conf.d"
        drop_in.mkdir(parents=True)
        (drop_in / "rtp.conf").write_text(MODULES)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PIPEWIRE")} | {
            "XDG_RUNTIME_DIR": folder,
            "XDG_CONFIG_HOME": folder,
            "HOME": str(tmp_path),
            "RECORDED": str(recorded),
        }
        command = ["dbus-run-session", "--", "sh", "-c", SESSION]
        with rx.start(command, tmp_path / "pipewire.log", environment=environment) as session:
            session.wait_for("ended", 60)
            said = session.output()
    with wave.open(str(recorded)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[:, 0] / 32768
    heard = sound[np.flatnonzero(np.abs(sound) > 0.01)[0] :] if np.abs(sound).max() > 0.01 else sound[:0]
    assert len(heard) > 48_000, said
    middle = heard[24_000:48_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 48_000 / len(middle) == pytest.approx(1000, abs=2)
    # -18 dBFS of a sine: what was sent, not just something of that pitch.
    assert 20 * np.log10(np.abs(middle).max()) == pytest.approx(-18, abs=0.3)
