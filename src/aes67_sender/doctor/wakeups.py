"""How late this computer wakes, in a process of its own: ``python -m aes67_sender.doctor.wakeups`` prints JSON.

Beside other threads of the doctor the interpreter's lock would be measured, not the system's timer.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import Final

from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS, NS_PER_S

_WAKES: Final = 400


def wakeups() -> list[int]:
    """How many ns late each wake-up of a loop of 1 ms was; takes 0.4 s."""
    late_ns = []
    gc.disable()
    for _ in range(_WAKES):
        due_ns = monotonic_ns() + NS_PER_MS
        time.sleep((due_ns - monotonic_ns()) / NS_PER_S)
        late_ns.append(monotonic_ns() - due_ns)
    return late_ns


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"late_ns": wakeups()}) + "\n")
