from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.errors import WireError
from aes67_sender.logic.codec import decode_line, encode_line
from aes67_sender.model.clock import ClockMapping, ClockState
from aes67_sender.model.levels import LevelWindow
from aes67_sender.model.problem import Problem
from aes67_sender.model.protocol import Report, SetConfig, Start, Stop, StreamHandover, StreamReport
from aes67_sender.model.snapshot import ClockStatus, LatenessStatus, MasterStatus, SourceStatus

NS = st.integers(0, 2**63 - 1)
FINITE = st.floats(allow_nan=False)
HANDOVER = st.builds(StreamHandover, st.text(), st.integers(1, 2**32 - 1), st.integers(0, 65535))
LATENESS = st.builds(LatenessStatus, FINITE, FINITE, FINITE)
LEVELS = st.lists(FINITE, max_size=8).map(tuple)
MESSAGES = st.one_of(
    st.just(Stop()),
    st.builds(
        Start,
        config=st.dictionaries(st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.text())),
        streams=st.lists(HANDOVER, max_size=3).map(tuple),
        mapping=st.none() | st.builds(ClockMapping, NS, NS, FINITE, NS),
        type=st.just("start"),
    ),
    st.builds(
        SetConfig,
        config=st.dictionaries(st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.text())),
        streams=st.lists(HANDOVER, max_size=3).map(tuple),
        serial=st.integers(0, 2**63 - 1),
        type=st.just("set-config"),
    ),
    st.builds(
        Report,
        clock=st.builds(
            ClockStatus,
            state=st.sampled_from(get_args(ClockState)),
            rate_ppm=FINITE,
            since_s=FINITE,
            media_time_ns=st.none() | NS,
            masters=st.lists(st.builds(MasterStatus), max_size=2).map(tuple),
        ),
        mapping=st.none() | st.builds(ClockMapping, NS, NS, FINITE, NS),
        sources=st.just((SourceStatus("tone", "tone", "running", "", 0.0, 20.0, 0, 0, (-math.inf, -18.0)),)),
        streams=st.lists(
            st.builds(
                StreamReport,
                lateness_us=LATENESS,
                packet_time_us=FINITE,
                levels=st.lists(st.builds(LevelWindow, LEVELS, LEVELS), max_size=2).map(tuple),
                handover=HANDOVER,
            ),
            max_size=2,
        ).map(tuple),
        cpu_percent=FINITE,
        problems=st.lists(st.builds(Problem), max_size=2).map(tuple),
        type=st.just("report"),
    ),
)


@given(MESSAGES)
def test_decoding_gives_back_what_was_encoded(message: Start | Stop | Report) -> None:
    line = encode_line(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_line(line) == message


@given(st.binary())
def test_any_other_bytes_raise_the_one_documented_error(line: bytes) -> None:
    with pytest.raises(WireError):
        decode_line(line)


@pytest.mark.parametrize("line", [b"", b"\n", b"{}", b'{"type":"begin"}', b'{"type":"report"}', b"[1]", b"\xff\xfe{"])
def test_a_line_that_is_no_message_says_so(line: bytes) -> None:
    with pytest.raises(WireError, match="Not a message"):
        decode_line(line)
