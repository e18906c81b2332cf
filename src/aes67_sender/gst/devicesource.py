"""A sound device as a source. Which element captures it, and how, is data: see ``devicekinds``."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError
from aes67_sender.gst import graphs, runtime
from aes67_sender.gst.binding import Gst
from aes67_sender.gst.bounded import bounded
from aes67_sender.gst.devicekinds import KINDS, system_name
from aes67_sender.gst.devices import FoundDevice, choose_device, find_devices
from aes67_sender.gst.errors import DeviceError, SourceError
from aes67_sender.gst.failures import Failure
from aes67_sender.gst.sources import CountedFrames
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.gst.pipeline import Pipeline
    from aes67_sender.model.capture import DeviceCapture

_SILENCE_NS: Final = 2 * NS_PER_S
_LOOK_TIMEOUT_S: Final = 3.0
_AGAIN: Final = "It is tried again until it is there."
#: A driver that hangs answers nobody, and must not collect threads.
_looking: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Chosen:
    """``label`` is for sentences; ``found`` is ``None`` where nobody lists the device."""

    label: str
    found: FoundDevice | None = None
    value: str | int | None = None


class DeviceSource:
    """A device of the operating system. Its stamps count frames; the time is that of their arrival."""

    media_clock = None
    notes: tuple[str, ...] = ()

    def __init__(self, spec: DeviceCapture) -> None:
        self._spec = spec
        self._kind = KINDS[spec.kind]
        self._counted = CountedFrames()
        self._chosen = _Chosen(f"The default {spec.kind} device")
        self._heard_ns = 0
        self.channels = spec.channels

    def install(self, pipeline: Pipeline, timeout_s: float) -> Gst.Element:
        """Find the device and add its element."""
        self._check_system()
        self._chosen = self._choose(timeout_s)
        end = pipeline.add_chain(graphs.device_head(self._spec, self._chosen.value))
        made = pipeline.find(self._spec.kind)
        pad = made.get_static_pad("src")
        if pad is not None:
            pad.add_probe(Gst.PadProbeType.BUFFER, self._note)
        if self._spec.kind == "pulse" and self._chosen.value is not None:
            pipeline.connect(made, "notify::current-device", self._check_moved(pipeline))
        return end

    def _check_system(self) -> None:
        if sys.platform != self._kind.system and runtime.find(self._kind.factory) is None:
            here, there = system_name(sys.platform), system_name(self._kind.system)
            mine = " or ".join(f'"{kind}"' for kind, each in KINDS.items() if each.system == sys.platform)
            raise DeviceError(
                f'Sources of kind "{self._spec.kind}" exist on {there} only, and this is {here}.',
                hint=f"Use {mine or 'another kind'} here.",
                retryable=False,
            )
        if runtime.find(self._kind.factory) is None:
            raise MachineError(f"GStreamer lacks the element {self._kind.factory}.", hint=self._kind.remedy)

    def _choose(self, timeout_s: float) -> _Chosen:
        wanted, kind = self._spec.device, self._spec.kind
        if wanted is None:
            return self._chosen
        found = self._look(min(timeout_s, _LOOK_TIMEOUT_S))
        if found is None:
            raise DeviceError(f"The {kind} devices could not be listed in time.", hint=_AGAIN)
        device = choose_device(wanted, found, kind)
        if device is not None:
            return _Chosen(f"The {kind} device {device.name}", device, device.value)
        # ALSA also knows devices that are no cards, from its own config.
        return _Chosen(f"The alsa device {wanted}", value=wanted)

    def _look(self, timeout_s: float) -> tuple[FoundDevice, ...] | None:
        return bounded(lambda: find_devices(self._spec.kind), timeout_s, _looking)

    def _check_moved(self, pipeline: Pipeline) -> Callable[[Gst.Element, object], None]:
        def check(made: Gst.Element, _property: object) -> None:
            """PulseAudio goes on with another device when one is pulled, whatever that hears."""
            current = made.get_property("current-device")
            if current not in (None, "", self._chosen.value):
                pipeline.fail(Failure("It is gone.", _AGAIN))

        return check

    def _note(self, pad: Gst.Pad, info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        """Runs in the streaming thread, as soon as the device gave a buffer."""
        buffer = info.get_buffer()
        now_ns = self._heard_ns = monotonic_ns()
        if buffer is not None:
            self._counted.note(pad, buffer, now_ns)
        return Gst.PadProbeReturn.OK

    def started(self, pipeline: Pipeline, timeout_s: float) -> None:  # noqa: ARG002  the protocol's
        """From now on it must deliver."""
        self._heard_ns = max(self._heard_ns, monotonic_ns())

    def captured_ns(self, pts_ns: int) -> int | None:
        """From the time line."""
        return self._counted.captured_ns(pts_ns)

    def check(self) -> None:
        """Raise SourceError when a card has been silent for two seconds, or what may be silent is gone."""
        if not self._heard_ns or monotonic_ns() - self._heard_ns < _SILENCE_NS:
            return
        if self._kind.hardware:
            raise DeviceError(f"{self._chosen.label} has stopped delivering.", hint=_AGAIN)
        self._heard_ns = monotonic_ns()
        found = self._look(_LOOK_TIMEOUT_S)
        there = {device.identity for device in found or ()}
        known = self._chosen.found
        if found is not None and (not found if known is None else known.identity not in there):
            raise DeviceError(f"{self._chosen.label} is gone.", hint=_AGAIN)

    def explain(self, error: SourceError) -> SourceError:
        """Which device it was that failed, and what it would have to be asked for."""
        found = self._chosen.found
        if isinstance(error, DeviceError):
            return error
        if error.retryable:
            return DeviceError(f"{self._chosen.label} failed: {error}", hint=error.hint or _AGAIN)
        if found is not None and found.channels != self._spec.channels:
            has = f"{found.channels} channel{'s' * (found.channels != 1)}"
            return DeviceError(
                f"{self._chosen.label} does not give {self._spec.channels} channels; it has {has}.",
                hint=f'Write "channels": {found.channels}.',
                retryable=False,
            )
        return error

    def stopping(self) -> None:
        """Nothing to do."""

    def close(self, *, stopped: bool) -> None:
        """Nothing to release."""
