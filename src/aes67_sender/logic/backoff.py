"""How long to wait before something that keeps failing is tried again."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Backoff:
    """The first try after a good run is immediate; then the delay doubles from ``base_s`` up to ``longest_s``.

    A run of ``steady_s`` or longer counts as good and forgets the failures before it.
    """

    base_s: float = 0.25
    longest_s: float = 10.0
    steady_s: float = 5.0
    failures: int = 0

    def after_run(self, ran_s: float) -> Backoff:
        """The state after a run that failed ``ran_s`` seconds after its start."""
        return replace(self, failures=1 if ran_s >= self.steady_s else self.failures + 1)

    @property
    def delay_s(self) -> float:
        """Seconds to wait before the next try."""
        if self.failures <= 1:
            return 0.0
        # A cap on the exponent: failures may count for weeks, and 2.0**1024 overflows.
        return min(self.longest_s, self.base_s * 2.0 ** min(self.failures - 2, 32))
