from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf import DNSIncoming, DNSOutgoing, DNSPointer, DNSQuestion, ServiceInfo

from aes67_sender.logic.instance_names import instance_name
from aes67_sender.wire.mdns import join_instance_labels

SERVICE = "_rtsp._tcp.local."
SUBTYPE = f"_ravenna_session._sub.{SERVICE}"
RESPONSE = 0x8400


def message(*labels: str) -> bytes:
    """Announces instances as zeroconf writes them: cut at their dots."""
    out = DNSOutgoing(RESPONSE)
    for label in labels:
        info = ServiceInfo(
            SERVICE, f"{label}.{SERVICE}", 8554, properties=b"\0", server="h.local.", parsed_addresses=["10.0.0.1"]
        )
        for record in (
            info.dns_pointer(),
            DNSPointer(SUBTYPE, 12, 1, 9, info.name),
            info.dns_service(),
            info.dns_text(),
        ):
            out.add_answer_at_time(record, 0)
    return out.packets()[0]


def label(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


def test_dots_of_an_instance_are_inside_its_label() -> None:
    joined = join_instance_labels(message("Studio 1.5.2"))
    assert label("Studio 1.5.2") in joined
    assert label("5") not in joined
    assert label("_rtsp") + label("_tcp") + label("local") + b"\0" in joined


def test_subtypes_hosts_and_names_without_dots_stay_as_they_are() -> None:
    assert join_instance_labels(message("Plain")) == message("Plain")


def test_a_question_is_joined_too() -> None:
    out = DNSOutgoing(0)
    out.add_question(DNSQuestion(f"a.b.{SERVICE}", 33, 1))
    assert label("a.b") in join_instance_labels(out.packets()[0])


def test_a_message_in_which_a_pointer_leads_into_a_name_stays_as_it_is() -> None:
    cut = message("Left.A", "A")
    assert join_instance_labels(cut) == cut


_LABELS = st.lists(st.text(min_size=1, max_size=80).map(instance_name), min_size=1, max_size=3, unique=True)


@given(_LABELS)
def test_any_names_are_read_as_they_were_and_joining_twice_changes_nothing(labels: list[str]) -> None:
    cut = message(*labels)
    joined = join_instance_labels(cut)
    assert len(joined) == len(cut)
    assert [str(each) for each in DNSIncoming(joined).answers()] == [str(each) for each in DNSIncoming(cut).answers()]
    assert join_instance_labels(joined) == joined


@given(st.binary(max_size=200))
def test_garbage_keeps_its_length(octets: bytes) -> None:
    assert len(join_instance_labels(octets)) == len(octets)


@pytest.mark.parametrize("octets", [b"", b"\0" * 11, message("a.b")[:-1], message("a.b") + b"\0"])
def test_what_is_no_message_stays_as_it_is(octets: bytes) -> None:
    assert join_instance_labels(octets) == octets
