"""Real devices: what the wizard's meters show of them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from aes67_sender.wizard.probe import DeviceProbe
from support import pulse
from support.jack import JackServer
from support.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[pulse.Pulse]:
    if why := pulse.missing():
        pytest.skip(why)
    with pulse.server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


def wait_for(condition: Callable[[], object]) -> None:
    until_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_one_sees_which_device_is_alive_and_which_fails(sound: pulse.Pulse) -> None:
    with sound.square_wave("studio", 0.1):
        probe = DeviceProbe()
        try:
            numbers = {device.identity: number for number, device in enumerate(probe.devices(30))}
            loud, still = numbers["studio.monitor"], numbers["wide.monitor"]
            probe.listen()
            # A square wave of a tenth of full scale.
            wait_for(lambda: probe.reading(loud).peaks_dbfs == (-20.0, -20.0))
            wait_for(lambda: probe.reading(still).state == "open")
            assert set(probe.reading(still).peaks_dbfs) <= {-144.0}
            sound.kill()
            wait_for(lambda: probe.reading(loud).state == "failed")
            assert probe.reading(loud).why
        finally:
            probe.close()


def test_jack_clients_have_meters_and_are_left_alone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JackServer(tmp_path) as jack:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER", "JACK_NO_AUDIO_RESERVATION"):
            monkeypatch.setenv(name, jack.environment[name])
        probe = DeviceProbe()
        try:
            devices = probe.devices(30)
            number = next(number for number, device in enumerate(devices) if device.identity == "system")
            probe.listen()
            wait_for(lambda: probe.reading(number).state == "open")
            wait_for(lambda: probe.reading(number).peaks_dbfs)
        finally:
            probe.close()
        # The server is as it was: another client is served.
        after = DeviceProbe()
        try:
            assert [device.identity for device in after.devices(30) if device.kind == "jack"] == ["system"]
        finally:
            after.close()


def test_the_meters_move_in_the_list_of_sources(sound: pulse.Pulse, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aes67_sender", "configure", "--interface", "lo", "--listen", "0"]
    given = ["--profile", "dante", "--clock", "free-run"]
    with Terminal([*command, *given], tmp_path, within_s=60) as user:
        assert "Monitor of Studio" in user.see("? Where does the sound come from?", "Monitor of Studio", "-∞")
        with sound.square_wave("studio", 0.1):
            line = next(line for line in user.see("-20.0").splitlines() if "-20.0" in line)
            assert "Monitor of Studio" in line
            assert "▅▅" in line
        user.see(gone="-20.0")
        sound.kill()
        user.see("cannot be opened")
        # It goes on all the same.
        user.choose("Where does the sound come from?", "end")
        user.see("✓ Where does the sound come from: Test tone", "? How many channels of it")
        user.press("ctrl-c")
        assert user.end() == 130
