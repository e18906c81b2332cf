"""JACK as a source: jackaudiosrc for the sound, and a second connection for names, wires and time.

When a captured frame was sampled
---------------------------------
Buffers are stamped by frame count (``slave-method=none``), so that the stream is even, and a ``Timeline`` keeps the
monotonic time of each stamp. Scatter of the capture time about a straight line, measured with jackd's dummy driver,
256 frames, 10 s, on a quiet machine:

* ``skew``, and ``resample`` which is the same code: no use. They count segments of running time in 32 bits, which
  overflow with PTP time; a system clock was already enough to make the first block jump by 1.1e8 frames.
* ``re-timestamp``: 56 us rms, 1.4 ms at worst; a thread that is late stamps late.
* ``none``, with JACK's own cycle times: 8 us rms, but on a busy machine late by 100 us for seconds, and after a stall
  wrong by milliseconds; a rate taken from them was 30 ppm off.
* ``none``, with the earliest of the server's wake-ups of half a second: none of that; a rate was 1 ppm off after ten
  seconds in a run with nine xruns.

The time is that at which JACK delivered the frame; converters and cables before it are not taken off.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from aes67_sender.gst import graphs
from aes67_sender.gst.binding import Gst, GstAudio
from aes67_sender.gst.bounded import bounded
from aes67_sender.gst.errors import SourceError
from aes67_sender.gst.jack import JackControl, let_libjack_finish, short_port_names
from aes67_sender.gst.jacktimer import FrameTimer, JackReading
from aes67_sender.gst.jackwires import PatchBay
from aes67_sender.gst.timeline import Timeline
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.gst.pipeline import Pipeline
    from aes67_sender.model.capture import JackCapture

_CLOSE_TIMEOUT_S: Final = 2.0
#: JACK runs in cycles of a few ms; a server that is silent for longer hangs, or its device is gone.
_SILENCE_NS: Final = 2 * NS_PER_S
#: How long a reading that looks like a loss is made again: so that our client has had its turn in JACK's cycle.
_ODD_NS: Final = 2 * NS_PER_MS
_ODD_SLEEP_S: Final = 0.00025
_numbers = itertools.count(1)
#: A server that hangs answers no client, and libjack lets no second one ask meanwhile.
_opening = threading.Lock()


class JackSource:
    """Ports of a JACK client."""

    media_clock = None

    def __init__(self, spec: JackCapture) -> None:
        self._spec = spec
        self._control: JackControl | None = None
        self._given_up = False
        self._timer: FrameTimer | None = None
        self._timeline = Timeline()
        self._ring: GstAudio.AudioRingBuffer | None = None
        self._patch_bay: PatchBay | None = None
        self._heard_ns = 0
        self._rate_hz = 0
        self._period_frames = 0
        # Ports are called in_<element>_<n> until they are renamed: the element's name must be like no other's.
        self._element = f"aes67-{os.getpid()}-{next(_numbers)}"
        self.channels = spec.channels
        self._unnamed: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be named or connected, as of now."""
        return (*self._unnamed, *(self._patch_bay.notes if self._patch_bay is not None else ()))

    def install(self, pipeline: Pipeline, timeout_s: float) -> Gst.Element:
        """Connect to the server, which tells clearly when there is none, and add the client."""
        self._control = bounded(self._connect, timeout_s, _opening)
        if self._control is None:
            self._given_up = True
            raise SourceError("The JACK server does not answer.", hint="Restart the JACK server.")
        self._rate_hz, self._period_frames = self._control.rate_hz, self._control.period_frames
        self._timer = FrameTimer(self._rate_hz, self._period_frames)
        end = pipeline.add_chain(graphs.jack_head(self._spec, self._element))
        pad = pipeline.find(self._element).get_static_pad("src")
        if pad is not None:
            pad.add_probe(Gst.PadProbeType.BUFFER, self._note)
        return end

    def _connect(self) -> JackControl:
        control = JackControl(f"{self._spec.client_name}-clock", self._spec.server_name)
        if self._given_up:
            # The server has come to life again, and nobody else would leave it.
            control.close()
        return control

    def started(self, pipeline: Pipeline, timeout_s: float) -> None:
        """Name the ports and connect them."""
        control = self._control
        if control is not None:
            deadline_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
            if bounded(lambda: self._arrange(control, pipeline, deadline_ns), timeout_s + 1) is None:
                raise SourceError("The JACK server does not answer.", hint="Restart the JACK server.")
            if self._patch_bay is not None and self._spec.connect:
                self._patch_bay.watch()
            self._heard_ns = monotonic_ns()

    def _arrange(self, control: JackControl, pipeline: Pipeline, deadline_ns: int) -> bool:
        # The ports are made by the streaming thread when it knows how many, a little after PLAYING.
        while len(ports := self._own_ports(control)) < self.channels:
            pipeline.raise_failure()
            if monotonic_ns() > deadline_ns:
                raise SourceError("JACK did not make the ports that were asked for.", hint="Look at JACK's own log.")
            time.sleep(0.01)
        names = short_port_names(self._spec.port_names, self.channels)
        inputs: list[str] = []
        unnamed: list[str] = []
        for port, name in zip(ports, names, strict=True):
            renamed = control.rename(port, name)
            inputs.append(f"{port.rpartition(':')[0]}:{name}" if renamed else port)
            if not renamed:
                unnamed.append(f"The JACK port {port} could not be named {name}.")
        self._unnamed = tuple(unnamed)
        patch_bay = PatchBay(control, self._spec.connect, inputs)
        patch_bay.connect()
        self._patch_bay = patch_bay
        return True

    def _own_ports(self, control: JackControl) -> list[str]:
        return [port for port in control.input_ports() if f":in_{self._element}_" in port]

    def _note(self, pad: Gst.Pad, info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        """Runs in the streaming thread, as soon as a period was read from the ring."""
        buffer, timer = info.get_buffer(), self._timer
        self._heard_ns = monotonic_ns()
        if self._ring is None and isinstance(made := pad.get_parent_element(), GstAudio.AudioBaseSrc):
            self._ring = made.ringbuffer
        if buffer is not None and timer is not None:
            reading = self._read()
            until_ns = self._heard_ns + _ODD_NS
            while reading is not None and timer.is_odd(reading) and monotonic_ns() < until_ns:
                time.sleep(_ODD_SLEEP_S)
                reading = self._read()
            if reading is not None:
                timer.add(reading)
            if timer.lost_before(buffer.offset):
                buffer.set_flags(Gst.BufferFlags.DISCONT)
            captured_ns = timer.captured_ns(buffer.offset)
            if captured_ns is not None:
                self._timeline.add(buffer.pts, captured_ns)
        return Gst.PadProbeReturn.OK

    def _read(self) -> JackReading | None:
        """Ring and server at one moment; ``None`` while one of them moves, or the server is gone."""
        control, ring = self._control, self._ring
        if control is None or ring is None:
            return None
        done_frames = ring.samples_done()
        cycle = control.cycle()
        if cycle is None or ring.samples_done() != done_frames:
            return None
        return JackReading(monotonic_ns(), done_frames, cycle.frame, cycle.woken_ns, cycle.xrun_mark)

    def captured_ns(self, pts_ns: int) -> int | None:
        """From the time line."""
        return self._timeline.monotonic_at(pts_ns)

    def check(self) -> None:
        """Raise SourceError when JACK has not run for two seconds."""
        if self._heard_ns and monotonic_ns() - self._heard_ns > _SILENCE_NS:
            raise SourceError("The JACK server has stopped delivering.", hint="Restart the JACK server.")

    def explain(self, error: SourceError) -> SourceError:
        """A server that changes its period throws jackaudiosrc out, which takes that for the server's end."""
        control = self._control
        if control is not None and (control.rate_hz, control.period_frames) != (self._rate_hz, self._period_frames):
            return SourceError(
                "The JACK server has changed its buffer size or sample rate.",
                hint="The sender connects anew by itself.",
            )
        return error

    def stopping(self) -> None:
        """Be sure that nothing is going on in jackaudiosrc's client, which cannot be asked, when it is closed."""
        if self._patch_bay is not None:
            self._patch_bay.stop()
        if self._control is not None:
            let_libjack_finish()

    def close(self, *, stopped: bool) -> None:
        """Leave the server. After a pipeline that would not stop, its probe may still need the connection."""
        control, self._control, self._ring = self._control, None, None
        if control is not None and stopped:
            bounded(lambda: self._leave(control), _CLOSE_TIMEOUT_S)

    def _leave(self, control: JackControl) -> None:
        if self._patch_bay is not None:
            self._patch_bay.join()
        control.close()
