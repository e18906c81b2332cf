"""A process that answers and then does not end: ``python -m support.lingers``."""

from __future__ import annotations

import sys
import time

if __name__ == "__main__":
    sys.stderr.write("a warning without an end of line")
    sys.stderr.flush()
    print('\n{"answer": 42}', flush=True)
    time.sleep(300)
