"""Which JACK outputs feed our inputs, also those that come and go."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from aes67_sender.gst.jack import JackControl, choose_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)
_LOOK_S: Final = 0.5
_STOP_TIMEOUT_S: Final = 1.0


class Wires:
    """Decides what to connect, and does nothing. Inputs are counted from 0.

    Only an output that was not there at the last look is connected: one that somebody has disconnected by hand stays
    so. It comes back to the input it fed before; else to the one its place among the patterns gives it, or if another
    has that, to the next free one.
    """

    def __init__(self, patterns: Sequence[str], inputs: int) -> None:
        self._patterns = tuple(patterns)
        self._inputs = inputs
        self._seen: frozenset[str] = frozenset()
        self._feeds: dict[str, int] = {}

    def look(self, outputs: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """The outputs there are now; returns which of them to connect to which input."""
        taken = {index for output, index in self._feeds.items() if output in outputs}
        wires: list[tuple[str, int]] = []
        for place, output in enumerate(choose_outputs(self._patterns, outputs)):
            if output is None or output in self._seen:
                continue
            index = self._feeds.get(output)
            if index is None:
                index = next((free for free in range(place, self._inputs) if free not in taken), None)
            if index is not None:
                taken.add(index)
                self._feeds[output] = index
                wires.append((output, index))
        self._seen = frozenset(outputs)
        return tuple(wires)

    def unmatched(self) -> tuple[str, ...]:
        """Patterns that nothing matched at the last look."""
        there = sorted(self._seen)
        return tuple(pattern for pattern in self._patterns if not any(choose_outputs((pattern,), there)))


class PatchBay:
    """Keeps our inputs connected from a thread of its own: a server that hangs must not hold up the sound."""

    def __init__(self, control: JackControl, patterns: Sequence[str], inputs: Sequence[str]) -> None:
        """``inputs`` are the full names of our ports."""
        self._control = control
        self._inputs = tuple(inputs)
        self._wires = Wires(patterns, len(self._inputs))
        self._refused: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jack-patch-bay", daemon=True)
        self.notes: tuple[str, ...] = ()

    def connect(self) -> None:
        """Look, and connect what has come."""
        outputs = self._control.output_ports()
        self._refused = {output: note for output, note in self._refused.items() if output in outputs}
        for output, index in self._wires.look(outputs):
            if not self._control.connect(output, self._inputs[index]):
                self._refused[output] = f"JACK refused to connect {output} to {self._inputs[index]}."
        unmatched = (f"No JACK port matches {pattern}." for pattern in self._wires.unmatched())
        self.notes = (*unmatched, *self._refused.values())

    def watch(self) -> None:
        """Go on looking until ``stop``."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self.connect()
            except Exception:
                log.exception("Connecting JACK ports failed.")
                return

    def stop(self) -> None:
        """Stop looking; waits a second for a call that is under way."""
        self._stopping.set()
        self.join(_STOP_TIMEOUT_S)

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the thread, which uses the connection, has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
