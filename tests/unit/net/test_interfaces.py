"""Choosing the interface; the list is judged against the system's own tools in the lab."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.net import interfaces as module
from aes67_sender.net.interfaces import choose_interface, list_interfaces
from support.interfaces import interface

ETH0 = interface(address="10.0.0.1", mac="00:1d:c1:00:00:01")
ETH1 = replace(ETH0, name="eth1", address="10.0.1.1", mac="00:1d:c1:00:00:02")
WLAN = replace(ETH0, name="wlan0", address="10.0.2.1", wireless=True)
VPN = replace(ETH0, name="tun0", address="10.8.0.2", virtual=True)
DOWN = replace(ETH0, name="eth2", address="10.0.3.1", up=False)
BARE = replace(ETH0, name="eth3", address=None)
LOOP = replace(ETH0, name="lo", address="127.0.0.1", mac=None, loopback=True, multicast=False)
ALL = (LOOP, VPN, WLAN, BARE, DOWN, ETH1, ETH0)


@pytest.fixture(autouse=True)
def default_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """The VPN has it, as VPNs do."""
    monkeypatch.setattr(module, "default_route_address", lambda: VPN.address)


@pytest.mark.parametrize("wanted", ["eth1", "ETH1", "10.0.1.1", "00:1D:C1:00:00:02", "00-1d-c1-00-00-02"])
def test_by_name_address_or_mac(wanted: str) -> None:
    assert choose_interface(wanted, ALL) is ETH1


def test_an_exact_name_wins_over_another_in_other_letters() -> None:
    upper = replace(ETH1, name="ETH0")
    assert choose_interface("ETH0", (ETH0, upper)) is upper


def test_the_best_is_a_cable_not_the_default_route() -> None:
    assert choose_interface(None, ALL) is ETH0


def test_the_default_route_decides_among_cables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "default_route_address", lambda: ETH1.address)
    assert choose_interface(None, ALL) is ETH1


def test_rather_wireless_than_virtual_and_rather_virtual_than_none() -> None:
    assert choose_interface(None, (LOOP, VPN, WLAN, BARE, DOWN)) is WLAN
    assert choose_interface(None, (LOOP, VPN, BARE, DOWN)) is VPN


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="There is no interface 'eth9'") as caught:
        choose_interface("eth9", (ETH0, WLAN))
    assert caught.value.hint == "Did you mean 'eth0'? This machine has eth0 (10.0.0.1), wlan0 (10.0.2.1)."
    assert [problem.path for problem in caught.value.problems] == ["interface"]


@pytest.mark.parametrize(("wanted", "words"), [("eth2", "is down"), ("eth3", "has no IPv4 address")])
def test_what_cannot_send_now(wanted: str, words: str) -> None:
    with pytest.raises(MachineError, match=words):
        choose_interface(wanted, ALL)


def test_nothing_to_choose_from() -> None:
    with pytest.raises(MachineError, match="No network interface"):
        choose_interface(None, (LOOP, BARE, DOWN))


def test_this_machine_has_a_loopback() -> None:
    (loopback,) = [each for each in list_interfaces() if each.loopback]
    assert loopback.address == "127.0.0.1"
    assert loopback.mac is None
    assert not loopback.virtual
