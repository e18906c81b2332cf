"""Peak and RMS of what a source delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aes67_sender.engine.transmit.meter import dbfs

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Float32Array


class Levels:
    """Levels of one window. Written by the source's thread, read by another once it has been replaced."""

    def __init__(self, channels: int) -> None:
        self._peaks = np.zeros(channels)
        self._squares = np.zeros(channels)
        self._frames = 0

    def add(self, samples: Float32Array) -> None:
        """Take in a block, shape (frames, channels); channels beyond those known are left out."""
        if not len(samples):
            return
        shared = min(samples.shape[1], len(self._peaks))
        block = samples[:, :shared]
        # The largest magnitude without an array of magnitudes.
        peaks = np.maximum(block.max(axis=0), -block.min(axis=0))
        self._peaks[:shared] = np.maximum(self._peaks[:shared], peaks)
        self._squares[:shared] += np.einsum("ij,ij->j", block, block)
        self._frames += len(block)

    def peaks_dbfs(self) -> tuple[float, ...]:
        """The largest sample of each channel; empty without any."""
        return tuple(dbfs(float(peak)) for peak in self._peaks) if self._frames else ()

    def rms_dbfs(self) -> tuple[float, ...]:
        """RMS of each channel, empty without samples; a full-scale sine has -3.0."""
        mean = self._squares / max(self._frames, 1)
        return tuple(dbfs(float(value)) for value in np.sqrt(mean)) if self._frames else ()
