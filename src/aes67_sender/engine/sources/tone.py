"""A sine whose phase is a function of the media clock alone.

Frame n is ``level * sin(2 pi f n / rate)``: after any restart the wave goes on where it would have been, two senders
agree to the bit, and a receiver can check every sample against its RTP stamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Float32Array


def tone(frame: int, frames: int, *, rate_hz: int, frequency_hz: float, level_dbfs: float) -> Float32Array:
    """Frames ``frame`` and on of one channel, shape (frames,); frequencies count in whole mHz."""
    frequency_mhz = round(frequency_hz * 1000)
    period = rate_hz * 1000
    # Reduced in integers first: frame numbers near 2**46 would cost a double its phase.
    cycles = (frame % period + np.arange(frames, dtype=np.int64)) * frequency_mhz % period
    level = 10 ** (level_dbfs / 20)
    wave: Float32Array = (level * np.sin(cycles * (2 * np.pi / period))).astype(np.float32)
    return wave
