"""``python -m aes67_sender.engine``."""

import signal
import sys

# Ctrl-C reaches the whole process group; the supervisor decides what it means. Before the slow imports.
signal.signal(signal.SIGINT, signal.SIG_IGN)
if sys.platform == "win32":
    signal.signal(signal.SIGBREAK, signal.SIG_IGN)

from aes67_sender.engine.main import run  # noqa: E402  see above

run()
