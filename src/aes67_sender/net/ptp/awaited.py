"""Event messages that have been sent and whose stamps have not come yet."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from aes67_sender.units import NS_PER_MS

#: A message still without its stamp after this was dropped on the way out, or its driver takes none.
STAMP_WITHIN_NS: Final = 200 * NS_PER_MS
#: So many in a row, while datagrams arrive: the driver takes none.
_MISSING_ENOUGH: Final = 4
_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, and the monotonic time before and after it was handed to the system."""

    octets: bytes
    number: int
    before_ns: int
    after_ns: int

    @property
    def middle_ns(self) -> int:
        """The program's own stamp."""
        return (self.before_ns + self.after_ns) // 2


class Awaited:
    """Pure; one thread."""

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque(maxlen=_MOST)
        self._missing = 0

    @property
    def in_vain(self) -> bool:
        """The driver has shown that it stamps nothing it sends; one stamp that comes after all refutes it."""
        return self._missing >= _MISSING_ENOUGH

    def add(self, sent: Sent) -> None:
        """It is on its way; the oldest is forgotten if there are too many."""
        self._sent.append(sent)

    def pending(self) -> tuple[Sent, ...]:
        """Those without stamps, the oldest first."""
        return tuple(self._sent)

    def stamped(self, sent: Sent) -> None:
        """Its stamp has come."""
        self._sent.remove(sent)
        self._missing = 0

    def unstamped(self, sent: Sent) -> None:
        """It came back without the stamp that was wanted."""
        self._sent.remove(sent)
        self._missing += 1

    def give_up_overdue(self, now_ns: int, last_arrival_ns: int) -> None:
        """Forget those that wait too long. Without an arrival since, the cable may be out: no driver's fault."""
        while self._sent and now_ns - self._sent[0].after_ns > STAMP_WITHIN_NS:
            self._missing += last_arrival_ns > self._sent.popleft().after_ns

    def start_again(self) -> None:
        """Other stamps are asked for from now on."""
        self._sent.clear()
        self._missing = 0
