from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.instance_names import MAX_OCTETS, choose_names, instance_name

DOT = "\N{ONE DOT LEADER}"


@pytest.mark.parametrize(
    ("wanted", "number", "label"),
    [
        ("Studio 1.5", 1, "Studio 1.5"),
        ("Studio", 2, "Studio (2)"),
        ("", 1, "-"),
        ("a\nb", 1, "a b"),
        ("x" * 70, 1, "x" * 63),
        ("x" * 70, 12, "x" * 58 + " (12)"),
        ("é" * 40, 1, "é" * 31),
        ("Wait...", 1, f"Wait{DOT}{DOT}{DOT}"),
        (".a..b", 1, f"{DOT}a{DOT}.b"),
    ],
)
def test_a_name_becomes_a_label(wanted: str, number: int, label: str) -> None:
    assert instance_name(wanted, number) == label


@given(st.text(max_size=100), st.integers(1, 1000))
def test_a_label_fits_and_has_no_empty_part(wanted: str, number: int) -> None:
    label = instance_name(wanted, number)
    assert 0 < len(label.encode()) <= MAX_OCTETS
    assert all(label.split("."))


def test_streams_of_one_name_get_numbers_in_their_order() -> None:
    assert choose_names({"a": "Mix", "b": "mix", "c": "Mix"}, {}, ()) == {"a": "Mix", "b": "mix (2)", "c": "Mix (3)"}


def test_a_name_that_others_have_gets_a_number() -> None:
    assert choose_names({"a": "Mix"}, {}, ["MIX", "Mix (2)"]) == {"a": "Mix (3)"}


def test_a_stream_keeps_its_label_when_others_come_and_go() -> None:
    before = {"b": "Mix", "c": "Mix (2)"}
    assert choose_names({"a": "Mix", "b": "Mix", "c": "Mix"}, before, ()) == {
        "a": "Mix (3)",
        "b": "Mix",
        "c": "Mix (2)",
    }
    assert choose_names({"c": "Mix"}, before, ()) == {"c": "Mix (2)"}


def test_a_renamed_stream_gives_its_label_up() -> None:
    assert choose_names({"a": "New", "b": "Old"}, {"a": "Old"}, ()) == {"a": "New", "b": "Old"}


def test_a_label_is_never_the_end_of_another_behind_a_dot() -> None:
    assert choose_names({"a": "Left.A", "b": "A"}, {}, ()) == {"a": "Left.A", "b": "A (2)"}


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["Mix", "mix", "x.Mix", "Mix (2)", "y"])),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["Mix", "Mix (2)", "y"])),
    st.lists(st.sampled_from(["Mix", "y"])),
)
def test_labels_are_all_different_and_nobody_elses(
    wanted: dict[str, str], before: dict[str, str], foreign: list[str]
) -> None:
    chosen = choose_names(wanted, before, foreign)
    folded = [label.casefold() for label in chosen.values()]
    assert list(chosen) == list(wanted)
    assert len(set(folded)) == len(folded)
    assert not set(folded) & {name.casefold() for name in foreign}
    assert choose_names(wanted, chosen, foreign) == chosen
