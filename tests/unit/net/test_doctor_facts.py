"""What the doctor's eyes make of the system's answers."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.net.doctor.igmp import is_older_version, query_in
from aes67_sender.net.doctor.links import survey_links
from aes67_sender.net.doctor.ports import first_unprivileged_port, survey_ports, survey_web
from aes67_sender.net.interfaces import list_interfaces
from aes67_sender.net.listen import listen, port_of

TABLE = """\
Idx	Device    : Count Querier	Group    Users Timer	Reporter
1	lo        :     1      V3
				010000E0     1 0:00000000		0
2	eth0      :     3      V2
				FAFFFFEF     1 0:00000000		1
"""


def packet(igmp: bytes, protocol: int = 2, options: bytes = b"") -> bytes:
    """Queries come with the router alert option (RFC 2113)."""
    words = 5 + len(options) // 4
    length = words * 4 + len(igmp)
    addresses = bytes((10, 0, 0, 1, 224, 0, 0, 1))
    return struct.pack("!BBHHHBBH", 0x40 | words, 0xC0, length, 0, 0, 1, protocol, 0) + addresses + options + igmp


V1, V2 = bytes((0x11, 0)) + bytes(6), bytes((0x11, 100)) + bytes(6)
V3 = bytes((0x11, 100)) + bytes(10)
REPORT = bytes((0x16, 0)) + bytes(6)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (packet(V1), ("10.0.0.1", 1)),
        (packet(V2), ("10.0.0.1", 2)),
        (packet(V3), ("10.0.0.1", 3)),
        (packet(V2, options=bytes((0x94, 4, 0, 0))), ("10.0.0.1", 2)),
        # Ethernet fills short frames up.
        (packet(V2) + bytes(14), ("10.0.0.1", 2)),
        (packet(REPORT), None),
        (packet(V2, protocol=17), None),
        (packet(V2[:4]), None),
        (packet(V2)[:19], None),
        (b"", None),
    ],
)
def test_a_query_tells_who_asks_and_in_which_version(octets: bytes, expected: object) -> None:
    assert query_in(octets) == expected


@given(st.binary(max_size=80))
def test_whatever_comes_nothing_fails(octets: bytes) -> None:
    query_in(octets)


def test_the_kernel_speaks_an_older_version_where_it_has_heard_one() -> None:
    assert [is_older_version(TABLE, name) for name in ("lo", "eth0", "eth1")] == [False, True, False]
    assert not is_older_version("", "eth0")


def test_every_interface_has_a_link() -> None:
    interfaces = list_interfaces()
    links = {each.interface.name: each for each in survey_links(interfaces)}
    assert set(links) == {each.name for each in interfaces}
    assert (links["lo"].kind, links["lo"].prefix) == ("loopback", 8)


def test_ports_are_tried_and_given_back() -> None:
    first, second = survey_ports(), survey_ports()
    assert [each.port for each in first] == [319, 320, 9875]
    assert [each.attempt for each in first] == [each.attempt for each in second]
    assert first_unprivileged_port() in range(65_536)


def test_who_listens_where_rest_would_is_told() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = port_of(taken)
        assert survey_web("127.0.0.1", port).attempt == "taken"
    assert survey_web("127.0.0.1", port).attempt == "opened"
