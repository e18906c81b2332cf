"""Units and the integer arithmetic between them.

Times are nanoseconds in integers: PTP time is about 1.8e18 ns, where a double has steps of 256 ns.
"""

from __future__ import annotations

from typing import Final

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
PPM: Final = 1e-6
#: The smallest sample of 24 bits; the level of silence, which has none.
SILENCE_DBFS: Final = -144.0


def frames_at(media_ns: int, rate_hz: int) -> int:
    """Number of the media-clock frame that is current at ``media_ns``, rounded down (AES67 clause 5)."""
    return media_ns * rate_hz // NS_PER_S


def ns_at(frame: int, rate_hz: int) -> int:
    """The first nanosecond of media time at which ``frame`` is current, so that ``frames_at`` gives it back."""
    return -(-frame * NS_PER_S // rate_hz)
