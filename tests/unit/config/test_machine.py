"""What a machine cannot do for a config."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.config.load import parse_data
from aes67_sender.config.machine import check_machine
from aes67_sender.errors import ConfigError
from support.interfaces import LOOPBACK as LO
from support.interfaces import interface

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface

ETH0 = interface(address="192.168.1.5")
STREAM: dict[str, Any] = {"address": "239.69.1.1"}


def found(data: dict[str, Any], *interfaces: Interface, base_dir: Path = Path("/none")) -> list[tuple[str, ...]]:
    config = parse_data({"streams": [STREAM], **data}, base_dir=base_dir)
    return [
        (problem.severity, problem.path, problem.text, problem.hint) for problem in check_machine(config, interfaces)
    ]


def test_a_good_interface_has_no_problem() -> None:
    assert found({"interface": "eth0"}, LO, ETH0) == []
    assert found({}, LO) == []


def test_an_unknown_interface_names_those_there_are() -> None:
    text = 'This computer has no network interface "wlan7".'
    assert found({"interface": "wlan7"}, LO, ETH0) == [("error", "interface", text, 'There is "lo" and "eth0".')]
    text = 'This computer has no network interface "eth1".'
    assert found({"interface": "eth1"}, LO, ETH0) == [("error", "interface", text, 'Did you mean "eth0"?')]
    text = 'This computer has no network interface "192.168.1.5".'
    assert found({"interface": "192.168.1.5"}, LO, ETH0) == [("error", "interface", text, 'Did you mean "eth0"?')]
    assert found({"interface": "eth0"})[0][3] == "Connect a network interface."


def test_an_interface_that_is_down_or_has_no_address() -> None:
    down = found({"interface": "eth0"}, replace(ETH0, up=False, address=None))
    assert down == [("error", "interface", 'Network interface "eth0" is down.', "Plug in its cable, or switch it on.")]
    bare = found({"interface": "eth0"}, replace(ETH0, address=None))
    text, hint = (
        'Network interface "eth0" has no IPv4 address.',
        "Give it one, by hand or by DHCP, or choose another interface.",
    )
    assert bare == [("error", "interface", text, hint)]


def test_an_unknown_interface_is_told_together_with_what_else_is_wrong() -> None:
    data = {"interface": "eth9", "streams": [{"address": "300.1.1.1"}]}
    with pytest.raises(ConfigError) as caught:
        parse_data(data, base_dir=Path("/none"), interfaces=[ETH0])
    assert [problem.path for problem in caught.value.problems] == ["interface", "streams[0].address"]


def test_packets_larger_than_the_mtu() -> None:
    ten = {"interface": "eth0", "sources": [{"kind": "tone", "channels": 10}]}
    ten["streams"] = [{**STREAM, "channels": list(range(1, 11))}]
    assert found(ten, replace(ETH0, mtu_bytes=1480)) == []
    assert found(ten, replace(ETH0, mtu_bytes=1479)) == [
        (
            "error",
            "streams[0].packet_time_us",
            (
                "10 channels of L24 at 48 kHz and 1000 µs need 1440 bytes per packet, "
                'but 1439 fit the MTU of 1479 on "eth0".'
            ),
            'Write "packet_time_us": 333, the longest that fits, or spread the channels over several streams.',
        )
    ]


def test_a_file_that_is_not_there_is_no_reason_to_stop(tmp_path: Path) -> None:
    data = {"sources": [{"id": "j", "kind": "file", "path": "j.flac"}]}
    path = tmp_path / "j.flac"
    text = f'There is no file "{path}": source "j" stays silent until there is.'
    expected = [("warning", "sources[0].path", text, "Correct the path, or put the file there.")]
    assert found(data, base_dir=tmp_path) == expected
    path.write_bytes(b"")
    assert found(data, base_dir=tmp_path) == []


def test_what_a_later_version_will_do_is_told() -> None:
    data = {"secondary_interface": "eth1", "announce": {"nmos": {"enabled": True}}}
    assert [(severity, path) for severity, path, _, _ in found(data)] == [
        ("warning", "secondary_interface"),
        ("warning", "announce.nmos.enabled"),
    ]
