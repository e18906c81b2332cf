"""Who has which part of a table of fixed size."""

from __future__ import annotations

from aes67_sender.engine.transmit.plan import CapacityError


class Room:
    """Pieces of a range of ``size`` places, given out first fit and taken back. One thread."""

    def __init__(self, size: int, of_what: str) -> None:
        """``of_what`` completes the sentence of the error: ``streams``."""
        self._size = size
        self._of_what = of_what
        self._taken: dict[int, int] = {}

    def take(self, count: int = 1) -> int:
        """The first of ``count`` places in a row.

        Raises:
            CapacityError: nowhere are so many free.

        """
        start = 0
        for taken, length in sorted(self._taken.items()):
            if taken - start >= count:
                break
            start = taken + length
        if start + count > self._size:
            raise CapacityError(
                f"This engine has no room for more {self._of_what} while it sends.",
                hint="A new engine makes room for all that the config asks for.",
            )
        self._taken[start] = count
        return start

    def give(self, start: int) -> None:
        """Take back what ``take`` gave."""
        del self._taken[start]

    @property
    def free(self) -> int:
        """Places that nobody has."""
        return self._size - sum(self._taken.values())
