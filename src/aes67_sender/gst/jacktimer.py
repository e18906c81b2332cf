"""When JACK's frames were captured, also right after some were lost. Pure arithmetic; readings come in as arguments."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from aes67_sender.gst.timeline import Earliest
from aes67_sender.units import NS_PER_MS, NS_PER_S

#: The earliest wake-up in this span counts: a server that is scheduled late now and then is not late all the time.
_WINDOW_NS: Final = NS_PER_S // 2
_WINDOW_PERIODS: Final = 100
#: A change that nothing explains is believed when it has lasted so long, over so many readings.
_BELIEVED_NS: Final = NS_PER_S // 2
_BELIEVED_READINGS: Final = 60
_LATE_CYCLES: Final = 8
#: How long after JACK has told of an xrun a jump, even a small one, may still be its doing.
_XRUN_NS: Final = 50 * NS_PER_MS
_SMALLEST_JUMP_NS: Final = NS_PER_MS


@dataclass(frozen=True, slots=True)
class JackReading:
    """JACK and the ring of jackaudiosrc, read at one moment.

    ``done_frames``: frames put into the ring so far. ``cycle_frame``: JACK's own count (32 bits) at the start of its
    current cycle; ``woken_ns``: when the server began that cycle, monotonic. ``xrun_mark``: another number after an
    xrun.
    """

    now_ns: int
    done_frames: int
    cycle_frame: int
    woken_ns: int
    xrun_mark: float


@dataclass(slots=True)
class _Piece:
    """Frames from ``first_frame`` on, without loss; frame 0 would have been captured at ``zero_ns``."""

    first_frame: int
    zero_ns: int
    told: bool = False


class FrameTimer:
    """Finds when each frame of the ring was captured, and where frames are missing.

    The last frame in the ring was captured when JACK woke for its current cycle, unless the cycle has begun and our
    client has not yet had its turn: then the reading is late by one period, never early. Frames are missing when

    * our client has missed cycles: JACK's count of frames is further ahead of ours by more than one period; or
    * the server has: it woke late, it says that there was an xrun, and it does not make up for it.

    What neither explains is believed when it lasts.
    """

    def __init__(self, rate_hz: int, period_frames: int) -> None:
        self._rate_hz = rate_hz
        self._period_frames = period_frames
        self._least_jump_ns = max(self._ns(period_frames) // 2, _SMALLEST_JUMP_NS)
        self._pieces: deque[_Piece] = deque(maxlen=8)
        self._woken = Earliest(max(_WINDOW_NS, self._ns(_WINDOW_PERIODS * period_frames)))
        self._doubted: list[tuple[JackReading, int]] = []
        self._good: JackReading | None = None
        self._mark: float | None = None
        self._xrun_ns: int | None = None

    def _ns(self, frames: int) -> int:
        return frames * NS_PER_S // self._rate_hz

    def is_odd(self, reading: JackReading) -> bool:
        """Whether this looks like a loss. It should be read again a moment later, when our client has had its turn."""
        return bool(self._pieces) and self._jump_ns(reading) > _SMALLEST_JUMP_NS

    def _had_xrun(self, reading: JackReading) -> bool:
        return self._xrun_ns is not None and reading.now_ns - self._xrun_ns < _XRUN_NS

    def _jump_ns(self, reading: JackReading) -> int:
        return reading.woken_ns - self._ns(reading.done_frames) - self._pieces[-1].zero_ns

    def add(self, reading: JackReading) -> None:
        """Learn from one reading; before ``captured_ns`` is asked for the frames that have arrived with it."""
        if reading.xrun_mark != self._mark:
            self._xrun_ns = reading.now_ns if self._mark is not None else None
            self._mark = reading.xrun_mark
        zero_ns = reading.woken_ns - self._ns(reading.done_frames)
        if not self._pieces:
            self._begin(reading, 0, zero_ns, told=True)
        elif (jump_ns := self._jump_ns(reading)) > (
            _SMALLEST_JUMP_NS if self._had_xrun(reading) else self._least_jump_ns
        ):
            self._judge(reading, zero_ns)
        elif jump_ns < -_SMALLEST_JUMP_NS:
            # The piece began with a reading that was late.
            self._restart(reading, zero_ns)
        else:
            self._follow(reading, zero_ns)

    def _judge(self, reading: JackReading, zero_ns: int) -> None:
        good = self._good or reading
        self._doubted.append((reading, zero_ns))
        # Modulo 2**32, as JACK counts.
        missed_frames = (reading.cycle_frame - good.cycle_frame - (reading.done_frames - good.done_frames)) % 2**32
        # One period is what our client is behind before it has its turn.
        missed_cycles = missed_frames not in (0, self._period_frames)
        if missed_cycles or self._had_xrun(reading) or self._lasts(missed_frames):
            self._xrun_ns = None
            self._begin(
                reading, good.done_frames, min(zero for _, zero in self._doubted) if not missed_cycles else zero_ns
            )

    def _lasts(self, missed_frames: int) -> bool:
        """Whether the doubted readings have not become better for so long that they must be right."""
        (first, first_zero_ns), (last, last_zero_ns) = self._doubted[0], self._doubted[-1]
        cycles = (last.done_frames - first.done_frames) // self._period_frames
        if missed_frames == 0 and min(cycles, len(self._doubted)) >= _LATE_CYCLES:
            # A server that is only late runs its cycles without a pause until it is in time again.
            return last_zero_ns > first_zero_ns - self._least_jump_ns // 4
        return last.now_ns - first.now_ns > _BELIEVED_NS and len(self._doubted) > _BELIEVED_READINGS

    def _begin(self, reading: JackReading, first_frame: int, zero_ns: int, *, told: bool = False) -> None:
        self._pieces.append(_Piece(first_frame, zero_ns, told))
        self._restart(reading, zero_ns)

    def _restart(self, reading: JackReading, zero_ns: int) -> None:
        self._woken.clear()
        self._follow(reading, zero_ns)

    def _follow(self, reading: JackReading, zero_ns: int) -> None:
        self._good = reading
        self._doubted.clear()
        self._pieces[-1].zero_ns = self._woken.add(reading.now_ns, zero_ns)

    def captured_ns(self, frame: int) -> int | None:
        """Monotonic time at which this frame of the ring was captured; ``None`` before the first reading."""
        piece = self._piece(frame)
        return piece.zero_ns + self._ns(frame) if piece is not None else None

    def lost_before(self, frame: int) -> bool:
        """Whether frames are missing before this one; true once for each loss."""
        piece = self._piece(frame)
        if piece is None or piece.told:
            return False
        piece.told = True
        return True

    def _piece(self, frame: int) -> _Piece | None:
        return next((piece for piece in reversed(self._pieces) if piece.first_frame <= frame), None)
