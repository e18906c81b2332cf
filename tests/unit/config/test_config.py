"""What good configs become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aes67_sender.config.load import load_config, parse_config, parse_data
from aes67_sender.config.model import Config
from aes67_sender.config.sources import FileSource, GstSource, JackSource, ToneSource
from aes67_sender.errors import ConfigError
from aes67_sender.model.packet import PacketFormat

BASE = Path("/studio")
#: The example of the reference for this file.
FULL = """
{
  "version": 1,
  "name": "Studio PC",
  "interface": "eth0",
  "secondary_interface": null,
  "clock": {"mode": "auto", "domain": 0, "fallback": "free-run", "tai_utc_offset": "auto"},
  "latency_ms": 20,
  "sources": [
    {"id": "daw", "kind": "jack", "channels": 16, "client_name": "aes67-sender", "connect": []},
    {"id": "jingle", "kind": "file", "path": "jingle.flac", "loop": true},
    {"id": "line-up", "kind": "tone", "channels": 2, "frequency_hz": 1000, "level_dbfs": -18}
  ],
  "streams": [
    {"id": "s1", "name": "DAW 1-8", "source": "daw", "channels": [1, 2, 3, 4, 5, 6, 7, 8], "channel_names": [],
     "address": "239.69.100.1", "port": 5004, "encoding": "L24", "rate": 48000, "packet_time_us": 1000,
     "payload_type": 97, "ttl": 32, "dscp": 34, "enabled": true}
  ],
  "announce": {"sap": true, "ravenna": false, "nmos": {"enabled": false, "registry": "auto"},
               "sdp_profile": "dante", "sdp_dir": "sdp-files"},
  "web": {"listen": "127.0.0.1:8067"}
}
"""


def config_of(data: dict[str, Any]) -> Config:
    return parse_data(data, base_dir=BASE)


def test_an_address_is_enough() -> None:
    config = config_of({"name": "PC", "streams": [{"address": "239.69.1.1"}]})
    assert config.sources == (ToneSource(id="tone"),)
    (stream,) = config.streams
    assert (stream.id, stream.name, stream.source, stream.channels) == ("s1", "PC - Stream 1", "tone", (1, 2))
    assert (stream.port, stream.payload_type, stream.ttl, stream.dscp) == (5004, 97, 32, 34)
    assert stream.packet_format == PacketFormat("L24", 48_000, 2, 1000)
    assert (stream.enabled, stream.multicast_loop, stream.ssrc) == (True, False, None)
    assert (config.clock.mode, config.clock.domain, config.clock.fallback) == ("auto", 0, "free-run")
    assert (config.clock.phc, config.clock.ptp4l_socket) == (None, "/var/run/ptp4l")
    assert (config.web.host, config.web.port) == ("127.0.0.1", 8067)


def test_gains_and_mutes_become_one_factor_for_each_channel() -> None:
    stream = {"address": "239.69.1.1", "source": "daw", "channels": [5, 6, 7]}
    sources = [{"id": "daw", "kind": "jack", "channels": 8}]

    def gains(**settings: Any) -> tuple[float, ...]:
        return config_of({"sources": sources, "streams": [{**stream, **settings}]}).streams[0].gains

    assert gains() == (1.0, 1.0, 1.0)
    assert gains(gain_db=-6, channel_gains_db=[6, 20]) == pytest.approx((1.0, 10**0.7, 10**-0.3))
    assert gains(gain_db=20, mute_channels=[2]) == pytest.approx((10.0, 0.0, 10.0))
    assert gains(channel_gains_db=[3], mute=True) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("latency_ms", [1, 1000, "auto"])
def test_latency_is_given_or_found(latency_ms: int | str) -> None:
    assert config_of({"latency_ms": latency_ms, "streams": [{"address": "239.69.1.1"}]}).latency_ms == latency_ms


def test_without_a_name_the_computer_gives_one() -> None:
    config = config_of({"streams": [{"address": "239.69.1.1"}]})
    assert config.name
    assert config.streams[0].name == f"{config.name} - Stream 1"


def test_the_example_of_the_interface_is_read_as_it_stands() -> None:
    config = parse_config(FULL, base_dir=BASE)
    assert [type(source) for source in config.sources] == [JackSource, FileSource, ToneSource]
    assert config.sources[1].channels is None
    assert config.streams[0].channels == tuple(range(1, 9))


def test_a_stream_takes_the_first_eight_channels_of_its_source() -> None:
    streams = [
        {"address": "239.69.1.1"},
        {"address": "239.69.1.2", "source": "m"},
        {"address": "239.69.1.3", "source": "f"},
    ]
    sources = [{"kind": "jack", "channels": 16}, {"id": "m", "kind": "silence", "channels": 1}]
    config = config_of({"sources": [*sources, {"id": "f", "kind": "file", "path": "x"}], "streams": streams})
    assert [stream.channels for stream in config.streams] == [tuple(range(1, 9)), (1,), (1, 2)]


def test_ids_left_out_avoid_those_given() -> None:
    streams = [{"address": "239.69.1.1"}, {"address": "239.69.1.2", "id": "s1"}, {"address": "239.69.1.3"}]
    config = config_of({"sources": [{"kind": "tone"}, {"kind": "tone"}], "streams": streams})
    assert [source.id for source in config.sources] == ["tone", "tone-2"]
    assert [stream.id for stream in config.streams] == ["s1-2", "s1", "s3"]


def test_paths_start_at_the_folder_of_the_config(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_text(FULL, "utf-8")
    config = load_config(path)
    source = config.sources[1]
    assert isinstance(source, FileSource)
    assert source.path == str(tmp_path / "jingle.flac")
    assert config.announce.sdp_dir == str(tmp_path / "sdp-files")
    absolute = config_of({"announce": {"sdp_dir": "/var/sdp"}, "streams": [{"address": "239.69.1.1"}]})
    assert absolute.announce.sdp_dir == "/var/sdp"


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:8067", "[::1]:1", "127.8.9.1:65535"])
def test_the_rest_interface_listens_on_any_loopback(listen: str) -> None:
    config = config_of({"web": {"listen": listen}, "streams": [{"address": "239.69.1.1"}]})
    assert f"{config.web.host}:{config.web.port}" == listen.replace("[", "").replace("]", "")


@pytest.mark.parametrize("listen", ["0.0.0.0:8067", "[::]:8067", "10.0.5.7:80", "[fe80::1]:8067"])
def test_another_address_needs_a_token_which_the_environment_may_hold(
    listen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"web": {"listen": listen}, "streams": [{"address": "239.69.1.1"}]}
    with pytest.raises(ConfigError) as caught:
        config_of(data)
    assert [(each.code, each.path) for each in caught.value.problems] == [("config.listen", "web.listen")]
    assert not config_of({**data, "web": {"listen": listen, "token": "correct-horse-battery"}}).web.local_only
    monkeypatch.setenv("AES67_SENDER_TOKEN", "correct-horse-battery")
    assert config_of(data).web.token is None
    monkeypatch.setenv("AES67_SENDER_TOKEN", "hunter2")
    with pytest.raises(ConfigError) as caught:
        config_of(data)
    assert "AES67_SENDER_TOKEN" in caught.value.problems[0].text
    assert "hunter2" not in str(caught.value.problems)


@pytest.mark.parametrize(
    "token", ["", "short", "with a blank in the middle", "x" * 101, "ünïcödé-and-long-enough", 7, []]
)
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token: object) -> None:
    with pytest.raises(ConfigError) as caught:
        config_of({"web": {"token": token}, "streams": [{"address": "239.69.1.1"}]})
    problem = caught.value.problems[0]
    assert (problem.code, problem.path) == ("config.token", "web.token")
    assert problem.hint
    assert not token or str(token) not in problem.text.replace("16 to 100", "")


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8067", "http://127.0.0.1:8067"),
        ("0.0.0.0:80", "http://10.0.5.7:80"),
        ("[::]:8067", "http://10.0.5.7:8067"),
        ("[fe80::1]:8067", "http://[fe80::1]:8067"),
        ("127.0.0.1:0", "http://127.0.0.1:49152"),
    ],
)
def test_where_it_is_reached_is_an_address_of_this_computer(listen: str, url: str) -> None:
    web = {"listen": listen, "token": "correct-horse-battery"}
    config = config_of({"web": web, "streams": [{"address": "239.69.1.1"}]})
    assert config.web.url("10.0.5.7", port=49152 if listen.endswith(":0") else None) == url


@pytest.mark.parametrize("address", ["239.69.1.1", "232.1.1.1", "224.0.1.1", "192.168.1.9", "127.0.0.1"])
def test_groups_and_single_receivers_are_destinations(address: str) -> None:
    assert config_of({"streams": [{"address": address}]}).streams[0].address == address


@pytest.mark.parametrize(
    ("packet_time_us", "rate", "encoding", "channels"),
    [(125, 48_000, "L24", 80), (333, 96_000, "L24", 15), (1000, 44_100, "L16", 15), (4000, 48_000, "L16", 3)],
)
def test_the_largest_packets_that_fit(packet_time_us: int, rate: int, encoding: str, channels: int) -> None:
    def stream(count: int) -> dict[str, Any]:
        of_format = {"packet_time_us": packet_time_us, "rate": rate, "encoding": encoding}
        return {"address": "239.69.1.1", "channels": list(range(1, count + 1)), **of_format}

    sources = [{"kind": "jack", "channels": 128}]
    packet = config_of({"sources": sources, "streams": [stream(channels)]}).streams[0].packet_format
    assert packet.payload_bytes <= 1440
    with pytest.raises(ConfigError) as caught:
        config_of({"sources": sources, "streams": [stream(channels + 1)]})
    assert [problem.code for problem in caught.value.problems] == ["config.packet-too-large"]


def test_streams_may_be_switched_off_all_of_them() -> None:
    assert not config_of({"streams": [{"address": "239.69.1.1", "enabled": False}]}).streams[0].enabled


def test_tones_have_steps_of_a_millihertz() -> None:
    sources = [{"kind": "tone", "frequency_hz": 997.00049}]
    source = config_of({"sources": sources, "streams": [{"address": "239.69.1.1"}]}).sources[0]
    assert isinstance(source, ToneSource)
    assert source.frequency_hz == 997.0


def test_editors_may_name_the_schema() -> None:
    config_of({"$schema": "./schema.json", "streams": [{"address": "239.69.1.1"}]})


def test_a_gst_bin_stands_as_written() -> None:
    sources = [{"kind": "gst", "bin": "alsasrc device=hw:0 ! queue", "channels": 4}]
    source = config_of({"sources": sources, "streams": [{"address": "239.69.1.1"}]}).sources[0]
    assert source == GstSource(id="gst", bin="alsasrc device=hw:0 ! queue", channels=4)


def test_the_data_given_is_not_changed() -> None:
    data = {"sources": [{"kind": "tone", "x": 1}], "streams": [{"address": 1, "port": "a"}], "clock": {"mode": 1}}
    before = json.dumps(data)
    with pytest.raises(ConfigError):
        config_of(data)
    assert json.dumps(data) == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _objects(model_keys: list[str], wrong: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(model_keys) | st.text(max_size=4), wrong, max_size=6)


PLAUSIBLE = JSON | st.sampled_from(
    ["tone", "jack", "file", "stdin", "s1", 5004, "239.69.1.1", [1, 2], [], {}, -1, 96_000]
)
STREAM_KEYS = ["id", "name", "source", "channels", "channel_names", "address", "port", "rate", "packet_time_us", "ssrc"]
SOURCE_KEYS = ["id", "kind", "kind", "channels", "path", "bin", "connect", "client_name", "channel_names", "level_dbfs"]
NEARLY = st.fixed_dictionaries(
    {"streams": st.lists(_objects(STREAM_KEYS, PLAUSIBLE) | JSON, max_size=3) | JSON},
    optional={
        "sources": st.lists(_objects(SOURCE_KEYS, PLAUSIBLE) | JSON, max_size=3) | JSON,
        "clock": _objects(["mode", "domain", "tai_utc_offset", "phc"], PLAUSIBLE) | JSON,
        "announce": _objects(["nmos", "sdp_dir"], _objects(["enabled", "registry"], PLAUSIBLE) | JSON) | JSON,
        "web": _objects(["listen"], PLAUSIBLE) | JSON,
        "name": PLAUSIBLE,
        "version": PLAUSIBLE,
    },
)


def outcome(text: str) -> Config | ConfigError:
    try:
        return parse_config(text, base_dir=BASE)
    except ConfigError as error:
        return error


@settings(max_examples=150, deadline=None)
@given(JSON | NEARLY)
def test_any_json_is_a_config_or_has_problems(data: object) -> None:
    match outcome(json.dumps(data)):
        case Config() as config:
            assert Config.model_validate_json(config.model_dump_json()) == config
        case error:
            assert error.problems
            for problem in error.problems:
                assert f"{problem.path} {problem.text} {problem.hint}".isprintable()


@settings(max_examples=100, deadline=None)
@given(st.text() | st.text("{}[]\",:\\ \n/#'ntu0123456789.eE-"))
def test_any_other_text_has_problems(text: str) -> None:
    error = outcome(text)
    assert isinstance(error, ConfigError)
    assert error.problems


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 64), min_size=1, max_size=10),
    st.floats(1, 20_000),
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=100),
    st.none() | st.integers(0, 2**32 - 1),
    st.sampled_from([0, 37, "auto"]),
)
def test_a_config_survives_json(channels: list[int], hz: float, name: str, ssrc: int | None, tai: int | str) -> None:
    stream = {"address": "239.69.1.1", "channels": channels, "name": name, "ssrc": ssrc}
    sources = [{"kind": "tone", "channels": 64, "frequency_hz": hz}, {"kind": "file", "path": name}]
    config = config_of({"sources": sources, "streams": [stream], "clock": {"tai_utc_offset": tai}})
    data = json.loads(json.dumps(config.model_dump(mode="json")))
    assert Config.model_validate(data) == config
    assert parse_data(data, base_dir=Path("/elsewhere")) == config


@pytest.mark.parametrize("kind", ["alsa", "pulse", "pipewire", "wasapi", "wasapi-loopback", "asio", "coreaudio"])
def test_a_device_needs_no_more_than_its_kind(kind: str) -> None:
    (source,) = config_of({"sources": [{"kind": kind}], "streams": [{"address": "239.69.1.1"}]}).sources
    known = source.model_dump()
    assert (source.id, source.kind, source.channels) == (kind, kind, 2)
    assert (known["device"], known["rate"], known.get("buffer_ms", 5.0)) == (None, None, 5.0)
    assert ("input_channels" in known) == (kind == "asio")
