from __future__ import annotations

from aes67_sender.gst.jackwires import Wires


def test_what_is_there_at_first_is_connected_in_order() -> None:
    wires = Wires(("mic:*", "synth:left"), 4)
    assert wires.look(["system:1", "mic:a", "mic:b", "synth:left"]) == (("mic:a", 0), ("mic:b", 1), ("synth:left", 2))
    assert wires.unmatched() == ()


def test_what_stays_is_left_alone() -> None:
    wires = Wires(("mic:*",), 2)
    wires.look(["mic:a"])
    assert wires.look(["mic:a"]) == ()
    assert wires.look(["other:x", "mic:a"]) == ()


def test_what_comes_back_feeds_the_same_input_again() -> None:
    wires = Wires(("mic:*", "synth:*"), 4)
    wires.look(["mic:a", "mic:b", "synth:l"])
    assert wires.look(["mic:a"]) == ()
    assert wires.unmatched() == ("synth:*",)
    assert wires.look(["mic:a", "synth:l", "mic:b"]) == (("mic:b", 1), ("synth:l", 2))


def test_what_comes_late_takes_its_place_if_that_is_free_and_the_next_free_one_if_not() -> None:
    wires = Wires(("mic:a", "synth:*"), 3)
    assert wires.look(["synth:l"]) == (("synth:l", 1),)
    assert wires.look(["synth:l", "mic:a"]) == (("mic:a", 0),)
    wires = Wires(("mic:*", "synth:*"), 3)
    assert wires.look(["synth:l"]) == (("synth:l", 0),)
    assert wires.look(["synth:l", "mic:a", "mic:b"]) == (("mic:a", 1), ("mic:b", 2))


def test_more_outputs_than_inputs_are_left_out_until_an_input_is_free() -> None:
    wires = Wires(("mic:*",), 1)
    assert wires.look(["mic:a", "mic:b"]) == (("mic:a", 0),)
    assert wires.look(["mic:b"]) == ()
    assert wires.look([]) == ()
    assert wires.look(["mic:b"]) == (("mic:b", 0),)
