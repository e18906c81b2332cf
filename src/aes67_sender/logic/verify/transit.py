"""Arrival minus stamp: how much it varies (EBU Tech 3337), how it drifts, and how large it is in PTP time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.logic.verify.findings import Finding
from aes67_sender.logic.verify.histogram import Histogram
from aes67_sender.logic.verify.timing import limit_ns
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US, PPM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.verify.expectation import StreamFormat
    from aes67_sender.logic.verify.findings import Verdict
    from aes67_sender.logic.verify.packets import Floats, Ints

_WINDOW_NS: Final = 200 * NS_PER_MS
#: An hour of windows; of longer ones the last hour is judged.
_MOST_WINDOWS: Final = 18_000
_FEWEST_WINDOWS: Final = 15
_RARE: Final = 0.02
_HALF: Final = 0.5
#: Rates of ordinary crystals differ by more than the first; a follower's by less.
_DRIFTS_PPM: Final = 10.0
_UNEASY_PPM: Final = 3.0
_SIGMAS: Final = 4
_MAD_TO_SIGMA: Final = 1.4826


@dataclass(slots=True)
class _Window:
    """The least and the greatest transit of 200 ms."""

    number: int
    least_ns: float
    greatest_ns: float


class TransitJudge:
    """Fed with times and stamps of one sender's packets; times may be of any clock that does not step."""

    def __init__(self, stream: StreamFormat) -> None:
        self._packet_ns = stream.packet_ns
        self._ns_per_frame = NS_PER_S / stream.rate_hz
        self._begun_ns: int | None = None
        self._extended = 0
        self._window: _Window | None = None
        #: Beginning in s and least transit in ns of each window.
        self._least: deque[tuple[float, float]] = deque(maxlen=_MOST_WINDOWS)
        self._factors = Histogram(NS_PER_US, 0.0)
        self._over_one = 0
        self._over_limit = 0
        self._transits: Histogram | None = None
        self._stepped = False

    def begin_anew(self) -> None:
        """Stamps or times go on somewhere else."""
        self._begun_ns = None
        self._window = None
        self._transits = None
        self._least.clear()
        self._stepped = True

    def add(self, time_ns: Ints, stamp_steps: Ints) -> None:
        """Arrivals, and the steps between their stamps: one less than arrivals if the first has none before it."""
        if self._begun_ns is None or stamp_steps.size < time_ns.size:
            self._begun_ns = int(time_ns[0])
            self._extended = 0
            stamp_steps = np.concatenate([[0], stamp_steps[stamp_steps.size - time_ns.size + 1 :]])
        frames = self._extended + np.cumsum(stamp_steps)
        self._extended = int(frames[-1])
        transit_ns = (time_ns - self._begun_ns) - frames * self._ns_per_frame
        if self._transits is None:
            self._transits = Histogram.around(float(np.median(transit_ns)), 10 * NS_PER_US)
        self._transits.add(transit_ns)
        self._cut((time_ns - self._begun_ns) // _WINDOW_NS, transit_ns)

    def _cut(self, numbers: Ints, transit_ns: Floats) -> None:
        """Into windows."""
        starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), numbers.size]
        for start, end in pairwise(starts):
            part, number = transit_ns[start:end], int(numbers[start])
            least, greatest = float(part.min()), float(part.max())
            if self._window is not None and self._window.number == number:
                self._window.least_ns = min(self._window.least_ns, least)
                self._window.greatest_ns = max(self._window.greatest_ns, greatest)
                continue
            self._end_window()
            self._window = _Window(number, least, greatest)

    def _end_window(self) -> None:
        window = self._window
        if window is None:
            return
        factor_ns = window.greatest_ns - window.least_ns
        self._factors.add(np.array([factor_ns]))
        self._over_one += factor_ns > self._packet_ns
        self._over_limit += factor_ns > limit_ns(self._packet_ns)
        self._least.append((window.number * _WINDOW_NS / NS_PER_S, window.least_ns))

    def findings(self, *, in_ptp_time: bool) -> Iterator[Finding]:
        """The verdicts; ``in_ptp_time``: the times were the grandmaster's."""
        # The last window is not whole: it counts only if there is no other.
        if not self._factors.count:
            self._end_window()
        if not self._factors.count or self._transits is None:
            return
        yield self._delay_factor()
        yield self._rate(in_ptp_time=in_ptp_time)

    def _delay_factor(self) -> Finding:
        factors = self._factors
        buffer_ns = self._transits.quantile(0.999) - self._transits.least if self._transits else 0.0
        figures = {
            "p50_us": _us(factors.quantile(0.5)),
            "max_us": _us(factors.greatest),
            "windows": factors.count,
            "windows_over_limit": self._over_limit,
            "buffer_us": _us(buffer_ns),
        }
        text = (
            f"median {_us(factors.quantile(0.5)):g} µs, max {_us(factors.greatest):g} µs in {factors.count} windows; "
            f"999 of 1000 packets fit a buffer of {buffer_ns / NS_PER_MS:.2f} ms."
        )
        hint = "Packets leave unevenly, or the network delays them unevenly: receivers need a larger link offset."
        verdict: Verdict = "pass"
        if self._over_limit > max(1, _RARE * factors.count):
            verdict = "fail"
        elif self._over_limit or self._over_one > _HALF * factors.count:
            verdict = "warn"
        return Finding("ts-df", "TS-DF", verdict, text, hint if verdict != "pass" else "", figures)

    def _rate(self, *, in_ptp_time: bool) -> Finding:
        code, title = "media-rate", "Media rate"
        if self._stepped or len(self._least) < _FEWEST_WINDOWS:
            text = "Too short to say whether stamps run at the grandmaster's rate."
            return Finding(code, title, "unknown", text, "Give it 10 seconds or more.")
        drift_ppm, sigma_ppm = _slope(np.array(self._least))
        figures = {"drift_ppm": round(drift_ppm, 2), "uncertainty_ppm": round(sigma_ppm, 2)}
        # Arrivals that fall behind stamps more and more: the stamps run too fast.
        text = f"{-drift_ppm:+.2f} ± {sigma_ppm:.2f} ppm against "
        if not in_ptp_time:
            return Finding(code, title, "unknown", f"{text}this computer's own crystal.", figures=figures)
        text += "the grandmaster."
        sure = abs(drift_ppm) > _SIGMAS * sigma_ppm
        if not sure or abs(drift_ppm) < _UNEASY_PPM:
            return Finding(code, title, "pass", text, figures=figures)
        hint = "The sender stamps by its own clock: see that it is locked to this grandmaster."
        return Finding(code, title, "fail" if abs(drift_ppm) > _DRIFTS_PPM else "warn", text, hint, figures)


def _slope(least: Floats) -> tuple[float, float]:
    """Drift in ppm of arrival against stamp, and its sigma, by the medians of the first and the last third.

    A few windows that a stall has spoilt do not move a median.
    """
    third = len(least) // 3
    first, last = least[:third], least[-third:]
    span_s = float(np.median(last[:, 0]) - np.median(first[:, 0]))
    rise_ns = float(np.median(last[:, 1]) - np.median(first[:, 1]))
    slope = rise_ns / span_s
    rest = least[:, 1] - slope * least[:, 0]
    sigma_ns = _MAD_TO_SIGMA * float(np.median(np.abs(rest - np.median(rest))))
    # Of the difference of two medians.
    uncertain_ns = 2 * sigma_ns / np.sqrt(third)
    return slope / NS_PER_S / PPM, float(uncertain_ns) / span_s / NS_PER_S / PPM


def _us(span_ns: float) -> float:
    return round(span_ns / NS_PER_US, 1)
