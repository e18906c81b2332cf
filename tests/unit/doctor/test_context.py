"""What the checks are told, whatever stands in the config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.doctor.context import make_context

if TYPE_CHECKING:
    from pathlib import Path

    from aes67_sender.doctor.context import Context


def context_of(folder: Path, text: str | bytes | None, *, named: bool = True, interface: str | None = None) -> Context:
    path = folder / "aes67-config.json"
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text is not None:
        path.write_text(text)
    return make_context(path, named=named, interface_name=interface, seconds=1)


def written(**settings: Any) -> str:
    return json.dumps({"streams": [{"address": "239.69.1.1"}], **settings})


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"streams": []}', "\ufeff{}", '{"interface": 7, "clock": 3}', b"\xff\xfe{", b"\x80", "[" * 10_000],
)
def test_a_broken_config_is_told_and_the_defaults_are_used(tmp_path: Path, text: str | bytes) -> None:
    context = context_of(tmp_path, text)
    assert context.config_facts.exists
    assert context.config_facts.problems
    assert (context.config.clock.domain, context.config.interface) == (0, None)


def test_no_config_is_no_broken_config(tmp_path: Path) -> None:
    facts = context_of(tmp_path, None).config_facts
    assert (facts.exists, tuple(facts.problems)) == (False, ())


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    (tmp_path / "aes67-config.json").mkdir()
    assert context_of(tmp_path, None).config_facts.problems


def test_what_is_right_in_a_broken_config_is_used(tmp_path: Path) -> None:
    clock = {"mode": "builtin", "domain": 7, "nonsense": 1}
    context = context_of(tmp_path, written(latancy_ms=3, interface="lo", clock=clock))
    assert (context.config.clock.domain, context.config.clock.mode) == (7, "builtin")
    assert context.interface is not None
    assert context.interface.name == "lo"
    wrong_clock = context_of(tmp_path, written(interface="lo", clock={"domain": 900}))
    assert (wrong_clock.config.interface, wrong_clock.config.clock.domain) == ("lo", 0)


def test_the_file_of_the_node_js_tool_is_told_as_such(tmp_path: Path) -> None:
    old = {"deviceMode": "sender", "audioSource": "jack", "channelCount": 2, "baseMulticastAddress": "239.69.83.1"}
    problems = context_of(tmp_path, json.dumps(old)).config_facts.problems
    assert [each.code for each in problems] == ["config.legacy"]


def test_an_interface_that_is_not_there_is_a_problem_with_a_remedy(tmp_path: Path) -> None:
    context = context_of(tmp_path, written(interface="lo0"), interface=None)
    assert context.interface is None
    assert not context.usable
    assert context.no_interface is not None
    assert "'lo0'" in context.no_interface.text
    assert context.no_interface.hint


def test_the_option_wins_over_the_config(tmp_path: Path) -> None:
    context = context_of(tmp_path, written(interface="nonsense"), interface="lo")
    assert context.interface is not None
    assert context.interface.name == "lo"


def test_the_load_counts_what_is_on_the_wire(tmp_path: Path) -> None:
    streams = [
        {"address": "239.69.1.1", "channels": list(range(1, 9))},
        {"address": "239.69.1.2", "channels": [1], "enabled": False},
    ]
    source = {"id": "tone", "kind": "tone", "channels": 8}
    context = context_of(tmp_path, json.dumps({"sources": [source], "streams": streams}))
    # 48 samples of 8 channels of 3 bytes, with RTP, UDP, IP and Ethernet around them, a thousand times a second.
    assert context.load.mbps == pytest.approx((1152 + 12 + 28 + 38) * 8 / 1000)
    assert context.load.largest_packet_bytes == 1192
    assert context_of(tmp_path, None, named=False).kinds == {"tone"}


def test_a_machine_that_cannot_tell_its_interfaces_is_looked_at_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise PermissionError("no /proc here")

    monkeypatch.setattr("aes67_sender.doctor.context.list_interfaces", broken)
    context = context_of(tmp_path, written())
    assert (context.interfaces, context.interface) == ((), None)
    assert context.no_interface is not None
