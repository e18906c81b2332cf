"""The machine and its network, as the dialogue wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.model.levels import Reading
from aes67_sender.net.closing import Closing
from aes67_sender.net.interfaces import find_interface
from aes67_sender.wizard.ears import Ears
from aes67_sender.wizard.facts import Heard
from aes67_sender.wizard.probe import DeviceProbe

if TYPE_CHECKING:
    from aes67_sender.model.capture import AudioDevice
    from aes67_sender.supervisor.client import Door

#: Two listings of five seconds each, and the start of a process on a slow machine.
_LISTED_S: Final = 15.0


class MachineSenses(Closing):
    """Ears on one interface, and a probe of the sound devices. A context manager; one thread."""

    def __init__(self, sender_url: str | Door) -> None:
        self._url = sender_url
        self._ears: Ears | None = None
        self._probe: DeviceProbe | None = None
        self._metering = False

    def close(self) -> None:
        """Give everything back: who is started next wants it."""
        if self._ears is not None:
            self._ears.close()
        if self._probe is not None:
            self._probe.close()

    def look(self) -> None:
        """Begin to look for sound devices; that takes seconds on some machines."""
        if self._probe is None:
            self._probe = DeviceProbe()

    def listen(self, interface: str) -> None:
        """Listen on this interface from now on."""
        if self._ears is not None and self._ears.interface.name == interface:
            return
        if self._ears is not None:
            self._ears.close()
        found = find_interface(interface)
        self._ears = Ears(found, self._url) if found is not None else None

    def heard(self) -> Heard:
        """What it has heard so far."""
        return self._ears.heard() if self._ears is not None else Heard()

    def devices(self) -> tuple[AudioDevice, ...]:
        """All sound devices; may take seconds the first time."""
        self.look()
        return self._probe.devices(_LISTED_S) if self._probe is not None else ()

    def why_no_devices(self) -> str:
        """A sentence if they could not be listed."""
        return self._probe.why if self._probe is not None else ""

    def reading(self, number: int) -> Reading:
        """What the device of this number delivers now; opens all of them at the first call."""
        if self._probe is None:
            return Reading("waiting")
        if not self._metering:
            self._metering = True
            self._probe.listen()
        return self._probe.reading(number)
