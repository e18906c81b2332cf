"""The stamp against the wire in PTP time: what decides whether a receiver with a window of 2 ms plays anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.logic.verify.findings import Finding
from aes67_sender.logic.verify.histogram import Histogram
from aes67_sender.logic.verify.packets import signed
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US, PPM

if TYPE_CHECKING:
    from aes67_sender.logic.verify.expectation import StreamFormat
    from aes67_sender.logic.verify.findings import Verdict
    from aes67_sender.logic.verify.packets import Ints
    from aes67_sender.model.clock import ClockMapping

_BIN_NS: Final = 5 * NS_PER_US
#: JT-NM Tested 2022, 6.4: on average a packet comes so long after its stamp at most; 1 ms packets have 1.5 ms to spare.
_MEAN_LIMIT_NS: Final = 2.5 * NS_PER_MS
_SPARE_NS: Final = 1.5 * NS_PER_MS
_MAX_PACKETS: Final = 20
_OTHER_TIME_NS: Final = NS_PER_S
#: TAI minus UTC, in the range of this century.
_UTC_S: Final = (36.5, 40.0)


class LeadJudge:
    """Fed with arrivals in PTP time and stamps. ``offset_frames`` is that of ``a=mediaclk:direct``."""

    def __init__(self, stream: StreamFormat, offset_frames: int) -> None:
        self._rate_hz = stream.rate_hz
        self._packet_ns = stream.packet_ns
        self._offset = offset_frames
        self._lag: Histogram | None = None
        self._early = 0
        self.accuracy_ns = 0

    def add(self, ptp_ns: Ints, stamp: Ints, accuracy_ns: int) -> None:
        """Some packets; the times are known to ``accuracy_ns``."""
        seconds, rest_ns = np.divmod(ptp_ns, NS_PER_S)
        whole, part = np.divmod(rest_ns * self._rate_hz, NS_PER_S)
        behind = signed(seconds * self._rate_hz + whole + self._offset - stamp, 32)
        lag_ns = behind * (NS_PER_S / self._rate_hz) + part / self._rate_hz
        if self._lag is None:
            self._lag = Histogram.around(float(np.median(lag_ns)), _BIN_NS)
        self._lag.add(lag_ns)
        self.accuracy_ns = max(self.accuracy_ns, accuracy_ns)
        self._early += int(np.count_nonzero(lag_ns < -accuracy_ns))

    def finding(self, why_not: str) -> Finding:
        """The verdict; ``why_not`` says why there is no PTP time, if there is none."""
        lag = self._lag
        if lag is None:
            return Finding("lead", "Lead", "unknown", f"Not judged: {why_not}")
        figures = {
            "mean_us": _us(-lag.mean),
            "p1_us": _us(-lag.quantile(0.99)),
            "p99_us": _us(-lag.quantile(0.01)),
            "min_us": _us(-lag.greatest),
            "max_us": _us(-lag.least),
            "early_packets": self._early,
            "clock_accuracy_us": _us(self.accuracy_ns),
        }
        text = (
            f"stamp minus arrival: mean {_ms(-lag.mean)}, p1 {_ms(-lag.quantile(0.99))}, "
            f"p99 {_ms(-lag.quantile(0.01))} ms."
        )
        verdict, more, hint = self._judge(lag)
        return Finding("lead", "Lead", verdict, f"{text} {more}".rstrip(), hint, figures)

    def _judge(self, lag: Histogram) -> tuple[Verdict, str, str]:
        """The verdict, what to add to the figures, and the hint: the first that holds."""
        limit_ns = max(_MEAN_LIMIT_NS, self._packet_ns + _SPARE_NS)
        longest_ns = _MAX_PACKETS * self._packet_ns
        rare = "One so late may be a stall of this computer; run it again to see."
        cases: tuple[tuple[bool, tuple[Verdict, str, str]], ...] = (
            (abs(lag.mean) > _OTHER_TIME_NS, ("fail", self._other_time(lag.mean), _OTHER_TIME)),
            (lag.quantile(0.01) < -self.accuracy_ns, ("fail", "Packets come before their own time.", _EARLY)),
            (lag.mean > limit_ns, ("fail", f"That is later than {_ms(limit_ns)} ms on average.", _LATE)),
            (
                lag.quantile(0.99) > longest_ns,
                ("fail", f"More than one in 100 is later than {_MAX_PACKETS} packet times.", _LATE),
            ),
            (self._early > 0, ("warn", f"{self._early} came before their time.", _EARLY)),
            (lag.greatest > longest_ns, ("warn", f"The latest came {_ms(lag.greatest)} ms after its stamp.", rare)),
        )
        return next((case for holds, case in cases if holds), ("pass", "", ""))

    def _other_time(self, lag_ns: float) -> str:
        lag_s = lag_ns / NS_PER_S
        text = f"Stamps are {abs(lag_s):.3f} s {'behind' if lag_s > 0 else 'ahead of'} PTP time: another epoch."
        if _UTC_S[0] < abs(lag_s) < _UTC_S[1]:
            text += " That is TAI minus UTC."
        return text


def in_ptp_time(mapping: ClockMapping, arrival_ns: Ints) -> Ints:
    """Arrivals on the monotonic clock in the grandmaster's time."""
    elapsed_ns = arrival_ns - mapping.monotonic_ns
    extra_ns: Ints = np.rint(elapsed_ns * (mapping.rate_ppm * PPM)).astype(np.int64)
    return mapping.media_ns + elapsed_ns + extra_ns


_EARLY: Final = (
    "The sender's clock is ahead of the grandmaster, it adds latency to its stamps, or it sends before the packet's "
    "last sample is due: small receivers throw such packets away."
)
_LATE: Final = (
    "Latency has leaked into the stamps, or packets wait on the way: receivers with a short window (Dante: 2 ms) stay "
    "silent. Aim for one packet time."
)
_OTHER_TIME: Final = (
    "See that the sender follows this grandmaster, that mediaclk in the SDP is right, and that it takes PTP time as it "
    "comes, without currentUtcOffset."
)


def _ms(span_ns: float) -> str:
    return f"{span_ns / NS_PER_MS:.2f}"


def _us(span_ns: float) -> float:
    return round(span_ns / NS_PER_US, 1)
