"""A process that lists the sound devices and tells what each delivers: ``python -m aes67_sender.wizard.meters``.

A process of its own, because drivers crash and hang: the one who asks goes on then. On standard output, a JSON line
``{"devices": […]}``; when a line comes on standard input, ``{"opening": number}`` before each is opened, and ten times
a second ``{"readings": […]}`` of all. Ends when standard input ends. Arguments: numbers of devices to leave alone,
because an earlier process died of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from aes67_sender.config.sources import SilenceSource, SourceSettings, ToneSource
from aes67_sender.engine.assembly import capture_spec
from aes67_sender.engine.sources.levels import Levels
from aes67_sender.errors import SenderError
from aes67_sender.gst.capture import Capture
from aes67_sender.gst.devices import list_devices
from aes67_sender.gst.errors import SourceError
from aes67_sender.model.levels import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.capture import AudioDevice, CaptureSpec

_EVERY_S: Final = 0.1
_START_S: Final = 4.0
_AGAIN_S: Final = 3.0
_JOIN_S: Final = 1.0
#: Kinds of which a second one can be in the way of the first, and how long each has its turn.
_TURNS: Final = {"asio": 1.5}
#: A sound server that finds its card taken is silent; a card that the server has says so. So the server comes first.
_ORDER: Final = ("jack", "pipewire", "pulse")
_CLIENT: Final = "aes67-sender-levels"
_telling: Final = threading.Lock()


class Meter:
    """Listens to one device, in a thread, until ``stop`` is set."""

    def __init__(self, number: int, device: AudioDevice, stop: threading.Event) -> None:
        self._number = number
        self._device = device
        self._stop = stop
        self._lock = threading.Lock()
        self._reading = Reading("waiting")
        self._levels: Levels | None = None

    def listen(self, opening: threading.Lock, turn_s: float | None) -> bool:
        """Capture until the end, or for one turn; ``opening`` is held while the device is opened.

        Returns:
            Whether it makes sense to try again.
        """
        try:
            capture = Capture(_spec(self._device), None)
            with opening:
                if self._stop.is_set():
                    return False
                self._say(Reading("opening"))
                # At once: it may be the last word of this process.
                _tell({"opening": self._number})
                capture.start(_START_S)
        except (SenderError, ValidationError) as refused:
            self._say(Reading("failed", why=_sentence(refused)))
            return isinstance(refused, SourceError) and refused.retryable
        try:
            self._pull(capture, turn_s)
        except SenderError as lost:
            self._say(Reading("failed", why=_sentence(lost)))
        finally:
            capture.stop()
        return True

    def reading(self) -> Reading:
        """The levels since the last call."""
        with self._lock:
            levels, self._levels = self._levels, None
            if levels is not None:
                self._reading = Reading("open", levels.peaks_dbfs())
            return self._reading

    def _pull(self, capture: Capture, turn_s: float | None) -> None:
        blocks_left = None if turn_s is None else round(turn_s / _EVERY_S)
        self._say(Reading("open"))
        while not self._stop.is_set() and blocks_left != 0:
            blocks_left = None if blocks_left is None else blocks_left - 1
            block = capture.pull(_EVERY_S)
            if block is None:
                continue
            with self._lock:
                self._levels = self._levels or Levels(capture.channels)
                self._levels.add(block.samples)

    def _say(self, reading: Reading) -> None:
        with self._lock:
            self._reading, self._levels = reading, None


def _spec(device: AudioDevice) -> CaptureSpec:
    more = {"client_name": _CLIENT} if device.kind == "jack" else {}
    adapter: TypeAdapter[SourceSettings] = TypeAdapter(SourceSettings)
    source = adapter.validate_python({"id": "probe", **device.config, **more})
    if isinstance(source, ToneSource | SilenceSource):
        raise SourceError("It is no device.")
    return capture_spec(source)


def _sentence(refused: Exception) -> str:
    if isinstance(refused, ValidationError):
        return "It has more channels than a source may have."
    hint = getattr(refused, "hint", "")
    return f"{refused} {hint}".strip()


def _run(devices: Sequence[AudioDevice], skip: set[int], stop: threading.Event) -> None:
    """Open all devices but those to skip, and tell their levels until ``stop``."""
    meters = [Meter(number, device, stop) for number, device in enumerate(devices)]
    order = sorted(range(len(devices)), key=lambda number: _place(devices[number]))
    opening = threading.Lock()
    groups: dict[str, list[Meter]] = {}
    for number in order:
        if number not in skip:
            kind = devices[number].kind
            groups.setdefault(kind if kind in _TURNS else str(number), []).append(meters[number])
    threads = [
        threading.Thread(target=_listen_in_turn, args=(group, opening, stop, _TURNS.get(kind)), daemon=True)
        for kind, group in groups.items()
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(_EVERY_S):
        _tell({"readings": [asdict(meter.reading()) for meter in meters]})
    for thread in threads:
        thread.join(_JOIN_S)


def _listen_in_turn(
    meters: Sequence[Meter], opening: threading.Lock, stop: threading.Event, turn_s: float | None
) -> None:
    """Until none of them can be had; without turns there is one only."""
    while not stop.is_set() and sum(meter.listen(opening, turn_s) for meter in meters):
        stop.wait(_AGAIN_S if turn_s is None else _EVERY_S)


def _place(device: AudioDevice) -> int:
    return _ORDER.index(device.kind) if device.kind in _ORDER else len(_ORDER)


def _tell(what: dict[str, object]) -> None:
    with _telling:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Run; see the module."""
    stop = threading.Event()
    try:
        devices = list_devices()
    except SenderError as error:
        _tell({"devices": [], "why": _sentence(error)})
        return
    _tell({"devices": [asdict(device) for device in devices]})
    if not sys.stdin.readline():
        return

    def wait_for_the_end() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    _run(devices, {int(number) for number in arguments}, stop)


if __name__ == "__main__":
    # Ctrl-C is for who asks, and the closed pipe tells of it.
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(sys.argv[1:])
    # A driver's thread that hangs must not keep the process.
    os._exit(0)
