"""What every clock provider offers to the media clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aes67_sender.model.clock import ClockReading, ProviderName


class ClockProvider(Protocol):
    """A source of media time. All calls come from one thread, never from the packet path.

    Construction does not block; it raises ``MachineError`` only for what will not come right by waiting
    (no GStreamer, no such device). Everything else is told by ``poll``.
    """

    @property
    def name(self) -> ProviderName:
        """The provider's name in config and status."""

    def poll(self) -> ClockReading:
        """Read both clocks now, about 20 times a second; never blocks longer than a few ms and never raises."""

    def close(self) -> None:
        """Release threads and sockets; safe to call twice."""
