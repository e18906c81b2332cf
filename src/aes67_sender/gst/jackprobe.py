"""Asks for a JACK server, in a process of its own: ``python -m aes67_sender.gst.jackprobe [SERVER]`` prints JSON.

libjack may block for ever on a server that stands still.
"""

from __future__ import annotations

import dataclasses
import json
import sys

from aes67_sender.errors import MachineError
from aes67_sender.gst.errors import SourceError
from aes67_sender.gst.jack import JackControl
from aes67_sender.logic.doctor.sound import JackFacts


def probe_jack(server_name: str) -> JackFacts:
    """Whether libjack is there, and the server; the default one where ``server_name`` is empty."""
    try:
        control = JackControl("aes67-sender-doctor", server_name or None)
    except MachineError:
        return JackFacts(library=False, server_name=server_name)
    except SourceError:
        return JackFacts(library=True, server_name=server_name)
    try:
        return JackFacts(
            library=True,
            server=True,
            rate_hz=control.rate_hz,
            period_frames=control.period_frames,
            server_name=server_name,
        )
    finally:
        control.close()


def main() -> None:
    """Print the facts as one JSON object in a line of its own, whatever libjack has written before."""
    server_name = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.stdout.write(f"\n{json.dumps(dataclasses.asdict(probe_jack(server_name)))}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
