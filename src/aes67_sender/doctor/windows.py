"""What the registry of Windows tells; works there only. Plain users may read all of it."""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

from aes67_sender.logic.doctor.firewall import FirewallFacts, read_windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.doctor.network import Saving

_FIREWALL: Final = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_PROFILES: Final = ("DomainProfile", "StandardProfile", "PublicProfile")
_CONNECTIONS: Final = r"SYSTEM\CurrentControlSet\Control\Network\{4D36E972-E325-11CE-BFC1-08002BE10318}"
_ADAPTERS: Final = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"
_POLICY: Final = r"SOFTWARE\Policies\Microsoft\Windows\QoS"
_MICROPHONE: Final = r"Software\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\microphone"


def _registry() -> Any:  # noqa: ANN401  a module that other systems, and their type checkers, do not know
    return importlib.import_module("winreg")


def firewall() -> FirewallFacts:
    """The rules for what comes in, of all profiles, as netsh and wf.msc show them."""
    enabled = any(
        _value(_registry().HKEY_LOCAL_MACHINE, rf"{_FIREWALL}\{each}", "EnableFirewall") for each in _PROFILES
    )
    rules = [str(each) for each in _values(_registry().HKEY_LOCAL_MACHINE, rf"{_FIREWALL}\FirewallRules")]
    # In a virtual environment the program that listens is the Python it was made from.
    programs = (sys.executable, getattr(sys, "_base_executable", sys.executable))
    return read_windows(enabled=enabled, rules=rules, programs=programs)


def has_qos_policy() -> bool:
    """Whether any policy of this computer sets a DSCP."""
    root = _registry().HKEY_LOCAL_MACHINE
    return any(_value(root, rf"{_POLICY}\{name}", "DSCP Value") for name in _keys(root, _POLICY))


def energy_saving(name: str) -> Saving | None:
    """Whether the driver of an adapter may use energy-efficient Ethernet; ``None`` where its settings do not tell."""
    root = _registry().HKEY_LOCAL_MACHINE
    named = {_value(root, rf"{_CONNECTIONS}\{each}\Connection", "Name"): each for each in _keys(root, _CONNECTIONS)}
    identity = named.get(name)
    for each in _keys(root, _ADAPTERS) if identity else ():
        adapter = rf"{_ADAPTERS}\{each}"
        if _value(root, adapter, "NetCfgInstanceId") == identity:
            # A standardised keyword of network drivers (NDIS).
            told = _value(root, adapter, "*EEE")
            return None if told is None else "off" if str(told) == "0" else "allowed"
    return None


def microphone_forbidden() -> bool:
    """Whether the user, or the computer, keeps desktop programs from recording."""
    places = [
        (root, path)
        for root in (_registry().HKEY_CURRENT_USER, _registry().HKEY_LOCAL_MACHINE)
        for path in (_MICROPHONE, rf"{_MICROPHONE}\NonPackaged")
    ]
    return any(_value(root, path, "Value") == "Deny" for root, path in places)


def _value(root: int, path: str, name: str) -> object:
    with contextlib.suppress(OSError), _registry().OpenKey(root, path) as key:
        value: object = _registry().QueryValueEx(key, name)[0]
        return value
    return None


def _keys(root: int, path: str) -> list[str]:
    with contextlib.suppress(OSError), _registry().OpenKey(root, path) as key:
        count, _, _ = _registry().QueryInfoKey(key)
        return [_registry().EnumKey(key, number) for number in range(count)]
    return []


def _values(root: int, path: str) -> Iterator[object]:
    with contextlib.suppress(OSError), _registry().OpenKey(root, path) as key:
        _, count, _ = _registry().QueryInfoKey(key)
        for number in range(count):
            yield _registry().EnumValue(key, number)[1]
