"""The clock provider ``gstreamer``: GStreamer's own PTP follower."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Literal

import psutil

from aes67_sender import console
from aes67_sender.errors import MachineError, SenderError
from aes67_sender.gst import runtime
from aes67_sender.gst.binding import Gst, GstNet
from aes67_sender.gst.ptpjudge import DomainFound, Judgement, MasterSelected, PathDelayMeasured, PtpJudge, TimeUpdated
from aes67_sender.model.clock import ClockReading
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.gst.ptpjudge import PtpEvent

log = logging.getLogger(__name__)
_READINGS: Final = 3
_WAIT_NS: Final = 250 * NS_PER_MS
_INTERFACE_WAIT_S: Final = 1.0
_NONE: Final = 2**64 - 1
_FEW_EVENTS: Final = 1024

# GStreamer's PTP can be initialised once per process: 1.22 aborts when it is taken down again.
_init_lock = threading.Lock()
_init_interface: str | None = None
_init_worked = False


class GstPtpProvider:
    """Follows the grandmaster of one domain through one interface. See ``ClockProvider`` for the rules.

    A worker thread starts GStreamer's follower and waits for its first lock, for ever; ``poll`` only reads.
    In holdover there is no media time: GStreamer's clock runs on with its last guess, or is on its way to a new
    time, and the media clock's own mapping is the better guess.

    Raises:
        MachineError: there is no such interface, or this process already follows PTP through another one.
    """

    name: Literal["gstreamer"] = "gstreamer"

    def __init__(self, interface: str, domain: int = 0) -> None:
        # An unknown interface blocks ptp_init for 30 s, and PTP is then lost for the whole process.
        if interface not in psutil.net_if_stats():
            raise MachineError(f"There is no network interface {interface}.", hint="See: aes67-sender interfaces")
        if _init_interface not in (None, interface):
            raise MachineError(
                f"GStreamer's PTP follows through {_init_interface} until this process ends.",
                hint="Restart the sender to use another interface.",
            )
        self._interface = interface
        self._domain = domain
        self._judge = PtpJudge(interface, domain)
        self._events: deque[PtpEvent] = deque(maxlen=_FEW_EVENTS)
        self._clock: GstNet.PtpClock | None = None
        self._obstacle: str | None = f"GStreamer's PTP is starting on {interface}."
        self._callback: int | None = None
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._run, name="gst-ptp", daemon=True)
        self._worker.start()

    def _run(self) -> None:
        try:
            self._follow()
        except SenderError as error:
            self._obstacle = str(error)
        except Exception:
            log.exception("GStreamer's PTP could not be started.")
            self._obstacle = "GStreamer's PTP could not be started; the log says why."

    def _follow(self) -> None:
        runtime.load()
        while not self._is_up():
            self._obstacle = f"The network interface {self._interface} is down."
            if self._stopping.wait(_INTERFACE_WAIT_S):
                return
        self._callback = GstNet.ptp_statistics_callback_add(self._on_statistics)
        if not _initialise(self._interface):
            self._obstacle = (
                f"GStreamer's PTP helper does not run on {self._interface}: another program may hold UDP ports 319 "
                "and 320, or the helper lacks the right to open them."
            )
            return
        clock = GstNet.PtpClock.new("ptp", self._domain)
        if clock is None:
            self._obstacle = f"GStreamer refuses PTP domain {self._domain}."
            return
        self._obstacle = None
        while not self._stopping.is_set():
            if clock.wait_for_sync(_WAIT_NS):
                self._clock = clock
                return

    def _is_up(self) -> bool:
        found = psutil.net_if_stats().get(self._interface)
        return found is not None and found.isup

    def _on_statistics(self, domain: int, structure: Gst.Structure, *_: object) -> bool:
        """GStreamer's PTP thread calls this with its lock held: copy and leave."""
        try:
            event = _read(domain, structure)
            if event is not None:
                self._events.append(event)
        except Exception:
            log.exception("PTP statistics could not be read.")
        return not self._stopping.is_set()

    def poll(self) -> ClockReading:
        """Read both clocks: the best of three readings, each between two of the monotonic clock."""
        while self._events:
            self._judge.fold(self._events.popleft())
        clock, now_ns = self._clock, monotonic_ns()
        judgement = self._judge.judge(now_ns, synced_once=clock is not None)
        if self._obstacle is not None:
            judgement = Judgement("listening", self._obstacle, usable=False)
        best = min((_bracket(clock) for _ in range(_READINGS)), default=None) if clock and judgement.usable else None
        grandmaster = self._judge.grandmaster
        if clock is not None:
            grandmaster = _identity(clock.get_property("grandmaster-clock-id")) or grandmaster
        uncertainty_ns, read_ns, media_ns = best if best is not None else (0, now_ns, _NONE)
        return ClockReading(
            state=judgement.state,
            why=judgement.why,
            monotonic_ns=read_ns,
            media_ns=media_ns if media_ns != _NONE else None,
            uncertainty_ns=uncertainty_ns,
            grandmaster=grandmaster,
            offset_ns=self._judge.offset_ns,
            path_delay_ns=self._judge.path_delay_ns,
            accuracy_ns=judgement.accuracy_ns,
            timestamping="user-space",
        )

    def close(self) -> None:
        """Stop waiting and listening. GStreamer's helper runs on until the process ends."""
        self._stopping.set()
        self._worker.join(1.0)
        callback, self._callback = self._callback, None
        if callback is not None:
            GstNet.ptp_statistics_callback_remove(callback)


def _bracket(clock: Gst.Clock) -> tuple[int, int, int]:
    before_ns = monotonic_ns()
    media_ns = clock.get_time()
    after_ns = monotonic_ns()
    return (after_ns - before_ns + 1) // 2, (before_ns + after_ns) // 2, media_ns


def _initialise(interface: str) -> bool:
    """``ptp_init``, once per process; may block for 30 s when the helper does not answer."""
    global _init_interface, _init_worked  # noqa: PLW0603  GStreamer's PTP is one per process
    with _init_lock:
        if _init_interface is None:
            _init_interface = interface
            with console.modes_kept(), _stderr_to_null():
                _init_worked = GstNet.ptp_init(_clock_id(interface), [interface])
        return _init_worked


@contextlib.contextmanager
def _stderr_to_null() -> Iterator[None]:
    """The helper inherits stderr, where it says farewell (1.22) or writes binary frames (1.28 on Windows).

    Where stderr is a console of Windows, it switches that console's escape sequences off too.
    """
    try:
        saved = os.dup(2)
    except OSError:
        yield
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _clock_id(interface: str) -> int:
    """Our PTP identity. Not the usual one made of the MAC: 1.22 ignores a grandmaster on this host that has it."""
    macs = [
        address.address.replace("-", ":").split(":")
        for address in psutil.net_if_addrs().get(interface, ())
        if address.family == psutil.AF_LINK
    ]
    octets = macs[0] if macs else []
    if len(octets) != 6:  # noqa: PLR2004  a MAC address
        return GstNet.PTP_CLOCK_ID_NONE
    # The helper of 1.22 reads it as a signed number.
    return int("".join([*octets[:3], "fffd", *octets[3:]]), 16) % 2**63


def _identity(value: int) -> str | None:
    return value.to_bytes(8, "big").hex("-") if value not in (0, _NONE) else None


def _read(domain: int, structure: Gst.Structure) -> PtpEvent | None:
    def number(key: str) -> int:
        found, value = structure.get_uint64(key)
        return value if found else _NONE

    match structure.get_name():
        case "GstPtpStatisticsNewDomainFound":
            return DomainFound(domain)
        case "GstPtpStatisticsBestMasterClockSelected":
            identity = _identity(number("grandmaster-clock-id"))
            return MasterSelected(domain, identity) if identity is not None else None
        case "GstPtpStatisticsPathDelayMeasured":
            return PathDelayMeasured(domain, number("mean-path-delay-avg"))
        case "GstPtpStatisticsTimeUpdated":
            estimated, received = number("estimated-ptp-time"), number("ptp-time")
            offset_ns = None if _NONE in (estimated, received) else estimated - received
            return TimeUpdated(
                domain, monotonic_ns(), offset_ns, synced=structure.get_boolean("synced") == (True, True)
            )
        case _:
            return None
