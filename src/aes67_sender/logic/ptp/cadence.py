"""Something to be done every so often, on a fixed grid."""

from __future__ import annotations


class Cadence:
    """Instants at a fixed distance. Lateness of one does not move the next; those missed meanwhile are left out."""

    def __init__(self, interval_ns: int) -> None:
        self.interval_ns = interval_ns
        #: The next instant; the first is long past.
        self.due_ns = 0

    def take(self, now_ns: int) -> bool:
        """Whether it is to be done now: once, however many instants have passed."""
        if now_ns < self.due_ns:
            return False
        self.due_ns += ((now_ns - self.due_ns) // self.interval_ns + 1) * self.interval_ns
        return True
