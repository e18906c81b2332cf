"""A real PulseAudio server without a sound card: sinks whose monitors are sources, and a player of a known tone."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def missing() -> str:
    """Why there can be no server here; empty when there can."""
    tools = [tool for tool in ("pulseaudio", "pactl") if shutil.which(tool) is None]
    return f"{' and '.join(tools)} not installed" if tools else ""


class Pulse:
    """A server of its own; ``environment`` leads clients to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "native"
        self._server: subprocess.Popen[bytes] | None = None
        self.environment = {
            "PULSE_SERVER": f"unix:{self._socket}",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
        }

    def start(self) -> None:
        """Start the server with the sinks "studio" (2 channels) and "wide" (4)."""
        modules = (
            f"module-native-protocol-unix socket={self._socket} auth-anonymous=1",
            "module-null-sink sink_name=studio rate=48000 channels=2 sink_properties=device.description=Studio",
            "module-null-sink sink_name=wide rate=48000 channels=4 sink_properties=device.description=Wide",
        )
        options = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--use-pid-file=no")
        command = ["pulseaudio", *options, *(f"--load={module}" for module in modules)]
        with (self._folder / "pulse.log").open("ab") as log:
            self._server = subprocess.Popen(command, env=os.environ | self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while "wide.monitor" not in self.control("list", "short", "sources"):
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise TimeoutError((self._folder / "pulse.log").read_text(errors="replace"))
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self._socket.unlink(missing_ok=True)

    def control(self, *command: str) -> str:
        """Run ``pactl``; returns what it says."""
        environment = os.environ | self.environment
        return subprocess.run(["pactl", *command], env=environment, capture_output=True, text=True, check=False).stdout

    @contextlib.contextmanager
    def square_wave(self, sink: str, level: float) -> Iterator[None]:
        """Play on both channels of a sink."""
        wave = f"audiotestsrc wave=square volume={level} is-live=true ! audio/x-raw,rate=48000,channels=1"
        sound = f"{wave} ! pulsesink device={sink}"
        environment = os.environ | self.environment
        with subprocess.Popen(["gst-launch-1.0", "-q", *sound.split()], env=environment) as player:
            try:
                yield
            finally:
                player.terminate()


@contextlib.contextmanager
def server() -> Iterator[Pulse]:
    """A running server."""
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="aes67-pulse-") as folder:
        pulse = Pulse(Path(folder))
        try:
            pulse.start()
            yield pulse
        finally:
            pulse.kill()
