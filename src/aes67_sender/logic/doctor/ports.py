"""Judges who holds the UDP ports of PTP and SAP, and whether this user may open them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.logic.doctor.findings import Finding, Remedy, everywhere, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.doctor.findings import Severity, System

PTP_PORTS: Final = (319, 320)
SAP_PORT: Final = 9875
Attempt = Literal["opened", "taken", "forbidden", "failed"]
#: Clock modes that do without the ports: GStreamer's helper opens them by itself.
_WITHOUT_PORTS: Final = frozenset({"gstreamer", "system", "free-run"})
_OLD_WORDS: Final = '"Failed to initialize PTP subsystem"'
#: Programs that speak PTP, by the beginning of their names, and what to do about each.
_KNOWN: Final = {
    "ptp4l": 'It keeps this computer\'s clock: use the clock mode system ("clock": {"mode": "system"}) or auto.',
    "ptpd": 'It keeps this computer\'s clock: use the clock mode system ("clock": {"mode": "system"}) or auto.',
    "gst-ptp-helper": "It is GStreamer's, for another program that uses GStreamer's PTP clock: stop that program.",
    "dvs": "It is Dante Virtual Soundcard: stop it, or set its sender up on another computer.",
    "ptp.exe": "It is a Dante program's (Virtual Soundcard, Via, Controller): stop that one.",
    "svchost": "It is probably the Windows Time service with its PTP client: stop the service W32Time.",
}

TAKEN: Final = Remedy(
    linux="Stop it: sudo systemctl stop SERVICE, or kill {pid}. Or let it keep the clock and use the mode system. "
    f"The old tools said {_OLD_WORDS}.",
    win32=f"End it in the Task Manager (process {{pid}}), or stop its service. The old tools said {_OLD_WORDS}.",
    darwin=f"End it in the Activity Monitor (process {{pid}}). The old tools said {_OLD_WORDS}.",
)
SAP_TAKEN: Final = everywhere(
    "End it (process {pid}), or let it share the port (SO_REUSEADDR). Until then, sessions of others are not seen; "
    "announcing goes on."
)
WEB: Final = everywhere('Set "web": {{"listen": "127.0.0.1:8068"}} in the config, or run with --no-web.')
FORBIDDEN: Final = Remedy(
    linux="Until the next boot: sudo sysctl net.ipv4.ip_unprivileged_port_start=319; for ever: put that line into "
    "/etc/sysctl.d/. Or for this Python only: sudo setcap cap_net_bind_service=+ep {program}. "
    f"The old tools said {_OLD_WORDS}.",
    win32=f"Run it as administrator, or end the program that has them for itself. The old tools said {_OLD_WORDS}.",
    darwin="macOS before 10.14 gives them to root only: run it with sudo. Later ones refuse only what is sandboxed. "
    f"The old tools said {_OLD_WORDS}.",
)
FAILED: Final = everywhere(
    "Restart the computer; if that does not help, report it with `aes67-sender doctor --report`."
)
ASK_AS_ROOT: Final = Remedy(
    linux="Run the doctor with sudo to see who it is.",
    win32="Run the doctor as administrator to see who it is.",
    darwin="Run the doctor with sudo to see who it is.",
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the port; ``pid`` ``None`` where this user may not know. ``own``: a sender of ours."""

    name: str
    pid: int | None
    own: bool = False


@dataclass(frozen=True, slots=True)
class PortFacts:
    """What came of opening a UDP port beside others, and who has it; ``error`` is the system's word."""

    port: int
    attempt: Attempt
    error: str = ""
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True)
class RightsFacts:
    """``unprivileged_from``: the first port anybody may open (Linux). ``program``: this Python."""

    program: str
    unprivileged_from: int | None = None


def judge_ports(
    ports: Sequence[PortFacts], rights: RightsFacts, system: System, *, sap: bool, mode: str = "auto"
) -> Iterator[Finding]:
    """319 and 320 of PTP, 9875 of SAP; ``sap``: whether the config announces by it; ``mode``: its clock mode."""
    ptp = [each for each in ports if each.port in PTP_PORTS]
    yield from _ptp(ptp, rights, system, "warn" if mode in _WITHOUT_PORTS else "problem")
    for each in ports:
        if each.port == SAP_PORT:
            yield from _sap(each, system, wanted=sap)


def _ptp(ports: Sequence[PortFacts], rights: RightsFacts, system: System, bad: Severity) -> Iterator[Finding]:
    told = {
        "ports": [each.port for each in ports],
        "held_by": sorted({_named(one) for p in ports for one in p.holders}),
    }
    if any(each.attempt == "forbidden" for each in ports):
        text = "This user may not open UDP ports 319 and 320, which PTP needs."
        if rights.unprivileged_from is not None:
            text = f"{text[:-1]}: this system gives ports from {rights.unprivileged_from} on to everybody."
        hint = FORBIDDEN.on(system, program=rights.program)
        yield Finding("ports.rights", bad, text, hint, told)
        return
    yield Finding("ports.rights", "ok", "This user may open the PTP ports 319 and 320.")
    taken = [each for each in ports if each.attempt == "taken"]
    if taken:
        numbers = listed(str(each.port) for each in taken)
        holders = [one for each in taken for one in each.holders]
        what = f"UDP port {numbers} is" if len(taken) == 1 else f"UDP ports {numbers} are"
        text = f"{what} held by {_all(holders)} alone."
        yield Finding("ports.ptp", bad, text, _against(holders, system), told)
        return
    failed = [each for each in ports if each.attempt == "failed"]
    if failed:
        text = f"UDP port {failed[0].port} cannot be opened: {failed[0].error}."
        yield Finding("ports.ptp", bad, text, FAILED.on(system), told)
        return
    others = {one for each in ports for one in each.holders if not one.own}
    if others:
        text = f"The PTP ports are shared with {_all(sorted(others, key=_named))}."
        hint = _advice(others) or "Two PTP programs can share them; of both, only one should steer the system's clock."
        yield Finding("ports.ptp", "info", text, hint, told)
    else:
        yield Finding("ports.ptp", "ok", "The PTP ports 319 and 320 are free.", facts=told)


def _sap(port: PortFacts, system: System, *, wanted: bool) -> Iterator[Finding]:
    told = {"ports": [port.port], "held_by": [_named(each) for each in port.holders]}
    if port.attempt == "opened":
        yield Finding("ports.sap", "ok", f"The SAP port {port.port} can be used.", facts=told)
        return
    if port.attempt == "taken":
        text = f"UDP port {port.port} is held by {_all(port.holders)} alone."
        hint = SAP_TAKEN.on(system, pid=_pids(port.holders))
    else:
        text, hint = f"UDP port {port.port} cannot be opened: {port.error}.", FAILED.on(system)
    yield Finding("ports.sap", "problem" if wanted else "warn", text, hint, told)


def judge_web(port: PortFacts, system: System) -> Iterator[Finding]:
    """The TCP port of the REST interface; the sender does not start without it."""
    told = {"ports": [port.port], "held_by": [_named(each) for each in port.holders]}
    if port.attempt == "opened":
        yield Finding("ports.web", "ok", f"TCP port {port.port} is free for REST.", facts=told)
    elif any(each.own for each in port.holders):
        yield Finding("ports.web", "info", f"TCP port {port.port} is held by {_all(port.holders)}.", facts=told)
    else:
        what = port.error or f"TCP port {port.port}, which REST needs, is held by {_all(port.holders)}."
        yield Finding("ports.web", "problem", what, WEB.on(system), told)


def _against(holders: Sequence[Holder], system: System) -> str:
    known = _advice(set(holders))
    if not holders:
        return ASK_AS_ROOT.on(system)
    if not known:
        return TAKEN.on(system, pid=_pids(holders))
    return f"{known} The old tools said {_OLD_WORDS}."


def _advice(holders: set[Holder]) -> str:
    found = {advice for each in holders for name, advice in _KNOWN.items() if each.name.casefold().startswith(name)}
    return " ".join(sorted(found))


def _all(holders: Sequence[Holder]) -> str:
    return listed(dict.fromkeys(_named(each) for each in holders)) or "another program"


def _named(holder: Holder) -> str:
    return holder.name if holder.pid is None else f"{holder.name} (process {holder.pid})"


def _pids(holders: Sequence[Holder]) -> str:
    return listed(dict.fromkeys(str(each.pid) for each in holders if each.pid is not None)) or "unknown"
