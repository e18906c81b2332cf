"""When to join PTP's groups again: an interface that went and came back is in none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_EVERY_NS: Final = NS_PER_S
#: A grandmaster sends many messages a second; after so much silence a switch may have forgotten us.
_SILENCE_NS: Final = 5 * NS_PER_S
_LONGEST_PAUSE_NS: Final = 60 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Link:
    """What the system says of the interface; ``index`` changes when it was unplugged and plugged in again."""

    index: int
    running: bool


class Membership:
    """Decides when to join, by an argument that is the time; ``look`` and ``join`` act. One thread.

    ``look`` gives ``None`` where the interface is gone. ``join`` leaves and joins, and says whether that worked.
    """

    def __init__(self, look: Callable[[], Link | None], join: Callable[[Link], bool], now_ns: int) -> None:
        self._look = look
        self._join = join
        self._link = look()
        self._heard_ns = now_ns
        self._look_at_ns = now_ns + _LOOK_EVERY_NS
        self._pause_ns = _SILENCE_NS
        self._joined = True

    def heard(self, now_ns: int) -> None:
        """Something came: the membership stands."""
        self._heard_ns = now_ns
        self._pause_ns = _SILENCE_NS

    def keep(self, now_ns: int) -> None:
        """Call often: costs nothing within a second of the last look, and while messages come."""
        if now_ns < self._look_at_ns:
            return
        self._look_at_ns = now_ns + _LOOK_EVERY_NS
        if now_ns - self._heard_ns < _LOOK_EVERY_NS:
            return
        before, self._link = self._link, self._look()
        if self._link is None:
            self._joined = False
            return
        silent = now_ns - self._heard_ns >= self._pause_ns
        if self._link.running and (silent or not self._joined or self._link != before):
            if silent:
                # Each time twice as patient: there may be no grandmaster at all.
                self._heard_ns, self._pause_ns = now_ns, min(2 * self._pause_ns, _LONGEST_PAUSE_NS)
            self._joined = self._join(self._link)
