"""Gathers what this user may do: real-time priority, sound devices, the firewall's rules."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from aes67_sender.doctor import windows
from aes67_sender.doctor.child import ask
from aes67_sender.logic.doctor.firewall import NEEDED_PORTS, FirewallFacts, judge_iptables, judge_nft
from aes67_sender.logic.doctor.realtime import PriorityFacts, TimerFacts
from aes67_sender.logic.doctor.sound import DeviceFacts

_PLATFORM: Final[str] = sys.platform
_SOUND: Final = Path("/dev/snd")
_STATUS: Final = Path("/proc/self/status")
CAP_SYS_NICE: Final = 1 << 23
CAP_NET_BIND_SERVICE: Final = 1 << 10
_CLOCK_SOURCE: Final = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
_GOVERNOR: Final = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_WITHIN_S: Final = 5.0
_TOOL_FOLDERS: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_MAC_FIREWALL: Final = "/usr/libexec/ApplicationFirewall/socketfilterfw"


def priority_facts() -> PriorityFacts:
    """By trying it, in a thread that ends."""
    facts = PriorityFacts(None, 0)
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  not on Windows

        from aes67_sender.engine.transmit.fifo import PRIORITY, become_realtime  # noqa: PLC0415  of Linux

        granted: list[bool] = []
        trying = threading.Thread(
            target=lambda: granted.append(become_realtime().granted), name="doctor-priority", daemon=True
        )
        trying.start()
        trying.join(_WITHIN_S)
        limit, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
        capability = has_capability(CAP_SYS_NICE)
        facts = PriorityFacts(bool(granted and granted[0]), PRIORITY, limit=limit, capability=capability)
    return facts


def has_capability(capability: int) -> bool | None:
    """Whether this process has one, given as its bit; ``None`` where there is no such thing."""
    with contextlib.suppress(OSError):
        found = re.search(r"^CapEff:\s*([0-9a-f]+)", _STATUS.read_text(), re.MULTILINE)
        return bool(found and int(found[1], 16) & capability)
    return None


def timer_facts() -> TimerFacts:
    """Measures for 0.4 s.

    Raises:
        ChildError: it could not be measured.
    """
    late_ns = ask("aes67_sender.doctor.wakeups", within_s=_WITHIN_S + 5)["late_ns"]
    return TimerFacts(tuple(late_ns), clock_source=_word(_CLOCK_SOURCE), governor=_word(_GOVERNOR))


def _word(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""


def device_facts(folder: Path = _SOUND) -> DeviceFacts:
    """Which sound devices are there, and may be opened; ``folder`` is where Linux has them."""
    if _PLATFORM == "linux" and sys.platform != "win32":
        import grp  # noqa: PLC0415  not on Windows

        nodes = sorted(folder.glob("pcm*c")) if folder.is_dir() else []
        groups = []
        for number in os.getgroups():
            with contextlib.suppress(KeyError):
                groups.append(grp.getgrgid(number).gr_name)
        forbidden = [str(each) for each in nodes if not os.access(each, os.R_OK | os.W_OK)]
        return DeviceFacts(len(nodes), tuple(forbidden), tuple(groups))
    if _PLATFORM == "win32":
        return DeviceFacts(None, ("the microphone",) if windows.microphone_forbidden() else ())
    return DeviceFacts(None)


def firewall_facts(interface: str) -> FirewallFacts:
    """The rules, as far as this user may read them."""
    if _PLATFORM == "win32":
        return windows.firewall()
    if _PLATFORM == "darwin":
        state = _output(_MAC_FIREWALL, "--getglobalstate")
        closed = state is None or "disabled" not in state.casefold()
        return FirewallFacts(dict.fromkeys(NEEDED_PORTS, "unknown" if closed else "open"))
    rules = _output("nft", "list", "ruleset")
    # What iptables has put there for its own extensions, nft cannot show.
    if rules is not None and "xt match" not in rules:
        return judge_nft(rules, interface)
    if (older := _output("iptables", "-S")) is not None:
        return judge_iptables(older, interface)
    if rules is not None:
        return judge_nft(rules, interface)
    return FirewallFacts(dict.fromkeys(NEEDED_PORTS, "unknown"))


def _output(*command: str) -> str | None:
    """Standard output of a tool of the system; ``None`` where it is not there, fails, or may not be used."""
    program = shutil.which(command[0], path=_TOOL_FOLDERS)
    if program is None:
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603  a tool of the system, found in its folders
            [program, *command[1:]], capture_output=True, text=True, timeout=_WITHIN_S, check=False
        )
        return done.stdout if done.returncode == 0 else None
    return None
