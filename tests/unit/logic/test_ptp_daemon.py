"""The conversation with ptp4l, played by a fake daemon and a clock moved by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aes67_sender.logic.ptp_daemon import DaemonConversation, DaemonView
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import Flag
from aes67_sender.wire.ptp_datasets import DataSet, ManagementId, PortDataSet, PortState, TimeProperties
from aes67_sender.wire.ptp_management import Get, Message, Refusal, Response, decode, encode
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

OWN = ClockIdentity(bytes.fromhex("001dc1fffe000002"))
DATA: dict[ManagementId, DataSet] = {
    ManagementId.TIME_PROPERTIES_DATA_SET: TimeProperties(37, Flag.PTP_TIMESCALE, 0x20),
    ManagementId.PORT_DATA_SET: PortDataSet(PortIdentity(OWN, 1), PortState.SLAVE),
}


class Daemon:
    """Answers as ptp4l does: only in its own domain and with its own transportSpecific."""

    def __init__(self, domain: int = 0, transport_specific: int = 0) -> None:
        self.domain = domain
        self.transport_specific = transport_specific
        self.alive = True

    def answers(self, question: bytes) -> list[bytes]:
        asked = decode(question)
        assert isinstance(asked.content, Get)
        if not self.alive or (asked.domain, asked.transport_specific) != (self.domain, self.transport_specific):
            return []
        content = Response(DATA[asked.content.id]) if asked.content.id in DATA else Refusal(2, asked.content.id)
        return [encode(replace(asked, content=content, source=PortIdentity(OWN, 0)))]


def run(conversation: DaemonConversation, daemon: Daemon, start_s: float, end_s: float) -> DaemonView:
    """Poll every 50 ms."""
    now_ns = round(start_s * NS_PER_S)
    while now_ns < end_s * NS_PER_S:
        for question in conversation.questions(now_ns):
            for answer in daemon.answers(question):
                conversation.answer(answer, now_ns)
        now_ns += 50 * NS_PER_MS
    return conversation.view(now_ns)


def test_asks_everything_once_a_second() -> None:
    conversation = DaemonConversation(domain=3)
    first = [decode(each) for each in conversation.questions(0)]
    assert [each.content for each in first] == [Get(each) for each in ManagementId]
    assert {each.domain for each in first} == {3}
    assert len({each.sequence for each in first}) == len(first)
    assert conversation.questions(NS_PER_S - 1) == []
    assert len(conversation.questions(NS_PER_S)) == len(first)


def test_answers_make_the_view() -> None:
    view = run(DaemonConversation(0), Daemon(), 0, 1)
    assert view == DaemonView(
        link="answers",
        time=TimeProperties(37, Flag.PTP_TIMESCALE, 0x20),
        ports={1: PortState.SLAVE},
    )


def test_silence_forgets_what_was_said_and_an_answer_brings_it_back() -> None:
    conversation, daemon = DaemonConversation(0), Daemon()
    run(conversation, daemon, 0, 2)
    daemon.alive = False
    assert run(conversation, daemon, 2, 4.5).link == "answers"
    assert run(conversation, daemon, 4.5, 6) == DaemonView(link="silent")
    daemon.alive = True
    assert run(conversation, daemon, 6, 7.5).ports == {1: PortState.SLAVE}


@pytest.mark.parametrize("why", ["absent", "forbidden"])
def test_an_unreachable_daemon_is_forgotten_at_once(why: str) -> None:
    conversation = DaemonConversation(0)
    run(conversation, Daemon(), 0, 2)
    conversation.unreachable("absent" if why == "absent" else "forbidden")
    assert conversation.view(2 * NS_PER_S).link == why
    assert run(conversation, Daemon(), 2, 4).link == "answers"


def test_another_domain_is_found_and_not_taken() -> None:
    view = run(DaemonConversation(0), Daemon(domain=24), 0, 10)
    assert view == DaemonView(link="silent", other_domain=24)


def test_8021as_daemons_are_found() -> None:
    conversation, daemon = DaemonConversation(0), Daemon(transport_specific=1)
    view = run(conversation, daemon, 0, 10)
    assert view.link == "answers"
    assert view.ports == {1: PortState.SLAVE}


def test_rubbish_is_dropped() -> None:
    conversation = DaemonConversation(0)
    conversation.questions(0)
    conversation.answer(b"rubbish", 0)
    assert conversation.view(0) == DaemonView()


def test_a_refusal_is_a_sign_of_life() -> None:
    conversation = DaemonConversation(0)
    (question, *_) = conversation.questions(0)
    refusal = Message(Refusal(2, ManagementId.TIME_STATUS_NP), PortIdentity(OWN, 0), 0, decode(question).sequence)
    conversation.answer(encode(refusal), 0)
    assert conversation.view(0).link == "answers"
