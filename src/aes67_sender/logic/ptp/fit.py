"""Weighted least squares over one-way times: phase, rate and path delay at once.

The more a packet was held up beyond the fastest ones of its direction, the less it counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.units import NS_PER_MS, NS_PER_S, PPM

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    #: Local and master's time of one packet.
    Sample = tuple[int, int]

#: The one-way time that counts as undisturbed: this share of the packets is faster.
FLOOR_SHARE: Final = 0.1
SCATTER_SHARE: Final = 0.3
FEW: Final = 8
#: Stamps scatter by so much, whatever the packets seem to say.
SMALLEST_SCATTER_NS: Final = 100.0
#: By how much the scatter is widened from one look to the next: at first all packets count alike, for with a wrong rate
#: the wrong ones look undisturbed.
WIDEST_SCATTER_NS: Final = 10.0 * NS_PER_MS
#: What the newest alone are judged by: should the fit be wrong about them, the rest must not hide it.
NEWEST: Final = 32
_NS_PER_S_OF_PPM: Final = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """The master's time: ``master_ns`` at ``local_ns``, and its rate against the local clock.

    ``sigma_ns`` is the standard deviation of the phase at ``local_ns``, ``rate_sigma_ppm`` that of the rate; neither
    knows of an asymmetric path, but of packets held up more in one direction. ``delay_ns`` is the one-way path delay.
    """

    local_ns: int
    master_ns: int
    rate_ppm: float
    delay_ns: int
    sigma_ns: float = math.inf
    rate_sigma_ppm: float = math.inf
    delay_sigma_ns: float = math.inf

    def master_at(self, local_ns: int) -> int:
        """The master's time at a local instant."""
        elapsed_ns = local_ns - self.local_ns
        return self.master_ns + elapsed_ns + round(elapsed_ns * self.rate_ppm * PPM)

    def sigma_at(self, local_ns: int) -> float:
        """The standard deviation at a later instant, in ns."""
        return math.hypot(self.sigma_ns, (local_ns - self.local_ns) * self.rate_sigma_ppm * PPM)


@dataclass(frozen=True, slots=True)
class Delay:
    """A path delay that is known, or taken for so much."""

    ns: int
    sigma_ns: float = 0.0


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known before any packet: the rate and how far it is trusted (standard deviation), perhaps the delay."""

    rate_ppm: float
    sigma_ppm: float
    delay: Delay | None = None


@dataclass(frozen=True, slots=True)
class _Direction:
    """One direction's packets, against a line that is nearly right."""

    rows: FloatArray
    one_way: FloatArray
    weights: FloatArray

    @property
    def held_up_ns(self) -> float:
        """How far the packets that count are from the fastest, on the whole."""
        return float(self.one_way @ self.weights / self.weights.sum() - self.one_way.min())


def refine(
    line: Estimate,
    forward: Collection[Sample],
    backward: Collection[Sample],
    prior: Prior,
    breadth: float,
) -> tuple[Estimate, float, float]:
    """The fit with weights from ``line``, at the newest Sync's local time; the scatter of the newest of each direction.

    If the delay is known, the packets of the other direction do not count.
    """
    at_ns = max(local_ns for local_ns, _ in forward)
    line = replace(line, local_ns=at_ns, master_ns=line.master_at(at_ns))
    syncs, scatter_ns, newest_ns = _weigh(line, forward, 1.0, breadth, 0.0)
    if prior.delay is not None:
        return _solve(line, (syncs,), prior), newest_ns, math.inf
    # Few answers look more alike than they are: the Syncs know better.
    at_least_ns = scatter_ns if len(backward) < FEW else 0.0
    answers, _, newest_back_ns = _weigh(line, backward, -1.0, breadth, at_least_ns)
    fitted = _solve(line, (syncs, answers), prior)
    # What one direction is held up more than the other looks like an offset of half as much.
    bias_ns = abs(syncs.held_up_ns - answers.held_up_ns) / 2
    return replace(fitted, sigma_ns=math.hypot(fitted.sigma_ns, bias_ns)), newest_ns, newest_back_ns


def trend_ppm(line: Estimate, samples: Collection[Sample]) -> tuple[float, float]:
    """How fast the times of one direction run away from a line, all counting alike, and its standard deviation."""
    local_ns = np.array([local - line.local_ns for local, _ in samples], dtype=np.float64)
    master_ns = np.array([master - line.master_ns for _, master in samples], dtype=np.float64)
    off_ns = master_ns - local_ns * (1 + line.rate_ppm * PPM)
    local_ns -= local_ns.mean()
    spread = float(local_ns @ local_ns)
    if spread == 0:
        return 0.0, math.inf
    slope = float(local_ns @ off_ns) / spread
    left_ns = off_ns - off_ns.mean() - slope * local_ns
    scatter_ns = max(math.sqrt(float(left_ns @ left_ns) / len(samples)), SMALLEST_SCATTER_NS)
    return slope / PPM, scatter_ns / math.sqrt(spread) / PPM


def _weigh(
    line: Estimate, samples: Collection[Sample], sign: float, breadth: float, at_least_ns: float
) -> tuple[_Direction, float, float]:
    """One direction, its scatter, and that of its newest packets."""
    local_ns = np.array([local - line.local_ns for local, _ in samples], dtype=np.float64)
    master_ns = np.array([master - line.master_ns for _, master in samples], dtype=np.float64)
    one_way = sign * (local_ns * (1 + line.rate_ppm * PPM) - master_ns)
    floor_ns, scatter_ns = _floor_and_scatter(one_way)
    scatter_ns = max(scatter_ns, at_least_ns)
    # A few packets look more alike than they are.
    single_ns = scatter_ns * (1 + FEW / len(samples))
    widened_ns = min(single_ns * breadth, max(WIDEST_SCATTER_NS, single_ns))
    # Wider makes them count alike, not less: what was known before must not win over what is measured.
    weights = single_ns**-2 / (1 + ((one_way - floor_ns) / widened_ns) ** 2)
    seconds = local_ns / NS_PER_S
    # How a one-way time depends on phase (ns), rate (ns/s) and delay (ns).
    rows = np.ones((len(seconds), 3))
    rows[:, 0], rows[:, 1] = -sign, -sign * seconds
    return _Direction(rows, one_way, weights), scatter_ns, _floor_and_scatter(one_way[-NEWEST:])[1]


def _floor_and_scatter(one_way: FloatArray) -> tuple[float, float]:
    """As numpy's quantiles, which take ten times as long."""
    ordered = np.sort(one_way)

    def quantile(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))

    floor_ns = quantile(FLOOR_SHARE)
    return floor_ns, max(quantile(SCATTER_SHARE) - floor_ns, SMALLEST_SCATTER_NS)


def _solve(line: Estimate, directions: tuple[_Direction, ...], prior: Prior) -> Estimate:
    delay = prior.delay
    rows = np.concatenate([each.rows for each in directions])
    times = np.concatenate([each.one_way for each in directions])
    weights = np.concatenate([each.weights for each in directions])
    if delay is not None:
        times = times - delay.ns
        rows[:, 2] = 0.0
    weighted = rows * weights[:, None]
    normal, right = weighted.T @ rows, weighted.T @ times
    trust = (prior.sigma_ppm * _NS_PER_S_OF_PPM) ** -2
    normal[1, 1] += trust
    right[1] += trust * (prior.rate_ppm - line.rate_ppm) * _NS_PER_S_OF_PPM
    if delay is not None:
        normal[2, 2] = 1.0
    covariance = np.linalg.inv(normal)
    phase_ns, rate_ns_s, delay_ns = covariance @ right
    sigma_ns = math.sqrt(covariance[0, 0])
    return Estimate(
        line.local_ns,
        line.master_ns + round(phase_ns),
        line.rate_ppm + float(rate_ns_s) / _NS_PER_S_OF_PPM,
        round(delay_ns) if delay is None else delay.ns,
        sigma_ns if delay is None else math.hypot(sigma_ns, delay.sigma_ns),
        math.sqrt(covariance[1, 1]) / _NS_PER_S_OF_PPM,
        math.sqrt(covariance[2, 2]) if delay is None else delay.sigma_ns,
    )
