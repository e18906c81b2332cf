"""One sample on its way into a packet, by the compiled code."""

from __future__ import annotations

import numpy as np
import pytest

from aes67_sender.engine.transmit.packing import write_sample


@pytest.mark.parametrize(
    ("sample", "l24", "l16"),
    [
        (np.nan, "000000", "0000"),
        (np.inf, "7fffff", "7fff"),
        (-np.inf, "800000", "8000"),
        (3e38, "7fffff", "7fff"),
        (1e-40, "000000", "0000"),
        (-1.0, "800000", "8000"),
    ],
)
def test_whatever_a_source_delivers_is_a_sample_and_what_is_no_number_is_silence(
    sample: float, l24: str, l16: str
) -> None:
    packet = np.full(5, 0xAA, np.uint8)
    write_sample(packet, 0, np.float32(sample), 3)
    write_sample(packet, 3, np.float32(sample), 2)
    assert packet.tobytes().hex() == l24 + l16
