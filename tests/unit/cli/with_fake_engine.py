"""The program, with the fake engine of the supervisor's tests in place of the real one."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

from aes67_sender.cli import main

FAKE = Path(__file__).parents[1] / "supervisor" / "fake_engine.py"

if __name__ == "__main__":
    with mock.patch("aes67_sender.supervisor.process.ENGINE_COMMAND", (sys.executable, str(FAKE), "ok")):
        sys.exit(main())
