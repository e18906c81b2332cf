"""What a status screen can have done: the sender behind it, in this process or elsewhere."""

from __future__ import annotations

from typing import Protocol


class Desk(Protocol):
    """All but ``quit`` may block for seconds, and raise a SenderError with what was refused."""

    @property
    def quit_question(self) -> str:
        """What to ask before ``quit``; empty where it harms nobody."""

    def set_clock_mode(self, mode: str) -> str:
        """Follow another clock; what was done, in a sentence."""

    def enable_stream(self, stream_id: str, *, enabled: bool) -> str:
        """Send a stream or no longer, the others undisturbed; what was done, in sentences."""

    def sdp(self, stream_id: str) -> str:
        """The SDP of a stream."""

    def quit(self) -> None:
        """Leave soon."""
