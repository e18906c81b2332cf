from __future__ import annotations

import pytest

from aes67_sender.gst.jack import choose_outputs, short_port_names

OUTPUTS = ("system:capture_1", "system:capture_2", "daw:out_1", "daw:out_2")


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (("system:*",), ("system:capture_1", "system:capture_2")),
        (("daw:out_2", "system:capture_1"), ("daw:out_2", "system:capture_1")),
        (("gone:left", "daw:out_1"), (None, "daw:out_1")),
        (("gone:*", "daw:out_1"), ("daw:out_1",)),
        (("daw:out_1", "daw:*"), ("daw:out_1", "daw:out_2")),
        (("daw:out_1", "daw:out_1"), ("daw:out_1", "daw:out_1")),
        ((), ()),
    ],
)
def test_patterns_choose_outputs_in_their_order(patterns: tuple[str, ...], chosen: tuple[str | None, ...]) -> None:
    assert choose_outputs(patterns, OUTPUTS) == chosen


@pytest.mark.parametrize(
    ("names", "ports"),
    [
        ((), ("in_1", "in_2", "in_3")),
        (("Mic", "", " "), ("Mic", "in_2", "in_3")),
        (("A:B", "A:B", "in_1"), ("A-B", "A-B (2)", "in_1")),
        (("1", "2", "3", "4"), ("1", "2", "3")),
    ],
)
def test_ports_have_legal_and_distinct_names(names: tuple[str, ...], ports: tuple[str, ...]) -> None:
    assert short_port_names(names, 3) == ports


def test_long_names_are_cut() -> None:
    assert len(short_port_names(("x" * 500,), 1)[0]) == 64
