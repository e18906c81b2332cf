"""From one config to another with as little as possible."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.config.load import parse_data
from aes67_sender.logic.change_words import NOTHING, describe
from aes67_sender.logic.changes import SESSION_KEYS, Changes, changes, holds, on_air, uses

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.config.model import Config

BASE: dict[str, Any] = {
    "name": "Studio PC",
    "interface": "eth0",
    "sources": [
        {"id": "daw", "kind": "jack", "channels": 8},
        {"id": "tone", "kind": "tone"},
        {"id": "jingle", "kind": "file", "path": "a.wav"},
    ],
    "streams": [
        {"id": "s1", "name": "A", "source": "daw", "channels": [1, 2], "address": "239.69.1.1"},
        {"id": "s2", "name": "B", "source": "tone", "channels": [1, 2], "address": "239.69.1.2"},
        {"id": "s3", "name": "C", "source": "jingle", "channels": [1, 2], "address": "239.69.1.3"},
        {"id": "s4", "name": "D", "source": "tone", "channels": [1], "address": "239.69.1.4", "enabled": False},
    ],
}


def config(data: dict[str, Any]) -> Config:
    return parse_data(data, base_dir=Path("/studio"))


def after(edit: Callable[[dict[str, Any]], object]) -> tuple[Changes, tuple[str, ...]]:
    data = copy.deepcopy(BASE)
    edit(data)
    old, new = config(BASE), config(data)
    found = changes(old, new)
    return found, describe(found, old, new)


def stream(number: int, **settings: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: data["streams"][number].update(settings)


def source(number: int, **settings: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: data["sources"][number].update(settings)


def top(**settings: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: data.update(settings)


CASES: list[tuple[Callable[[dict[str, Any]], object], Changes, str]] = [
    (lambda _: None, Changes(), NOTHING),
    (
        stream(0, source="tone"),
        Changes(reroute=("s1",)),
        "Stream s1 takes channels 1, 2 of tone.",
    ),
    (stream(1, channels=[2, 1]), Changes(reroute=("s2",)), "Stream s2 takes channels 2, 1 of tone."),
    (stream(1, gain_db=-6), Changes(regain=("s2",)), "Stream s2 has a gain of -6 dB."),
    (stream(1, mute=True), Changes(regain=("s2",)), "Stream s2 is muted."),
    (
        stream(1, channel_gains_db=[-3], mute_channels=[2]),
        Changes(regain=("s2",)),
        "Stream s2 has a gain of +0 dB, and of -3 dB by channel; muted: 2.",
    ),
    (stream(1, channel_gains_db=[0, 0]), Changes(), "What has changed does not concern what is on the air."),
    (stream(1, name="Z"), Changes(rename=("s2",)), 'Stream s2 is called "Z" in its SDP.'),
    (stream(1, channel_names=["L"]), Changes(rename=("s2",)), "Stream s2 has other channel names in its SDP."),
    (stream(1, enabled=False), Changes(remove=("s2",)), "Stream s2 is no longer sent."),
    (stream(3, enabled=True), Changes(add=("s4",)), "Stream s4 is sent, to 239.69.1.4:5004."),
    (stream(3, gain_db=3), Changes(), "What has changed does not concern what is on the air."),
    (
        stream(1, port=5006, ttl=8),
        Changes(replace=("s2",)),
        "Stream s2 has ended and begun again, because receivers must take it anew (port, ttl).",
    ),
    (
        stream(1, channels=[1]),
        Changes(replace=("s2",)),
        "Stream s2 has ended and begun again, because receivers must take it anew (channels).",
    ),
    (
        stream(1, rate=44_100),
        Changes(replace=("s2",), refeed=("tone",)),
        "Stream s2 has ended and begun again, because receivers must take it anew (rate).",
    ),
    (source(1, frequency_hz=440), Changes(restart=("tone",)), "Source tone is started anew with its new settings."),
    (
        source(0, kind="silence", channels=2),
        Changes(restart=("daw",)),
        "Source daw is started anew with its new settings.",
    ),
    (stream(2, channels=[1, 4]), Changes(reroute=("s3",), refeed=("jingle",)), "Stream s3 takes channels 1, 4"),
    (
        lambda data: data["sources"].append({"id": "new", "kind": "tone"}),
        Changes(start=("new",)),
        "Source new is started.",
    ),
    (top(latency_ms=30), Changes(restart=("daw",)), "Source daw is started anew with its new latency."),
    (top(clock={"mode": "builtin"}), Changes(clock_mode="builtin"), "The clock's mode is builtin."),
    (
        top(clock={"domain": 5}),
        Changes(new_engine=("clock.domain",)),
        "For clock.domain the engine is replaced: all streams pause for a moment and keep SSRC and time stamps.",
    ),
    (top(interface="eth1"), Changes(new_engine=("interface",)), "For interface the engine is replaced"),
    (
        top(web={"listen": "127.0.0.1:9000"}),
        Changes(next_run=("web.listen",)),
        "web.listen will count from the next start of the sender on.",
    ),
    (top(announce={"sdp_profile": "st2110"}), Changes(), "SDP files are written for st2110."),
    (top(announce={"sdp_dir": "/x"}), Changes(), "SDP files are written to /x."),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_an_edit_does_this_and_no_more(number: int) -> None:
    edit, expected, said = CASES[number]
    found, sentences = after(edit)
    assert found == expected
    assert any(sentence.startswith(said) for sentence in sentences), sentences


def test_every_setting_of_a_stream_is_dealt_with() -> None:
    live = {"source", "channels", "gain_db", "channel_gains_db", "mute", "mute_channels", "name", "channel_names"}
    alerts = {"alert_silence_s", "alert_silence_dbfs", "alert_clipping"}
    one = config(BASE).streams[0]
    assert {*SESSION_KEYS, *live, *alerts, "id", "enabled"} == set(type(one).model_fields)


def test_a_source_dropped_and_replaced_by_another_is_stopped() -> None:
    def edit(data: dict[str, Any]) -> None:
        data["sources"][0] = {"id": "other", "kind": "jack", "channels": 8}
        data["streams"][0]["source"] = "other"

    found, sentences = after(edit)
    assert found == Changes(start=("other",), stop=("daw",), reroute=("s1",))
    assert "Source daw is stopped." in sentences
    # Both would be the same client in JACK.
    assert holds(config(BASE).sources[0]) == ("jack", None, "aes67-sender")


def test_what_the_whole_machine_can_share_holds_nothing() -> None:
    assert [holds(each) for each in config(BASE).sources] == [("jack", None, "aes67-sender"), None, None]
    bins = [{"id": name, "kind": "gst", "bin": "alsasrc"} for name in ("a", "b")]
    one, other = config({"sources": bins, "streams": [{"address": "239.69.1.1"}]}).sources
    assert holds(one) == ("gst", "a") != holds(other)
    cards = [{"id": "c1", "kind": "alsa", "device": "hw:0"}, {"id": "c2", "kind": "alsa", "device": "hw:0"}]
    one, other = config({"sources": cards, "streams": [{"address": "239.69.1.1"}]}).sources
    assert holds(one) == holds(other) == ("alsa", "hw:0")


SOURCES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"kind": st.just("tone"), "frequency_hz": st.sampled_from([440, 1000])}),
        st.fixed_dictionaries({"kind": st.just("file"), "path": st.sampled_from(["a", "b"])}),
        st.fixed_dictionaries({"kind": st.just("jack"), "channels": st.just(4)}),
    ),
    min_size=1,
    max_size=3,
)
STREAM = st.fixed_dictionaries(
    {
        "source": st.integers(0, 2),
        "channels": st.lists(st.integers(1, 2), min_size=1, max_size=3),
        "rate": st.sampled_from([44_100, 48_000]),
        "port": st.sampled_from([5004, 5006]),
        "gain_db": st.sampled_from([0, -6]),
        "enabled": st.booleans(),
        "name": st.sampled_from(["A", "B"]),
    }
)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    sources: list[dict[str, Any]] = draw(SOURCES)
    for number, one in enumerate(sources):
        one["id"] = f"src{number}"
        if one["kind"] == "jack":
            one["client_name"] = f"client{number}"
    numbers = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True))
    streams = []
    for number in numbers:
        each: dict[str, Any] = draw(STREAM)
        streams.append(
            {
                **each,
                "id": f"s{number}",
                "address": f"239.69.1.{number}",
                "source": f"src{each['source'] % len(sources)}",
            }
        )
    return config({"name": "x", "sources": sources, "streams": streams, "latency_ms": draw(st.sampled_from([20, 30]))})


def world(of: Config) -> dict[str, dict[str, Any]]:
    """What runs while a config is sent."""
    latency = {"jack": of.latency_ms}
    return {
        "sources": {id_: (use.source, latency.get(use.source.kind)) for id_, use in uses(of).items()},
        "rings": {id_: dict(use.channels) for id_, use in uses(of).items()},
        "session": {
            id_: (*(getattr(each, key) for key in SESSION_KEYS), len(each.channels)) for id_, each in on_air(of).items()
        },
        "route": {id_: (each.source, each.channels) for id_, each in on_air(of).items()},
        "gains": {id_: each.gains for id_, each in on_air(of).items()},
        "names": {id_: (each.name, each.channel_names) for id_, each in on_air(of).items()},
    }


def applied(done: Changes, there: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> None:
    """Do to a world what the changes say, each entry in one way only."""
    for id_ in done.stop:
        del there["sources"][id_], there["rings"][id_]
    for id_ in (*done.start, *done.restart):
        there["sources"][id_] = wanted["sources"][id_]
    for id_ in (*done.start, *done.restart, *done.refeed):
        there["rings"][id_] = wanted["rings"][id_]
    for id_ in (*done.remove, *done.replace):
        for part in ("session", "route", "gains", "names"):
            del there[part][id_]
    for id_ in (*done.add, *done.replace):
        for part in ("session", "route", "gains", "names"):
            there[part][id_] = wanted[part][id_]
    for ids, part in ((done.reroute, "route"), (done.regain, "gains"), (done.rename, "names")):
        for id_ in ids:
            there[part][id_] = wanted[part][id_]


@given(configs(), configs())
def test_applying_the_changes_to_the_old_world_gives_the_new_one(old: Config, new: Config) -> None:
    done, there, wanted = changes(old, new), world(old), world(new)
    applied(done, there, wanted)
    for id_, rings in there["rings"].items():
        if not wanted["rings"][id_]:
            # Nobody takes it now; it goes on all the same.
            rings.clear()
    assert there == wanted
    assert describe(done, old, new)


@given(configs())
def test_a_config_is_no_change_to_itself(one: Config) -> None:
    assert changes(one, one) == Changes()
