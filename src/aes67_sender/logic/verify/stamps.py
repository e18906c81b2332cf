"""RTP timestamps and payload sizes: every stamp must be the one before plus the samples of a packet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.logic.verify.findings import Finding
from aes67_sender.model.packet import BYTES_PER_SAMPLE, MAX_PAYLOAD_BYTES, PACKET_TIMES_US
from aes67_sender.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.verify.expectation import Expectation, StreamFormat
    from aes67_sender.logic.verify.packets import Packets, Steps

_NEIGHBOURS: Final = 1000
#: So much of the packets with another step is how the sender works, not an accident.
_HABIT: Final = 0.2
_NEARLY_ALL: Final = 0.95
_MOST_KINDS: Final = 16


class StampJudge:
    """Fed with one sender's packets."""

    def __init__(self, stream: StreamFormat, expected: Expectation | None) -> None:
        self._stream = stream
        self._expected = expected
        self._steps: Counter[int] = Counter()
        self._checked = 0
        self._wrong = 0
        self._worst = 0
        self._sizes: Counter[int] = Counter()

    def add(self, packets: Packets, steps: Steps) -> None:
        """Some packets, and the steps to them."""
        self._sizes.update(packets.payload_bytes.tolist())
        near = (np.abs(steps.sequence) < _NEIGHBOURS) & (steps.sequence != 0)
        sequence, stamp = steps.sequence[near], steps.stamp[near]
        error = stamp - sequence * self._stream.frames
        self._checked += error.size
        wrong = np.flatnonzero(error)
        if wrong.size:
            self._wrong += wrong.size
            worst = int(error[wrong[np.argmax(np.abs(error[wrong]))]])
            self._worst = worst if abs(worst) > abs(self._worst) else self._worst
        self._steps.update(stamp[sequence == 1].tolist())
        for counter in (self._sizes, self._steps):
            if len(counter) > 2 * _MOST_KINDS:
                kept = counter.most_common(_MOST_KINDS)
                counter.clear()
                counter.update(dict(kept))

    def findings(self) -> Iterator[Finding]:
        """The verdicts."""
        if not self._sizes:
            return
        yield self._continuity()
        yield self._size()
        if self._expected:
            yield self._packet_time(self._expected)

    def _continuity(self) -> Finding:
        frames = self._stream.frames
        usual, times = self._steps.most_common(1)[0] if self._steps else (frames, 0)
        figures = {"usual_step_frames": usual, "wrong_steps": self._wrong, "largest_error_frames": self._worst}
        if not self._wrong:
            text = f"Every stamp is the one before plus {frames} samples."
            return Finding("stamps", "Stamps", "pass", text, figures=figures)
        if usual != frames and times > _NEARLY_ALL * self._checked:
            text = f"Stamps advance by {usual} samples, the packets hold {frames} by the SDP."
            hint = "Packet time or sampling rate is not what the SDP says."
        elif self._wrong > _HABIT * self._checked:
            text = (
                f"{self._wrong} of {self._checked} stamps do not follow the one before, by up to {self._worst} samples."
            )
            hint = "The sender stamps packets with the time of sending; it must count samples."
        else:
            text = f"Stamps jumped {self._wrong} times, by up to {self._worst} samples."
            hint = "The sender changed its clock or was re-started; each jump is a click."
        return Finding("stamps", "Stamps", "fail", text, hint, figures)

    def _size(self) -> Finding:
        stream = self._stream
        size, _ = self._sizes.most_common(1)[0]
        figures = {"payload_bytes": size, "expected_bytes": stream.payload_bytes, "sizes": len(self._sizes)}
        if len(self._sizes) > 1:
            other = sum(self._sizes.values()) - self._sizes[size]
            text = f"Payloads are of several sizes: {other} packets do not hold {size} bytes."
            hint = "The number of samples per packet must never change (AES67 7.2)."
            return Finding("payload-size", "Payload", "fail", text, hint, figures)
        if size != stream.payload_bytes:
            text = f"Packets hold {size} bytes; {stream.frames} samples of {stream} are {stream.payload_bytes}."
            hint = "Encoding, channels or packet time are not what the SDP says."
            return Finding("payload-size", "Payload", "fail", text, hint, figures)
        if size > MAX_PAYLOAD_BYTES:
            text = f"Packets hold {size} bytes, AES67 allows {MAX_PAYLOAD_BYTES}."
            return Finding("payload-size", "Payload", "fail", text, "Send fewer channels or shorter packets.", figures)
        text = f"Always {size} bytes: {stream.frames} samples of {stream}."
        return Finding("payload-size", "Payload", "pass", text, figures=figures)

    def _packet_time(self, expected: Expectation) -> Finding:
        size, _ = self._sizes.most_common(1)[0]
        on_wire = size / (expected.channels * BYTES_PER_SAMPLE[expected.encoding])
        per_ms = expected.rate_hz / 1000
        figures = {"sdp_frames": expected.frames, "framecount": expected.framecount, "wire_frames": round(on_wire, 3)}
        if expected.frames is None:
            text = f"The SDP does not say the packet time; packets hold {on_wire:g} samples."
            hint = f"Add a=ptime:{on_wire / per_ms:.3g}: AES67 8.1 demands it."
            return Finding("ptime", "Packet time", "warn", text, hint, figures)
        told = f"{expected.frames / per_ms:.4g} ms ({expected.frames} samples)"
        if on_wire != expected.frames:
            text = f"The SDP says {told}; packets hold {on_wire:g} samples."
            return Finding(
                "ptime", "Packet time", "fail", text, "Receivers set their buffers by a=ptime: correct it.", figures
            )
        if expected.framecount not in (None, expected.frames):
            text = f"a=ptime says {told}, a=framecount {expected.framecount}."
            return Finding(
                "ptime", "Packet time", "warn", text, "RAVENNA receivers read framecount: correct it.", figures
            )
        usual = {frames * factor for frames in PACKET_TIMES_US.values() for factor in (1, 2)}
        if expected.frames not in usual:
            text = f"{told} as in the SDP, but no packet time of AES67."
            hint = "1 ms is what every receiver takes; 125, 250, 333 µs and 4 ms are taken by some."
            return Finding("ptime", "Packet time", "warn", text, hint, figures)
        return Finding("ptime", "Packet time", "pass", f"{told}, as in the SDP.", figures=figures)


def packet_time_ms(stream: StreamFormat) -> float:
    """The exact packet time in ms."""
    return stream.packet_ns / NS_PER_MS
