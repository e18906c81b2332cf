"""What this machine allows of clocks, and the providers made from the config."""

from __future__ import annotations

import contextlib
import sys
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.clock.builtin import BuiltinPtpProvider
from aes67_sender.engine.clock.freerun import FreeRunProvider
from aes67_sender.engine.clock.grandmaster import GrandmasterProvider
from aes67_sender.engine.clock.ptp_node import PtpNode
from aes67_sender.engine.clock.served import computer_time
from aes67_sender.engine.clock.system import SystemClockProvider
from aes67_sender.errors import MachineError
from aes67_sender.logic.clock_choice import Facts
from aes67_sender.logic.ptp.follower import FollowerSettings
from aes67_sender.logic.ptp.grandmaster import ANY_CLOCK, GrandmasterSettings
from aes67_sender.model.problem import Problem
from aes67_sender.net.ptp4l import is_listening
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp_messages import ClockQuality

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.config.model import ClockSettings
    from aes67_sender.logic.provider import ClockProvider
    from aes67_sender.model.clock import ClockMapping, ProviderName
    from aes67_sender.model.interface import Interface

#: The first GStreamer that follows PTP on Windows.
GSTREAMER_ON_WINDOWS: Final = (1, 24)
#: How often what may change is looked at again.
_LOOK_EVERY_NS: Final = 2 * NS_PER_S
_OPEN_EVERY_NS: Final = 10 * NS_PER_S


class Providers:
    """Opens the PTP ports if it may, knows what can be had, and makes providers. Of the clock's thread."""

    def __init__(
        self,
        settings: ClockSettings,
        interface: Interface,
        make_node: Callable[[Interface, int], PtpNode] = PtpNode,
    ) -> None:
        self._settings = settings
        self._interface = interface
        self._make_node = make_node
        self._refusal: MachineError | None = None
        self._opened_ns: int | None = None
        self._looked_ns: int | None = None
        self._facts = Facts(settings.ptp4l_socket, daemon=False, ports="", gstreamer="")
        #: The PTP ports of the interface, also when another provider is in use: it hears every master.
        self.node: PtpNode | None = None

    def facts(self, now_ns: int) -> Facts:
        """What this machine allows, looked at every few seconds; takes milliseconds at most."""
        if self._looked_ns is None or now_ns - self._looked_ns > _LOOK_EVERY_NS:
            self._looked_ns = now_ns
            if self.node is None and (self._opened_ns is None or now_ns - self._opened_ns > _OPEN_EVERY_NS):
                self._opened_ns = now_ns
                self._open()
            self._facts = Facts(
                self._settings.ptp4l_socket,
                daemon=is_listening(self._settings.ptp4l_socket),
                ports=str(self._refusal) if self._refusal else "",
                gstreamer=why_no_gstreamer(),
            )
        return self._facts

    def problems(self, mode: str) -> tuple[Problem, ...]:
        """What keeps the best clock from being used."""
        if self._refusal is None:
            found = self.node.problems if self.node else ()
            # That stamps could be better still is no problem; the status tells their kind.
            return tuple(problem for problem in found if problem.severity != "info")
        needed = mode in {"builtin", "grandmaster"}
        problem = Problem(
            "clock.ptp-ports", "error" if needed else "warning", str(self._refusal), self._refusal.hint, "clock"
        )
        return (problem,) if needed or mode == "auto" else ()

    def make(self, name: ProviderName, mapping: ClockMapping | None) -> ClockProvider:
        """A provider at work; ``mapping`` is the media clock now, if there is one.

        Raises:
            MachineError: it cannot be had here.
        """
        settings = self._settings
        match name:
            case "system":
                return SystemClockProvider(
                    settings.domain, settings.tai_utc_offset, settings.phc, settings.ptp4l_socket
                )
            case "free-run":
                return FreeRunProvider(settings.tai_utc_offset, mapping)
            case "gstreamer":
                from aes67_sender.gst.ptp import GstPtpProvider  # noqa: PLC0415  loads GStreamer

                return GstPtpProvider(self._interface.name, settings.domain)
            case "builtin":
                return BuiltinPtpProvider(self._ports(), self._follow(), rate_ppm=mapping.rate_ppm if mapping else 0.0)
            case "grandmaster":
                return self._grandmaster(mapping)

    def close(self) -> None:
        """Give the ports back."""
        if self.node is not None:
            self.node.close()

    def _open(self) -> None:
        try:
            node = self._make_node(self._interface, self._settings.domain)
        except MachineError as refused:
            self._refusal = refused
        else:
            node.start()
            self.node, self._refusal = node, None

    def _ports(self) -> PtpNode:
        if self.node is None:
            raise self._refusal or MachineError("The PTP ports are not open yet.")
        return self.node

    def _follow(self) -> FollowerSettings:
        settings = self._settings
        return FollowerSettings(settings.domain, settings.delay_mechanism, settings.delay_asymmetry_ns)

    def _grandmaster(self, mapping: ClockMapping | None) -> GrandmasterProvider:
        settings, served = self._settings, computer_time(self._settings.tai_utc_offset)
        serve = GrandmasterSettings(
            domain=settings.domain,
            priority1=settings.priority1,
            quality=ClockQuality(settings.clock_class, ANY_CLOCK.accuracy, ANY_CLOCK.variance),
            priority2=settings.priority2,
            utc_offset_s=served.utc_offset_s,
            flags=served.flags,
            peer_delay=settings.delay_mechanism == "p2p",
        )
        # Once packets are on the air, their time is the network's.
        mapping = mapping or served.mapping
        return GrandmasterProvider(self._ports(), serve, self._follow(), mapping)


def why_no_gstreamer(platform: str = sys.platform) -> str:
    """Whether GStreamer can follow PTP here, without loading it; empty if so."""
    if find_spec("gi") is None and find_spec("gstreamer_libs") is None:
        return "GStreamer is not installed."
    if platform == "win32":
        # Its helper process runs on Windows from 1.24 on; there, GStreamer comes as a wheel.
        with contextlib.suppress(metadata.PackageNotFoundError):
            installed = metadata.version("gstreamer-libs")
            if tuple(int(part) for part in installed.split(".")[:2]) < GSTREAMER_ON_WINDOWS:
                return f"GStreamer {installed} cannot follow PTP on Windows; 1.24 and later can."
    return ""
