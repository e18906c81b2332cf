"""Whether the system clock, or a PTP hardware clock, can be taken for PTP time, and how far from it UTC is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Flag
from aes67_sender.wire.ptp_datasets import PortState, TimeProperties

if TYPE_CHECKING:
    from aes67_sender.logic.ptp_daemon import DaemonView
    from aes67_sender.model.clock import ClockState
    from aes67_sender.wire.ptp_datasets import TimeStatus

TaiUtcOffset = int | Literal["auto"]

#: TAI minus UTC since 2017, in s; also what ptp4l assumes (its option ``utc_offset``).
USUAL_TAI_UTC_S: Final = 37
#: In lock below this distance from the grandmaster; out of it after this long beyond that distance.
_LOCK_NS: Final = 100_000
_UNLOCK_NS: Final = 1_000_000
_UNLOCK_AFTER_NS: Final = 3 * NS_PER_S
#: Sync comes at least every two seconds (AES67 media profile: 2¹ s).
_NO_SYNC_AFTER_NS: Final = 10 * NS_PER_S
#: How long a daemon may take to its first answers.
_FIRST_ANSWER_NS: Final = 2 * NS_PER_S
_SOFTWARE: Final = 0
_RECENT_OFFSETS: Final = 8
#: Measurements that show a clock to agree with the grandmaster though ptp4l does not steer it.
_EVIDENCE: Final = 5


@dataclass(frozen=True, slots=True)
class KernelTime:
    """What the kernel says of the system clock; ``None`` where it does not tell. 0 s is an offset never set."""

    tai_utc_s: int | None = None
    synchronised: bool | None = None


@dataclass(frozen=True, slots=True)
class ClockJudgement:
    """Everything of a clock reading but the time itself.

    ``add_s`` is what to add to the clock for PTP time, ``None`` while that is unknown.
    """

    state: ClockState
    why: str
    add_s: int | None
    grandmaster: str | None = None
    steps_removed: int | None = None
    offset_ns: int | None = None
    path_delay_ns: int | None = None
    accuracy_ns: int | None = None
    timestamping: str = "system"


def assumed_tai_utc(wanted: TaiUtcOffset, kernel: KernelTime) -> tuple[int, str]:
    """TAI minus UTC in s without a PTP daemon, and the sentence that says where it is from."""
    if wanted != "auto":
        return wanted, f"TAI-UTC is {wanted} s by the configuration."
    if kernel.tai_utc_s:
        return kernel.tai_utc_s, f"TAI-UTC is {kernel.tai_utc_s} s by the kernel."
    return USUAL_TAI_UTC_S, f"TAI-UTC is taken to be {USUAL_TAI_UTC_S} s: nobody tells."


def daemon_tai_utc_s(time: TimeProperties, *, software: bool, grandmaster: bool) -> int:
    """What linuxptp keeps between PTP time and the system clock, in s.

    Arbitrary time scale: nothing, the system clock is PTP time. A ptp4l with software stamps that is the grandmaster
    sends the system clock as it is, whatever it announces. As a follower it trusts the announced offset only when it
    is valid and traceable, or above its own. phc2sys always trusts it.
    """
    if Flag.PTP_TIMESCALE not in time.flags or (software and grandmaster):
        return 0
    trusted = Flag.UTC_OFFSET_VALID | Flag.TIME_TRACEABLE
    if software and trusted not in time.flags:
        return max(time.utc_offset_s, USUAL_TAI_UTC_S)
    return time.utc_offset_s


@dataclass(frozen=True, slots=True)
class _Held:
    """What was true when the clock was last in lock, and holds on in holdover."""

    add_s: int
    grandmaster: str


class SystemClockJudge:
    """Folds the daemon's answers and the kernel's word. Time comes in as monotonic ns; one owner.

    Lock needs a daemon that says so: no clock is called locked on a guess. While it was locked once and is not now,
    that is holdover, with the last offset and grandmaster kept: PTP time must not jump because a daemon died.
    """

    def __init__(self, wanted: TaiUtcOffset, *, domain: int, path: str, phc: bool) -> None:
        self._wanted: TaiUtcOffset = wanted
        self._domain = domain
        self._path = path
        self._phc = phc
        self._held: _Held | None = None
        self._started_ns: int | None = None
        self._far_since_ns: int | None = None
        self._newest: TimeStatus | None = None
        self._newest_at_ns = 0
        self._offsets_ns: deque[int] = deque(maxlen=_RECENT_OFFSETS)

    def judge(self, now_ns: int, view: DaemonView, kernel: KernelTime) -> ClockJudgement:
        """The state now."""
        if self._started_ns is None:
            self._started_ns = now_ns
        if view.link != "answers":
            return self._without_daemon(now_ns, view, kernel)
        if view.own is None or view.parent is None or view.time is None or view.current is None or not view.ports:
            return self._unlocked("listening", "ptp4l has begun to answer.")
        match _role(view):
            case "grandmaster":
                self._offsets_ns.clear()
                return self._locked(view, view.time, grandmaster=True)
            case "follower" | "observer" as role:
                if obstacle := self._obstacle(now_ns, view, kernel, observer=role == "observer"):
                    return self._unlocked("locking", obstacle, view)
                return self._locked(view, view.time, grandmaster=False)
            case _NoRole(why):
                return self._unlocked("locking", why, view)

    def _without_daemon(self, now_ns: int, view: DaemonView, kernel: KernelTime) -> ClockJudgement:
        match view.link:
            case "forbidden":
                what = f"No permission to ask ptp4l at {self._path}"
            case _ if view.other_domain is not None:
                what = f"ptp4l at {self._path} runs in domain {view.other_domain}, not in {self._domain}"
            case _:
                what = f"No ptp4l answers at {self._path}"
        if self._held is not None:
            return self._unlocked("locking", f"{what} any more.")
        starting = self._started_ns is not None and now_ns - self._started_ns < _FIRST_ANSWER_NS
        if view.link == "silent" and starting:
            return self._unlocked("listening", "ptp4l has been asked and has not answered yet.")
        if self._phc:
            why = f"{what}: nobody tells whether the hardware clock follows a grandmaster."
            return ClockJudgement("free-running", why, 0, timestamping="hardware")
        add_s, sentence = assumed_tai_utc(self._wanted, kernel)
        kernels_word = {None: "the kernel neither", True: "the kernel only says that it is disciplined"}.get(
            kernel.synchronised, "the kernel says that nobody disciplines it"
        )
        why = f"{what}: nobody tells whether the system clock follows a grandmaster, {kernels_word}. {sentence}"
        return ClockJudgement("free-running", why, add_s)

    def _unlocked(
        self, state: Literal["listening", "locking"], why: str, view: DaemonView | None = None
    ) -> ClockJudgement:
        offset_ns = view.status.offset_ns if view and view.status and view.status.grandmaster_present else None
        timestamping = _timestamping(view) if view else "system"
        if self._held is None:
            explicit = None if self._wanted == "auto" or self._phc else self._wanted
            return ClockJudgement(state, why, explicit, offset_ns=offset_ns, timestamping=timestamping)
        why = f"{why} The clock runs on at its last rate, from grandmaster {self._held.grandmaster}."
        return ClockJudgement(
            "holdover", why, self._held.add_s, self._held.grandmaster, offset_ns=offset_ns, timestamping=timestamping
        )

    def _obstacle(self, now_ns: int, view: DaemonView, kernel: KernelTime, *, observer: bool) -> str | None:
        """Why a daemon that hears a grandmaster is not in lock with it, or ``None``."""
        status = view.status
        if status is None or not status.grandmaster_present:
            return "ptp4l has no measurement yet."
        if self._newest is None or status.ingress_ns != self._newest.ingress_ns:
            self._newest, self._newest_at_ns = status, now_ns
            self._offsets_ns.append(abs(status.offset_ns))
        elif now_ns - self._newest_at_ns > _NO_SYNC_AFTER_NS:
            return "ptp4l follows a grandmaster but gets no Sync from it."
        if observer and len(self._offsets_ns) < _EVIDENCE:
            return "ptp4l has found a grandmaster and measures its distance."
        if view.timestamping not in (None, _SOFTWARE) and not self._phc and kernel.synchronised is False:
            return "ptp4l disciplines a hardware clock and nobody the system clock: start phc2sys, or name the PHC."
        far_ns = max(self._offsets_ns) if observer and self._held is None else abs(status.offset_ns)
        if self._is_far(now_ns, far_ns):
            return f"The clock is still {far_ns / 1000:.0f} µs away from ptp4l's grandmaster."
        return None

    def _is_far(self, now_ns: int, distance_ns: int) -> bool:
        if self._held is None:
            return distance_ns > _LOCK_NS
        if distance_ns <= _UNLOCK_NS:
            self._far_since_ns = None
            return False
        if self._far_since_ns is None:
            self._far_since_ns = now_ns
        return now_ns - self._far_since_ns >= _UNLOCK_AFTER_NS

    def _locked(self, view: DaemonView, time: TimeProperties, *, grandmaster: bool) -> ClockJudgement:
        assert view.parent  # noqa: S101  judged complete
        assert view.current  # noqa: S101
        identity = str(view.parent.grandmaster)
        told_s = daemon_tai_utc_s(time, software=view.timestamping in (None, _SOFTWARE), grandmaster=grandmaster)
        add_s = 0 if self._phc else told_s if self._wanted == "auto" else self._wanted
        self._held = _Held(add_s, identity)
        clock = "hardware clock" if self._phc else "system clock"
        if grandmaster:
            why = f"This host is the grandmaster: ptp4l sends the {clock}'s time."
        else:
            why = f"By ptp4l, the {clock} agrees with grandmaster {identity}."
        if not self._phc:
            why += f" PTP time is the system clock + {add_s} s"
            why += "." if add_s == told_s else f" by the configuration, though ptp4l keeps {told_s} s."
        return ClockJudgement(
            state="locked",
            why=why,
            add_s=add_s,
            grandmaster=identity,
            steps_removed=view.current.steps_removed,
            offset_ns=0 if grandmaster else view.status.offset_ns if view.status else None,
            path_delay_ns=None if grandmaster else view.current.path_delay_ns,
            accuracy_ns=max(self._offsets_ns, default=0),
            timestamping=_timestamping(view),
        )


@dataclass(frozen=True, slots=True)
class _NoRole:
    """The daemon neither follows nor leads."""

    why: str


def _role(view: DaemonView) -> Literal["follower", "observer", "grandmaster"] | _NoRole:
    """What the daemon does. An observer measures: a daemon about to follow, or one told to steer nothing.

    With ``free_running`` a ptp4l stays UNCALIBRATED for ever, though its measurements are as good as any.
    """
    states = set(view.ports.values())
    if PortState.SLAVE in states:
        return "follower"
    if PortState.UNCALIBRATED in states:
        return "observer"
    own_master = view.own and view.parent and view.own.identity == view.parent.grandmaster
    if states & {PortState.MASTER, PortState.GRAND_MASTER} and own_master:
        return "grandmaster"
    if states <= {PortState.FAULTY, PortState.DISABLED, PortState.INITIALIZING}:
        return _NoRole("ptp4l's ports are faulty or not yet up: see its log.")
    return _NoRole(f"ptp4l hears no grandmaster in domain {view.own.domain if view.own else 0}.")


def _timestamping(view: DaemonView) -> str:
    match view.timestamping:
        case None:
            return "system"
        case 0:
            return "kernel"
        case _:
            return "hardware"
