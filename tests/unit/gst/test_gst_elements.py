from __future__ import annotations

from pathlib import Path

import pytest

from aes67_sender.gst import graphs
from aes67_sender.gst.elements import ElementSpec, render
from aes67_sender.model.capture import FileCapture, GstCapture, JackCapture, StdinCapture


def test_a_chain_renders_as_one_line() -> None:
    chain = (ElementSpec("fdsrc", {"fd": 0}), ElementSpec("appsink", {"sync": False}, "out"))
    assert render(chain) == "fdsrc fd=0 ! appsink name=out sync=false"


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain-1", "plain-1"), ("two words", '"two words"'), ('a"b\\c', '"a\\"b\\\\c"'), (-3, "-3"), ("", '""')],
)
def test_values_are_quoted_as_gst_launch_wants_them(value: str | int, text: str) -> None:
    assert render((ElementSpec("x", {"p": value}), ElementSpec("y"))) == f"x p={text} ! y"


def test_nothing_is_dithered_or_shaped() -> None:
    heads = (*graphs.bin_tail(2), *graphs.stdin_head(StdinCapture(0, "S16LE", 48_000, 2)))
    converters = [spec for spec in heads if spec.factory == "audioconvert"]
    assert [spec.properties for spec in converters] == [{"dithering": "none", "noise-shaping": "none"}] * 2


@pytest.mark.parametrize("live", [True, False])
def test_only_live_sources_drop_what_nobody_pulls(live: bool) -> None:
    assert graphs.sink(live=live).properties["drop"] is live


def test_nothing_is_resampled() -> None:
    specs = (JackCapture(2), GstCapture("x", 2), StdinCapture(0, "S16LE", 44_100, 2), FileCapture(Path("x.wav")))
    assert not any("resample" in graphs.describe(spec) for spec in specs)


def test_stdin_is_read_in_blocks_of_5_ms() -> None:
    source, parser, *_, framer = graphs.stdin_head(StdinCapture(7, "S24LE", 48_000, 2))
    assert source.properties == {"fd": 7, "blocksize": 240 * 6}
    assert (parser.properties["pcm-format"], parser.properties["num-channels"]) == ("s24le", 1)
    assert (framer.properties["pcm-format"], framer.properties["num-channels"]) == ("f32le", 2)


def test_a_bin_too_wide_to_convert_must_give_float() -> None:
    assert [spec.factory for spec in graphs.bin_tail(64)] == ["capsfilter", "capsfilter"]


def test_many_jack_channels_have_no_loudspeaker_positions() -> None:
    assert "channel-mask=(bitmask)0x0" in str(graphs.jack_head(JackCapture(64))[-1].properties["caps"])
    assert "channel-mask" not in str(graphs.jack_head(JackCapture(2))[-1].properties["caps"])
    assert "server" not in graphs.jack_head(JackCapture(2))[0].properties


def test_the_doctor_can_print_every_kind() -> None:
    assert graphs.describe(JackCapture(2, server_name="studio")).startswith("jackaudiosrc name=jack ")
    assert graphs.describe(GstCapture("audiotestsrc is-live=true", 1)).startswith(
        "audiotestsrc is-live=true ! capsfilter "
    )
    assert graphs.describe(StdinCapture(0, "S16LE", 48_000, 2)).startswith("fdsrc fd=0 ")
    decoder, conversion = graphs.describe(FileCapture(Path("a b.wav"))).split("\n")
    assert decoder.startswith('filesrc location="a b.wav" ! decodebin ')
    assert conversion.startswith("appsrc ")
