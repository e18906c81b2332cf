"""The provider ``grandmaster``: this sender is the network's clock, as long as no better one is heard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aes67_sender.engine.clock.builtin import BuiltinPtpProvider
from aes67_sender.logic.ptp import reasons
from aes67_sender.logic.ptp.grandmaster import Grandmaster, GrandmasterSettings
from aes67_sender.model.clock import ClockMapping, ClockReading, ProviderName
from aes67_sender.monotonic import monotonic_ns

if TYPE_CHECKING:
    from aes67_sender.engine.clock.ptp_node import PtpNode
    from aes67_sender.logic.ptp.follower import FollowerSettings


class GrandmasterProvider:
    """Serves a time, and is read as that time; while it yields to a better clock it follows that one.

    When the better clock goes, its time is served on at the rate it had: the network's time does not jump.
    """

    name: ProviderName = "grandmaster"

    def __init__(
        self, node: PtpNode, settings: GrandmasterSettings, follow: FollowerSettings, mapping: ClockMapping
    ) -> None:
        """``mapping`` leads from the monotonic clock to the time that is served first."""
        self.node = node
        self.mapping = mapping
        self.grandmaster = Grandmaster(node.new_port_identity(1), settings, mapping, monotonic_ns())
        self._follower = BuiltinPtpProvider(node, follow, rate_ppm=mapping.rate_ppm)
        self._follower.follower.active = False
        node.add(self.grandmaster)

    def poll(self) -> ClockReading:
        """The time served, or the better clock's."""
        reading = self._follower.poll()
        with self.node.lock:
            yielding = self.grandmaster.state == "yielding"
            self._follower.follower.active = yielding
            if yielding:
                self._take_over(reading)
                return replace(reading, why=f"This sender would be the grandmaster, but yields. {reading.why}")
            now_ns = monotonic_ns()
            where = reasons.here(self.node.interface.name, self.node.domain)
            if self.grandmaster.state == "listening":
                return ClockReading("locking", f"This sender listens for a better clock {where} before it serves time.")
            count = self.grandmaster.followers(now_ns)
            followers = "1 follower asks" if count == 1 else f"{count} followers ask"
            return ClockReading(
                state="locked",
                why=f"This sender is the grandmaster {where}; {followers} it for the time.",
                monotonic_ns=now_ns,
                media_ns=self.mapping.media_at(now_ns),
                rate_ppm=self.mapping.rate_ppm,
                grandmaster=str(self.grandmaster.port.clock),
                steps_removed=0,
                offset_ns=0,
                accuracy_ns=0,
                timestamping=self.node.stamp_kind,
            )

    def close(self) -> None:
        """Serve and follow no longer; the node goes on."""
        self.node.remove(self.grandmaster)
        self._follower.close()

    def _take_over(self, reading: ClockReading) -> None:
        """Keep ready to go on with the better clock's time, should it go."""
        if reading.media_ns is None or reading.rate_ppm is None:
            return
        self.mapping = ClockMapping(reading.monotonic_ns, reading.media_ns, reading.rate_ppm, 0)
        self.grandmaster.set_mapping(self.mapping)
        master = self.grandmaster.yields_to
        if master is not None:
            self.grandmaster.set_timescale(master.flags, master.utc_offset_s)
