"""A real JACK server without a sound card, and a client that plays a known signal into ports of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from support.jack_player import PLAYING
from support.process import LoggedProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PLAYER: Final = (sys.executable, "-m", "support.jack_player")


class JackServer:
    """``jackd -d dummy``; its clients need ``environment``. Can be killed and started again under the same name."""

    def __init__(self, directory: Path, *, rate_hz: int = 48_000, period_frames: int = 256) -> None:
        # Always the same: JACK remembers eight servers, and forgets a killed one only when its name is used again.
        self.name = "aes67-lab"
        self._directory = directory
        self._rate_hz = rate_hz
        self._period_frames = period_frames
        self._process: LoggedProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.stop()
        # A server that was killed leaves these; JACK never removes those of a name that does not come back.
        for pattern in (f"jack_sem.*_{self.name}_*", f"jack_{self.name}_*"):
            for file in Path("/dev/shm").glob(pattern):  # noqa: S108  where JACK puts them
                file.unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a client, the sender included, needs to find this server and no other."""
        own = {"JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
        return {**os.environ, **own}

    def start(self, period_frames: int | None = None) -> None:
        """Start it, also again after ``kill``, or with another period; returns when clients can connect."""
        self._period_frames = period_frames or self._period_frames
        # As studios run it: else the dummy driver wakes up to 50 us late, for seconds. Behind the sender.
        command = ["jackd", "--realtime", "--realtime-priority", "10", "--no-mlock", "--name", self.name]
        command += ["-d", "dummy", "--rate", str(self._rate_hz), "--period", str(self._period_frames)]
        self._process = LoggedProcess(command, self._directory / "jackd.log", environment=self.environment)
        probe = [*_PLAYER, "--name", "probe", "--within-s", "15"]
        done = subprocess.run(probe, env=_with_support(self.environment), capture_output=True, text=True, check=False)
        if done.returncode:
            tail = self._process.tail()
            self._process.kill()
            raise AssertionError(f"jackd takes no clients: {done.stderr}\n{tail}")

    def kill(self) -> None:
        """End it as a crash would; it leaves its clients and its shared memory behind."""
        if self._process:
            self._process.kill()

    def freeze(self, seconds: float) -> None:
        """Let it stand still for a while: an xrun of that length."""
        assert self._process
        self._process.popen.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.popen.send_signal(signal.SIGCONT)

    def click(self, port: str, *, tone: bool = False, name: str = "clicker") -> LoggedProcess:
        """Click into a port, or play a low tone; see ``support.jack_clicker``. Ends by itself when the server dies."""
        command = [sys.executable, "-m", "support.jack_clicker", port, *(("--tone",) if tone else ())]
        return LoggedProcess(command, self._directory / f"{name}.log", environment=_with_support(self.environment))

    def play(self, ports: Sequence[str], *, name: str = "player") -> LoggedProcess:
        """Play counter content (``support.content``), channel n into the n-th port; connects again when ports return.

        Ports need not be there yet: use ``wait_until_connected``. Ends by itself when the server dies.
        """
        log = self._directory / f"jack-{name}.log"
        command = [*_PLAYER, "--name", name, "--to", *ports]
        return LoggedProcess(command, log, environment=_with_support(self.environment))


def wait_until_connected(player: LoggedProcess, within_s: float = 20) -> None:
    """Wait until a player has connected all its ports once."""
    player.wait_for(PLAYING, within_s)


def _with_support(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
