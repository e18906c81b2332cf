from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aes67_sender.gst import runtime
from aes67_sender.gst.capture import Capture
from aes67_sender.gst.devices import list_devices
from aes67_sender.gst.errors import SourceError
from aes67_sender.model.capture import Block, DeviceCapture
from aes67_sender.monotonic import monotonic_ns
from support import pulse as pulse_server
from support.gstlab import no_thread_left

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aes67_sender.model.capture import AudioDevice, DeviceKind
    from support.pulse import Pulse

pytestmark = [pytest.mark.gst, pytest.mark.usefixtures("no_thread_left")]
__all__ = ["no_thread_left"]
RATE_HZ = 48_000


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    if why := pulse_server.missing():
        pytest.skip(why)
    with pulse_server.server() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def needs(factory: str) -> None:
    runtime.load()
    if runtime.find(factory) is None:
        pytest.skip(f"{factory} is not installed")


def pull(capture: Capture) -> Block:
    block = capture.pull(5)
    assert block is not None
    return block


def hears(capture: Capture, level: float) -> bool:
    """Whether the wave is heard on every channel, as it was played, within a while."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        block = pull(capture)
        if np.abs(np.abs(block.samples).max(axis=0) - level).max() < 0.001:
            return True
    return False


def failure_of(spec: DeviceCapture) -> SourceError:
    capture = Capture(spec, None)
    try:
        capture.start(3)
    except SourceError as error:
        return error
    finally:
        capture.stop()
    raise AssertionError("it did not fail")


def pull_until_failure(capture: Capture) -> SourceError:
    deadline = time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            capture.pull(0.2)
    except SourceError as error:
        return error
    raise AssertionError("the device is gone and nobody noticed")


@pytest.mark.parametrize("device", ["studio.monitor", "OF STUDIO"])
def test_a_pulse_source_is_captured_with_its_time(pulse: Pulse, device: str) -> None:
    needs("pulsesrc")
    capture = Capture(DeviceCapture("pulse", 2, device), None)
    with pulse.square_wave("studio", 0.25):
        began_ns = monotonic_ns()
        capture.start(5)
        assert capture.live
        assert hears(capture, 0.25)
        blocks = [pull(capture) for _ in range(200)]
        capture.stop()
    assert {(block.rate_hz, block.samples.shape) for block in blocks} == {(RATE_HZ, (240, 2))}
    captured_ns = np.array([block.captured_ns for block in blocks], np.int64)
    assert began_ns - 10**9 < captured_ns[0]
    assert captured_ns[-1] <= monotonic_ns()
    # The server's clock is this machine's: blocks follow each other as their frames do.
    assert abs(np.median(np.diff(captured_ns)) - 5_000_000) < 100_000


def test_pulse_sources_are_listed_as_the_config_wants_them(pulse: Pulse) -> None:
    needs("pulsesrc")
    assert pulse.control("info")
    listed = {device.identity: device for device in list_devices("aes67-gst-nobody") if device.kind == "pulse"}
    assert set(listed) == {"studio.monitor", "wide.monitor"}
    studio: AudioDevice = listed["studio.monitor"]
    assert (studio.name, studio.monitor) == ("Monitor of Studio", True)
    assert studio.config == {"kind": "pulse", "device": "studio.monitor", "channels": 2}
    said = subprocess.run(
        [sys.executable, "-m", "aes67_sender", "devices"], capture_output=True, text=True, check=True
    ).stdout
    assert "Monitor of Studio (2 channels, what an output plays)" in said
    assert '{"kind": "pulse", "device": "studio.monitor", "channels": 2}' in said


def test_a_pulse_server_that_dies_is_a_failure_and_the_next_one_works(pulse: Pulse) -> None:
    needs("pulsesrc")
    spec = DeviceCapture("pulse", 2, "studio.monitor")
    capture = Capture(spec, None)
    capture.start(5)
    pull(capture)
    pulse.kill()
    error = pull_until_failure(capture)
    capture.stop()
    assert error.retryable
    assert str(error).startswith("The pulse device Monitor of Studio failed: ")
    gone = failure_of(spec)
    assert gone.retryable
    assert str(gone) == 'There is no pulse device "studio.monitor".'
    assert gone.hint == "It is tried again until it is there. There are no pulse devices at all now."
    pulse.start()
    capture = Capture(spec, None)
    capture.start(5)
    pull(capture)
    capture.stop()


def test_a_pulse_source_that_is_unplugged_is_a_failure_even_where_the_server_takes_another(pulse: Pulse) -> None:
    needs("pulsesrc")
    # Without this module the server ends the stream; with it, it goes on with another source.
    for rescue in (False, True):
        if rescue:
            pulse.control("load-module", "module-rescue-streams")
        number = pulse.control("load-module", "module-null-sink", "sink_name=usb").strip()
        capture = Capture(DeviceCapture("pulse", 2, "usb.monitor"), None)
        capture.start(5)
        pull(capture)
        pulse.control("unload-module", number)
        error = pull_until_failure(capture)
        capture.stop()
        assert error.retryable
        assert str(error).startswith("The pulse device Monitor of Null Output failed: ")


def test_a_name_that_several_have_or_none_is_told(pulse: Pulse) -> None:
    needs("pulsesrc")
    assert pulse.control("info")
    several = failure_of(DeviceCapture("pulse", 2, "monitor"))
    assert str(several) == '2 pulse devices have "monitor" in their names.'
    assert not several.retryable
    for device in ("studio.monitor", "wide.monitor"):
        assert device in several.hint
    none = failure_of(DeviceCapture("pulse", 2, "studio.moniter"))
    assert none.retryable
    assert "studio.monitor" in none.hint


def test_an_alsa_device_of_its_own_config_is_captured(
    pulse: Pulse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("alsasrc")
    # No kernel module: the device is PulseAudio's, behind ALSA's own interface. ALSA's null device has no pace.
    config = tmp_path / "asound.conf"
    config.write_text(
        '</usr/share/alsa/alsa.conf>\npcm.desk { type pulse; device "studio.monitor" }\nctl.desk { type pulse }\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    # ALSA reads its config once in a process, so this is one of its own.
    said = subprocess.run([sys.executable, "-c", _ALSA], capture_output=True, text=True, check=False)
    if "No such file" in said.stderr or "cannot open shared object" in said.stderr:
        pytest.skip("ALSA's plugin for PulseAudio is not installed")
    assert pulse.control("info")
    assert said.stdout.splitlines() == ["(240, 2) 48000 True", "retryable The alsa device gone failed"], said.stderr


_ALSA = """
from aes67_sender.gst.capture import Capture
from aes67_sender.gst.errors import SourceError
from aes67_sender.model.capture import DeviceCapture
from aes67_sender.monotonic import monotonic_ns
capture = Capture(DeviceCapture("alsa", 2, "desk"), None)
capture.start(5)
blocks = [capture.pull(5) for _ in range(50)]
block = blocks[-1]
print(block.samples.shape, block.rate_hz, 0 < monotonic_ns() - block.captured_ns < 2_000_000_000)
capture.stop()
capture = Capture(DeviceCapture("alsa", 2, "gone"), None)
try:
    capture.start(5)
except SourceError as error:
    print("retryable" if error.retryable else "", str(error).partition(":")[0])
"""


_PIPEWIRE = """
pipewire & first=$!
sleep 0.5
wireplumber & second=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; pw-cli ls Client | grep -q -i wireplumber && break; done
pw-cli create-node adapter '{ factory.name=support.null-audio-sink node.name=mic node.description="Studio Mic"
  media.class=Audio/Source/Virtual audio.position=[FL,FR] object.linger=true }'
sleep 0.5
"$PYTHON" -c "$PROGRAM" >&3
kill $second $first
wait
"""
_PIPEWIRE_PROGRAM = """
from aes67_sender.gst.capture import Capture
from aes67_sender.gst.devices import list_devices
from aes67_sender.model.capture import DeviceCapture
from aes67_sender.monotonic import monotonic_ns
print([device.config for device in list_devices("aes67-gst-nobody") if device.kind == "pipewire"])
for name in ("mic", "STUDIO"):
    capture = Capture(DeviceCapture("pipewire", 2, name), None)
    capture.start(5)
    block = [capture.pull(5) for _ in range(30)][-1]
    print(block.samples.shape[1], block.rate_hz, 0 < monotonic_ns() - block.captured_ns < 2_000_000_000)
    capture.stop()
"""


def test_a_pipewire_source_is_listed_and_captured(tmp_path: Path) -> None:
    needs("pipewiresrc")
    if missing := [
        tool for tool in ("pipewire", "wireplumber", "pw-cli", "dbus-run-session") if not shutil.which(tool)
    ]:
        pytest.skip(f"{' and '.join(missing)} not installed")
    # A short path for the socket, and no server of the user's own.
    with tempfile.TemporaryDirectory(prefix="aes67-pw-") as folder:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PIPEWIRE")} | {
            "XDG_RUNTIME_DIR": folder,
            "HOME": str(tmp_path),
            "PYTHON": sys.executable,
            "PROGRAM": _PIPEWIRE_PROGRAM,
        }
        command = ["dbus-run-session", "--", "sh", "-c", f"exec 3>{tmp_path}/said; {_PIPEWIRE}"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (tmp_path / "said").read_text().splitlines() == [
        "[{'kind': 'pipewire', 'device': 'mic', 'channels': 2}]",
        "2 48000 True",
        "2 48000 True",
    ], ran.stderr


def test_kinds_of_other_systems_say_so() -> None:
    runtime.load()
    kinds: tuple[DeviceKind, ...] = ("wasapi", "wasapi-loopback", "asio", "coreaudio")
    for kind in kinds:
        error = failure_of(DeviceCapture(kind, 2))
        system = "macOS" if kind == "coreaudio" else "Windows"
        assert str(error) == f'Sources of kind "{kind}" exist on {system} only, and this is Linux.'
        assert error.hint == 'Use "alsa" or "pulse" or "pipewire" here.'
        assert not error.retryable
