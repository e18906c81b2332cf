"""Judges what was heard on the PTP ports, and how far the system's clock is from it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  the record's own fields
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.logic.doctor.findings import Finding, Remedy, everywhere
from aes67_sender.logic.ptp import reasons

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.doctor.findings import Severity, System
    from aes67_sender.model.snapshot import MasterStatus

Role = Literal["grandmaster", "follower", "other", "forbidden"]
#: The old tools' words, which users search for.
_TIMEOUT: Final = 'The old tools said "PTP clock sync timeout" here.'
_NOT_SYNCHRONISED: Final = 'The old tools said "PTP not synchronized" here.'
_FAR_S: Final = 1.0
#: A follower needs so long; who listened for less cannot complain.
_LOCK_WITHIN_S: Final = 5.0
#: These clock modes do without a grandmaster.
_ALONE: Final = frozenset({"free-run", "grandmaster", "system"})
_USUAL_TAI_UTC_S: Final = 37

OTHER_DOMAIN: Final = everywhere(
    'Set "clock": {{"domain": {domain}}} in the config, or set the grandmaster to domain {wanted}. ' + _TIMEOUT
)
VERSION_1: Final = everywhere(
    "Switch on AES67 mode in a Dante device that can be the grandmaster (Dante Controller, Device Config, AES67), so "
    "that it sends PTP version 2 too. " + _TIMEOUT
)
UNICAST: Final = everywhere(
    "Set the grandmaster to multicast (UDP over IPv4, no unicast negotiation), or the network to the AES67 media "
    "profile: this sender hears PTP by multicast only. " + _TIMEOUT
)
NOBODY: Final = Remedy(
    linux="See that a grandmaster is in this network (a Dante device in AES67 mode, a switch, or `aes67-sender "
    "grandmaster`), that {name} is the right interface, that the switch lets 224.0.1.129 pass, and that the firewall "
    "lets UDP 319 and 320 in (sudo nft list ruleset). What arrives: sudo tcpdump -ni {name} udp port 319 or 320. "
    + _TIMEOUT,
    win32="See that a grandmaster is in this network (a Dante device in AES67 mode, a switch, or `aes67-sender "
    "grandmaster`), that {name} is the right interface, that the switch lets 224.0.1.129 pass, and that the firewall "
    'lets UDP 319 and 320 in: netsh advfirewall firewall add rule name="AES67 PTP" dir=in action=allow protocol=UDP '
    "localport=319,320. " + _TIMEOUT,
    darwin="See that a grandmaster is in this network (a Dante device in AES67 mode, a switch, or `aes67-sender "
    "grandmaster`), that {name} is the right interface, that the switch lets 224.0.1.129 pass, and that the firewall "
    "allows Python. What arrives: sudo tcpdump -ni {name} udp port 319 or 320. " + _TIMEOUT,
)
NO_ANNOUNCE: Final = Remedy(
    linux="Let UDP port 320 in: sudo ufw allow 320/udp. Or the master announces itself to others only. " + _TIMEOUT,
    win32='Let UDP port 320 in: netsh advfirewall firewall add rule name="AES67 PTP" dir=in action=allow '
    "protocol=UDP localport=319,320. Or the master announces itself to others only. " + _TIMEOUT,
    darwin="Let UDP port 320 in: allow Python in the firewall. Or the master announces itself to others only. "
    + _TIMEOUT,
)
NO_SYNC: Final = Remedy(
    linux="Let UDP port 319 in: sudo ufw allow 319/udp. If that is so, the master sends its Syncs by unicast: set it "
    "to multicast. " + _NOT_SYNCHRONISED,
    win32='Let UDP port 319 in: netsh advfirewall firewall add rule name="AES67 PTP" dir=in action=allow '
    "protocol=UDP localport=319,320. If that is so, the master sends its Syncs by unicast: set it to multicast. "
    + _NOT_SYNCHRONISED,
    darwin="Let UDP port 319 in: allow Python in the firewall. If that is so, the master sends its Syncs by unicast: "
    "set it to multicast. " + _NOT_SYNCHRONISED,
)
NOT_LOCKED: Final = everywhere(
    "Look on with `aes67-sender clock --watch`. Switches without PTP support, Wi-Fi, energy-efficient Ethernet and a "
    "busy computer make it worse. " + _NOT_SYNCHRONISED
)
HERE: Final = everywhere(
    'ptp4l\'s messages do not come back to this computer, so use its clock: set "clock": {{"mode": "system"}}, or '
    "auto, which does so by itself; the sender reads ptp4l's state from {path}. With any other mode, the old tools "
    'said "PTP clock sync timeout".'
)
FORBIDDEN: Final = everywhere(
    "It may be the grandmaster itself, and is not heard then. Let this user write to {path}ro (linuxptp 4: "
    "uds_ro_file_mode 0666), or run the doctor with sudo."
)
SET_CLOCK: Final = Remedy(
    linux="Let it follow one: sudo timedatectl set-ntp true; or set the grandmaster's time. Media time is the "
    "grandmaster's all the same; logs and the clock mode system are wrong by that much.",
    win32="Let it follow one: w32tm /resync (as administrator); or set the grandmaster's time. Media time is the "
    "grandmaster's all the same; logs and the clock mode system are wrong by that much.",
    darwin="Let it follow one: sudo sntp -sS time.apple.com; or set the grandmaster's time. Media time is the "
    "grandmaster's all the same; logs and the clock mode system are wrong by that much.",
)


@dataclass(frozen=True, slots=True)
class DaemonFacts:
    """A PTP daemon on this computer; ``path`` is ptp4l's management socket, empty for a grandmaster of our own."""

    role: Role
    path: str = ""
    grandmaster: str = ""
    domain: int | None = None


@dataclass(frozen=True, slots=True)
class PtpFacts:
    """What was heard in ``seconds`` on an interface. Counts are of messages in the own domain, by type.

    ``refused``: why nothing could be heard at all. ``raw_error_s``: the system's UTC minus the time the master serves,
    whatever its scale; ``None`` if none was told.
    """

    interface: str
    domain: int
    seconds: float
    refused: str = ""
    masters: Sequence[MasterStatus] = ()
    multicast: Mapping[str, int] = field(default_factory=dict)
    unicast: Mapping[str, int] = field(default_factory=dict)
    locked: bool = False
    why: str = ""
    accuracy_ns: int | None = None
    raw_error_s: float | None = None
    daemon: DaemonFacts | None = None


def judge_ptp(facts: PtpFacts, system: System, *, mode: str) -> Iterator[Finding]:
    """The grandmaster, the lock on it, and a daemon beside. ``mode`` is the clock mode of the config."""
    daemon = facts.daemon
    leads = daemon is not None and daemon.role == "grandmaster"
    if daemon is not None:
        yield _daemon(daemon, system, mode)
    ours = [each for each in facts.masters if each.version > 1 and each.domain == facts.domain]
    if facts.refused:
        hint = "See what is said of the ports."
        yield Finding("ptp.grandmaster", "warn", f"PTP could not be listened to: {facts.refused}", hint, _told(facts))
        return
    if not ours:
        if not leads:
            yield _nobody(facts, system, mode)
        return
    best = ours[0]
    more = "" if len(ours) == 1 else f", and {len(ours) - 1} more in that domain"
    text = f"Grandmaster {best.grandmaster} is heard from {best.address} in domain {facts.domain}{more}."
    yield Finding("ptp.grandmaster", "ok", text, facts=_told(facts))
    if facts.unicast.get("Sync") and not facts.multicast.get("Sync"):
        text = f"It speaks to {facts.interface} by unicast only: it answers no delay requests to the group."
        yield Finding("ptp.unicast", "warn", text, UNICAST.on(system), _told(facts))
        return
    yield _lock(facts, system)


def _daemon(daemon: DaemonFacts, system: System, mode: str) -> Finding:
    told = {"role": daemon.role, "grandmaster": daemon.grandmaster, "domain": daemon.domain, "socket": daemon.path}
    if not daemon.path:
        text = "An aes67-sender on this computer is itself the grandmaster; it is not heard here."
        return Finding("ptp.here", "info", text, facts=told)
    if daemon.role == "grandmaster":
        severity: Severity = "info" if mode in {"auto", *_ALONE} else "problem"
        text = f"ptp4l on this computer is itself the grandmaster of domain {daemon.domain}."
        return Finding("ptp.here", severity, text, HERE.on(system, path=daemon.path), told)
    if daemon.role == "follower":
        text = f"ptp4l on this computer follows grandmaster {daemon.grandmaster}; the mode auto leaves it in charge."
        return Finding("ptp.here", "info", text, facts=told)
    if daemon.role == "forbidden":
        text = f"ptp4l runs on this computer, but this user may not ask it at {daemon.path}."
        return Finding("ptp.here", "info", text, FORBIDDEN.on(system, path=daemon.path), told)
    text = "ptp4l runs on this computer and follows nobody."
    return Finding("ptp.here", "info", text, "See its log: its port is listening or faulty.", told)


def _nobody(facts: PtpFacts, system: System, mode: str) -> Finding:
    name, domain = facts.interface, facts.domain
    others = sorted({each.domain for each in facts.masters if each.version > 1})
    if facts.unicast.get("Sync") and not facts.multicast.get("Sync"):
        text = f"Syncs come to {name} by unicast only, to single addresses and not to the group."
        hint = UNICAST.on(system)
    elif others:
        text = reasons.other_domains(others, domain)
        hint = OTHER_DOMAIN.on(system, domain=others[0], wanted=domain)
    elif facts.multicast.get("Sync"):
        text, hint = reasons.unannounced(name, domain), NO_ANNOUNCE.on(system)
    elif facts.masters:
        text, hint = f"Only PTP version 1 is heard on {name}, as Dante devices speak it.", VERSION_1.on(system)
    else:
        text = f"No PTP master was heard on {name}, domain {domain}, in {facts.seconds:g} s."
        hint = NOBODY.on(system, name=name)
    severity: Severity = "info" if mode in _ALONE else "problem"
    return Finding("ptp.grandmaster", severity, text, hint, _told(facts))


def _lock(facts: PtpFacts, system: System) -> Finding:
    told = {"accuracy_ns": facts.accuracy_ns, "seconds": facts.seconds}
    if facts.locked:
        accuracy = "" if facts.accuracy_ns is None else f", to {facts.accuracy_ns / 1000:.0f} µs"
        return Finding("ptp.lock", "ok", f"This computer can follow it{accuracy}.", facts=told)
    if not facts.multicast.get("Sync"):
        text = "The grandmaster announces itself, but none of its Syncs arrives."
        return Finding("ptp.lock", "problem", text, NO_SYNC.on(system), told)
    if facts.seconds < _LOCK_WITHIN_S:
        text = f"{facts.seconds:g} s were too short to follow it; its Syncs arrive."
        return Finding("ptp.lock", "info", text, "Listen for longer: --seconds 10.", told)
    return Finding("ptp.lock", "warn", f"No lock in {facts.seconds:g} s. {facts.why}", NOT_LOCKED.on(system), told)


def judge_system_clock(facts: PtpFacts, system: System) -> Iterator[Finding]:
    """The operating system's clock against the grandmaster. An epoch of the master's own proves nothing."""
    master = next((each for each in facts.masters if each.version > 1 and each.domain == facts.domain), None)
    if master is None or facts.raw_error_s is None:
        return
    offset_s = master.utc_offset_s if master.utc_offset_s is not None else _USUAL_TAI_UTC_S
    # PTP's own time scale is TAI, ahead of UTC; what is no PTP time scale may be UTC, TAI or anything.
    as_tai_s = facts.raw_error_s + offset_s
    told = {"apart_s": round(as_tai_s, 3), "raw_apart_s": round(facts.raw_error_s, 3), "tai_minus_utc_s": offset_s}
    if master.ptp_timescale:
        if abs(as_tai_s) < _FAR_S:
            text = f"The system's clock is within {_FAR_S:g} s of the grandmaster's UTC."
            yield Finding("ptp.system-clock", "ok", text, facts=told)
            return
        direction = "ahead of" if as_tai_s > 0 else "behind"
        text = f"The system's clock is {_span(abs(as_tai_s))} {direction} the grandmaster's UTC."
        yield Finding("ptp.system-clock", "warn", text, SET_CLOCK.on(system), told)
        return
    if min(abs(as_tai_s), abs(facts.raw_error_s)) < _FAR_S:
        text = f"The system's clock is within {_FAR_S:g} s of the grandmaster's time."
        yield Finding("ptp.system-clock", "ok", text, facts=told)
        return
    text = (
        f"The grandmaster's time is {_span(abs(facts.raw_error_s))} from the system's clock, and it does not claim "
        "to be that of the world."
    )
    hint = "Usual for Dante devices, whose time begins when they are switched on. Nothing to do."
    yield Finding("ptp.system-clock", "info", text, hint, told)


def _span(seconds: float) -> str:
    for size, word in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {word}"
    return f"{seconds:.1f} s"


def _told(facts: PtpFacts) -> dict[str, object]:
    return {
        "interface": facts.interface,
        "domain": facts.domain,
        "seconds": facts.seconds,
        "masters": [
            f"{each.grandmaster} version {each.version}" + (f" domain {each.domain}" if each.version > 1 else "")
            for each in facts.masters
        ],
        "multicast": dict(facts.multicast),
        "unicast": dict(facts.unicast),
    }
