"""What is read from the registry of Windows, from one that is made up."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.doctor import windows

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
NETWORK = r"SYSTEM\CurrentControlSet\Control\Network\{4D36E972-E325-11CE-BFC1-08002BE10318}"
CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"
MICROPHONE = r"Software\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\microphone"
QOS = r"SOFTWARE\Policies\Microsoft\Windows\QoS"


class Registry:
    """As ``winreg``, of paths to their values; roots are all one."""

    HKEY_LOCAL_MACHINE = HKEY_CURRENT_USER = 0

    def __init__(self, keys: dict[str, dict[str, object]]) -> None:
        self._keys = keys

    @contextlib.contextmanager
    def OpenKey(self, _root: int, path: str) -> Iterator[str]:  # noqa: N802  winreg's name
        if path not in self._keys and not self._below(path):
            raise FileNotFoundError(path)
        yield path

    def _below(self, path: str) -> list[str]:
        rest = [key.removeprefix(path + "\\") for key in self._keys if key.startswith(path + "\\")]
        return list(dict.fromkeys(each.partition("\\")[0] for each in rest))

    def QueryInfoKey(self, path: str) -> tuple[int, int, int]:  # noqa: N802  winreg's name
        return len(self._below(path)), len(self._keys.get(path, {})), 0

    def EnumKey(self, path: str, number: int) -> str:  # noqa: N802  winreg's name
        return self._below(path)[number]

    def EnumValue(self, path: str, number: int) -> tuple[str, object, int]:  # noqa: N802  winreg's name
        return (*list(self._keys[path].items())[number], 1)

    def QueryValueEx(self, path: str, name: str) -> tuple[object, int]:  # noqa: N802  winreg's name
        if name not in self._keys.get(path, {}):
            raise FileNotFoundError(name)
        return self._keys[path][name], 1


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Any:
    keys: dict[str, dict[str, object]] = {}
    monkeypatch.setattr(windows, "_registry", lambda: Registry(keys))
    return keys


def test_an_empty_registry_forbids_nothing(registry: dict[str, Any]) -> None:
    assert registry == {}
    assert set(windows.firewall().ports.values()) == {"open"}
    assert not windows.has_qos_policy()
    assert not windows.microphone_forbidden()
    assert windows.energy_saving("Ethernet") is None


def test_the_firewalls_rules_are_read_where_a_profile_has_it_on(registry: dict[str, Any]) -> None:
    registry[rf"{POLICY}\PublicProfile"] = {"EnableFirewall": 1}
    assert set(windows.firewall().ports.values()) == {"closed"}
    registry[rf"{POLICY}\FirewallRules"] = {
        "one": "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=319|LPort=320|Name=AES67 PTP|"
    }
    assert windows.firewall().ports == {319: "open", 320: "open", 9875: "closed"}


def test_a_policy_without_dscp_is_none(registry: dict[str, Any]) -> None:
    registry[rf"{QOS}\throttle"] = {"Throttle Rate": "-1"}
    assert not windows.has_qos_policy()
    registry[rf"{QOS}\AES67 media"] = {"DSCP Value": "34"}
    assert windows.has_qos_policy()


@pytest.mark.parametrize("path", [MICROPHONE, rf"{MICROPHONE}\NonPackaged"])
def test_the_microphone_may_be_denied_to_all_or_to_desktop_programs(registry: dict[str, Any], path: str) -> None:
    registry[path] = {"Value": "Allow"}
    assert not windows.microphone_forbidden()
    registry[path] = {"Value": "Deny"}
    assert windows.microphone_forbidden()


@pytest.mark.parametrize(("told", "saving"), [("1", "allowed"), ("0", "off"), (None, None)])
def test_an_adapter_is_found_by_its_name(registry: dict[str, Any], told: str | None, saving: str | None) -> None:
    registry[rf"{NETWORK}\{{AAAA}}\Connection"] = {"Name": "Wi-Fi"}
    registry[rf"{NETWORK}\{{BBBB}}\Connection"] = {"Name": "Ethernet"}
    registry[rf"{CLASS}\0000"] = {"NetCfgInstanceId": "{AAAA}", "*EEE": "1"}
    registry[rf"{CLASS}\0001"] = {"NetCfgInstanceId": "{BBBB}", **({"*EEE": told} if told else {})}
    assert windows.energy_saving("Ethernet") == saving
    assert windows.energy_saving("VPN") is None
