"""Judges Python, GStreamer and its PTP helper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding, Remedy, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aes67_sender.logic.doctor.findings import Severity, System

_OLDEST_PYTHON: Final = (3, 11)
_OLDEST_GSTREAMER: Final = (1, 22)
#: Before, GStreamer has no PTP on Windows.
_PTP_ON_WINDOWS: Final = (1, 24)
_POINTER_BITS: Final = 64
#: The old Python tool's words for it.
_OLD_WORDS: Final = '"Failed to initialize PTP subsystem"'

_APT: Final = (
    "sudo apt install python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base "
    "gstreamer1.0-plugins-good"
)
_PIP: Final = "pip install --force-reinstall aes67-sender"
PYTHON: Final = Remedy(
    linux="Use Debian 12, Ubuntu 24.04 or later, or install Python 3.11 or later beside the system's.",
    win32="Install 64-bit Python 3.11 or later from python.org, then run pip install aes67-sender with it.",
    darwin="Install Python 3.11 or later from python.org or Homebrew, then run pip install aes67-sender with it.",
)
BINDING: Final = Remedy(
    linux=f"Install it: {_APT}; and use a venv made with --system-site-packages by the system's own Python.",
    win32=f"Install the wheels again: {_PIP}",
    darwin=f"Install the wheels again: {_PIP}",
)
TYPELIBS: Final = Remedy(
    linux="Install them: sudo apt install gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0",
    win32=f"Install the wheels again: {_PIP}",
    darwin=f"Install the wheels again: {_PIP}",
)
ELEMENTS: Final = Remedy(
    linux="Install them: sudo apt install gstreamer1.0-plugins-base gstreamer1.0-plugins-good; if they are installed, "
    "delete the registry {registry}, which GStreamer then makes anew.",
    win32=f"Delete the registry {{registry}}, which GStreamer then makes anew; if that does not help: {_PIP}",
    darwin=f"Delete the registry {{registry}}, which GStreamer then makes anew; if that does not help: {_PIP}",
)
PLUGIN_PATH: Final = Remedy(
    linux="Correct the environment variable {variable} (in ~/.profile or the systemd unit), or unset it.",
    win32="Correct the environment variable {variable} (Settings, System, About, Advanced), or delete it.",
    darwin="Correct the environment variable {variable} (in ~/.zprofile or the launchd job), or unset it.",
)
UPDATE: Final = Remedy(
    linux="Upgrade to Debian 12, Ubuntu 24.04 or later, which have GStreamer 1.22 or later.",
    win32="Install newer wheels: pip install --upgrade aes67-sender",
    darwin="Install newer wheels: pip install --upgrade aes67-sender",
)
WHEELS: Final = Remedy(
    linux="Remove them: pip uninstall {names}. On Linux, GStreamer comes from the distribution.",
    win32="Install all in one version: pip install {pinned}",
    darwin="Install all in one version: pip install {pinned}",
)
HELPER_RIGHTS: Final = Remedy(
    linux="Give it the rights its package gives it: sudo setcap cap_net_bind_service,cap_net_admin+ep {path}. "
    f"Without them, GStreamer says {_OLD_WORDS}.",
    win32="Windows needs no rights for it; allow it in the firewall.",
    darwin="No wheel can install it setuid root. Once after each installation: sudo chown root {path} && sudo chmod "
    f"u+s {{path}}; or run the sender with sudo. Without it, GStreamer says {_OLD_WORDS}.",
)
HELPER_MISSING: Final = Remedy(
    linux="Install it: sudo apt install --reinstall libgstreamer1.0-0. "
    f"Without it, GStreamer says {_OLD_WORDS}; the clock mode builtin does not need it.",
    win32=f"Install the wheels again: {_PIP}. Without it, GStreamer says {_OLD_WORDS}; the clock mode builtin does "
    "not need it.",
    darwin=f"Install the wheels again: {_PIP}. Without it, GStreamer says {_OLD_WORDS}; the clock mode builtin does "
    "not need it.",
)


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """This Python, and what is installed into it. ``wheels``: version of each ``gstreamer-*`` distribution."""

    version: tuple[int, int, int]
    pointer_bits: int
    package_version: str
    wheels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PluginFolder:
    """A folder that an environment variable sends GStreamer to."""

    variable: str
    path: str
    readable: bool


@dataclass(frozen=True, slots=True)
class GStreamerFacts:
    """What a process of its own found. ``binding_error`` and ``start_error`` are empty where all went well."""

    binding_error: str = ""
    binding_version: str = ""
    version: tuple[int, ...] = ()
    missing_typelibs: tuple[str, ...] = ()
    start_error: str = ""
    missing_elements: tuple[str, ...] = ()
    plugins: int = 0
    blacklisted: tuple[str, ...] = ()
    registry: str = ""
    folders: tuple[PluginFolder, ...] = ()


@dataclass(frozen=True, slots=True)
class HelperFacts:
    """GStreamer's PTP helper; ``path`` is empty where it was not found.

    ``may_bind``: its file has the capability to open ports below 1024, or this user needs none.
    """

    path: str
    setuid_root: bool = False
    may_bind: bool = False
    needs_rights: bool = True


def judge_python(facts: PythonFacts, system: System) -> Iterator[Finding]:
    """The interpreter, and whether GStreamer's wheels fit together."""
    version = _dotted(facts.version)
    told = {"python": version, "aes67_sender": facts.package_version, "pointer_bits": facts.pointer_bits}
    if facts.version[:2] < _OLDEST_PYTHON:
        text = f"Python {version} is too old: 3.11 or later is needed."
        yield Finding("software.python", "problem", text, PYTHON.on(system), told)
    elif facts.pointer_bits < _POINTER_BITS:
        text = f"This is a {facts.pointer_bits}-bit Python; 64 bits are needed."
        yield Finding("software.python", "problem", text, PYTHON.on(system), told)
    else:
        yield Finding("software.python", "ok", f"Python {version}, aes67-sender {facts.package_version}.", facts=told)
    yield from _wheels(facts.wheels, system)


def _wheels(wheels: Mapping[str, str], system: System) -> Iterator[Finding]:
    versions = sorted(set(wheels.values()))
    told = {"wheels": dict(sorted(wheels.items()))}
    if not wheels:
        if system == "linux":
            return
        text = "GStreamer's wheels are not installed."
        yield Finding("software.wheels", "problem", text, BINDING.on(system), told)
        return
    if len(versions) == 1:
        yield Finding("software.wheels", "ok", f"All {len(wheels)} GStreamer wheels are {versions[0]}.", facts=told)
        return
    # Not by text: 1.28.10 is newer than 1.28.9.
    oldest = min(versions, key=lambda version: tuple(int(part) for part in version.split(".") if part.isdigit()))
    series = {version.rpartition(".")[0] for version in versions}
    text = f"GStreamer's wheels are of different versions: {listed(versions)}. They are made for each other only."
    names = " ".join(sorted(wheels))
    pinned = " ".join(f"{name}=={oldest}" for name in sorted(wheels))
    hint = WHEELS.on(system, names=names, pinned=pinned)
    yield Finding("software.wheels", "problem" if len(series) > 1 else "warn", text, hint, told)


def judge_gstreamer(facts: GStreamerFacts, system: System, *, mode: str) -> Iterator[Finding]:
    """The library, its binding and its plug-ins. ``mode`` is the clock mode of the config."""
    for folder in facts.folders:
        if not folder.readable:
            text = f"{folder.variable} names the folder {folder.path}, which this user cannot read."
            hint = PLUGIN_PATH.on(system, variable=folder.variable)
            told = {"variable": folder.variable, "path": folder.path}
            yield Finding("software.plugin-path", "problem", text, hint, told)
    if facts.missing_typelibs:
        text = f"GStreamer's description for Python is missing for {listed(facts.missing_typelibs)}."
        told_typelibs = {"missing": list(facts.missing_typelibs)}
        yield Finding("software.typelibs", "problem", text, TYPELIBS.on(system), told_typelibs)
        return
    if facts.binding_error:
        text = f"GStreamer cannot be used from Python: {facts.binding_error}"
        yield Finding("software.gstreamer", "problem", text, BINDING.on(system), {"error": facts.binding_error})
        return
    version = _dotted(facts.version)
    told_gst = {
        "gstreamer": version,
        "pygobject": facts.binding_version,
        "plugins": facts.plugins,
        "registry": facts.registry,
    }
    if facts.version < _OLDEST_GSTREAMER:
        text = f"GStreamer {version} is too old: 1.22 or later is needed."
        yield Finding("software.gstreamer", "problem", text, UPDATE.on(system), told_gst)
    elif facts.start_error and not facts.missing_elements:
        yield Finding("software.gstreamer", "problem", facts.start_error, BINDING.on(system), told_gst)
    else:
        text = f"GStreamer {version} with PyGObject {facts.binding_version}, {facts.plugins} plug-ins."
        yield Finding("software.gstreamer", "ok", text, facts=told_gst)
    yield from _plugins(facts, system)
    if system == "win32" and facts.version < _PTP_ON_WINDOWS:
        text = f"GStreamer {version} has no PTP on Windows; it came with 1.24."
        severity: Severity = "problem" if mode == "gstreamer" else "info"
        hint = f"{UPDATE.on(system)} The clock mode builtin does not need it."
        yield Finding("software.gstreamer-ptp", severity, text, hint, {"gstreamer": version})


def _plugins(facts: GStreamerFacts, system: System) -> Iterator[Finding]:
    if facts.missing_elements:
        text = f"GStreamer lacks the elements {listed(facts.missing_elements)}."
        hint = ELEMENTS.on(system, registry=facts.registry or "in ~/.cache/gstreamer-1.0")
        told = {"missing": list(facts.missing_elements), "registry": facts.registry}
        yield Finding("software.plugins", "problem", text, hint, told)
    if facts.blacklisted:
        text = f"GStreamer could not load {len(facts.blacklisted)} plug-ins: {_some(facts.blacklisted)}."
        hint = "Of no matter unless a source needs one of them."
        yield Finding("software.blacklist", "info", text, hint, {"blacklisted": list(facts.blacklisted)})


def judge_helper(facts: HelperFacts, system: System, *, mode: str) -> Iterator[Finding]:
    """Whether GStreamer's own PTP clock could work; only the clock mode ``gstreamer`` depends on it."""
    told = {"path": facts.path, "setuid_root": facts.setuid_root, "may_bind": facts.may_bind}
    bad: Severity = "problem" if mode == "gstreamer" else "warn"
    if not facts.path:
        text = "GStreamer's PTP helper was not found."
        yield Finding("software.ptp-helper", bad, text, HELPER_MISSING.on(system), told)
    elif facts.needs_rights and not (facts.setuid_root or facts.may_bind):
        text = "GStreamer's PTP helper may not open the PTP ports; the clock mode gstreamer cannot work."
        yield Finding("software.ptp-helper", bad, text, HELPER_RIGHTS.on(system, path=facts.path), told)
    else:
        yield Finding("software.ptp-helper", "ok", "GStreamer's PTP helper has the rights it needs.", facts=told)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _some(names: Sequence[str], most: int = 5) -> str:
    return listed(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
