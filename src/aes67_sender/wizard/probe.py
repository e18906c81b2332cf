"""The other end of ``meters``: devices and what they deliver, whatever their drivers do."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from aes67_sender.model.capture import AudioDevice
from aes67_sender.model.levels import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND: Final = (sys.executable, "-m", "aes67_sender.wizard.meters")
#: A machine on which more drivers than this crash gets no levels.
_MOST_STARTS: Final = 5
_END_S: Final = 2.5
_CRASHED: Final = "Its driver crashed when it was opened."


class DeviceProbe:
    """Starts to look for devices at once. Any thread; close it before somebody else is to open them."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = tuple(command)
        self._listed = threading.Event()
        self._lock = threading.Lock()
        self._devices: tuple[AudioDevice, ...] = ()
        self._readings: tuple[Reading, ...] = ()
        self._crashed: set[int] = set()
        self._opening: int | None = None
        self._metering = self._closed = False
        self.why = ""
        self._process = self._start()
        self._thread = threading.Thread(target=self._read, name="devices", daemon=True)
        self._thread.start()

    def devices(self, timeout_s: float) -> tuple[AudioDevice, ...]:
        """All devices; waits until they are listed. ``why`` says why there is none, if that is known."""
        if not self._listed.wait(timeout_s):
            self.why = "The sound devices could not be listed in time: a driver hangs."
        return self._devices

    def listen(self) -> None:
        """Open all devices; from then on there are readings."""
        with self._lock:
            self._metering = True
            self._send_go()

    def reading(self, number: int) -> Reading:
        """What the device of this number in the list delivers now."""
        if number in self._crashed:
            return Reading("failed", why=_CRASHED)
        readings = self._readings
        return readings[number] if number < len(readings) else Reading("waiting")

    def close(self) -> None:
        """Give all devices back; within a few seconds. Safe to call twice."""
        with self._lock:
            self._closed = True
            process = self._process
            with contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._thread.join(_END_S)
        if process.stdout is not None:
            process.stdout.close()

    def _start(self) -> subprocess.Popen[bytes]:
        numbers = [str(number) for number in sorted(self._crashed)]
        # In a group of its own, so that Ctrl-C does not reach it.
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        return subprocess.Popen(  # noqa: S603  our own program
            [*self._command, *numbers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **options,
        )

    def _send_go(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(b"go\n")
                self._process.stdin.flush()

    def _read(self) -> None:
        for _ in range(_MOST_STARTS):
            self._read_one()
            with self._lock:
                if self._closed or not self._blame():
                    break
                self._again()
        self._listed.set()

    def _read_one(self) -> None:
        process = self._process
        for line in process.stdout or ():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._take(json.loads(line))
        process.wait()

    def _take(self, told: dict[str, Any]) -> None:
        if "opening" in told:
            self._opening = told["opening"]
            return
        if "readings" in told:
            listed: list[dict[str, Any]] = told["readings"]
            self._readings = tuple(Reading(each["state"], tuple(each["peaks_dbfs"]), each["why"]) for each in listed)
            return
        self.why = told.get("why", "")
        found: list[dict[str, Any]] = told["devices"]
        self._devices = tuple(AudioDevice(**{**each, "rates_hz": tuple(each["rates_hz"])}) for each in found)
        self._listed.set()

    def _blame(self) -> bool:
        """Which device was opened last when the process died; whether it is worth while to start it again."""
        code = self._process.returncode
        opening, self._opening, self._readings = self._opening, None, ()
        if opening is not None:
            self._crashed.add(opening)
        if not self._devices:
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
            self.why = self.why or f"The search for sound devices ended {how}: a driver crashed."
        return opening is not None

    def _again(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = self._start()
        if self._metering:
            self._send_go()
