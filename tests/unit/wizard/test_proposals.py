"""What the wizard proposes and makes of answers, without anybody asking."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from aes67_sender.config.load import judge
from aes67_sender.config.machine import check_machine
from aes67_sender.wizard.addresses import is_group
from aes67_sender.wizard.check import problems_of
from aes67_sender.wizard.clocks import MODES, clock_sentences
from aes67_sender.wizard.facts import Facts, Given
from aes67_sender.wizard.families import FAMILIES, livewire_channel
from aes67_sender.wizard.plan import build
from aes67_sender.wizard.propose import propose
from aes67_sender.wizard.sound import TONE, default_source, parse_source
from support.wizard_facts import OWN_ADDRESS, device, facts, interface, master, session

OWN_WORK: dict[str, Any] = {
    "$schema": "schema.json",
    "version": 1,
    "name": "Studio PC",
    "latency_ms": 12,
    "clock": {"domain": 3, "slew_limit_ppm": 50},
    "sources": [
        {"id": "daw", "kind": "jack", "channels": 6, "server_name": "studio"},
        {"kind": "tone", "frequency_hz": 440},
    ],
    "streams": [
        {"address": "239.69.9.9", "channels": [3, 1], "gain_db": -6, "alert_clipping": True},
        {"id": "unicast", "address": "10.0.0.7", "source": "tone", "packet_time_us": 125, "dscp": 10},
        {"id": "s1", "name": "Studio PC daw 5-6", "address": "239.69.9.11", "source": "daw", "channels": [5, 6]},
    ],
    "announce": {"sap": False},
    "web": {"listen": "127.0.0.1:9000"},
}


def made(known: Facts, **given: Any) -> dict[str, Any]:
    return build(known, propose(known, Given(**given)))  # type: ignore[typeddict-item]


def places(data: dict[str, Any]) -> list[str]:
    return [stream["address"] for stream in data["streams"]]


def test_a_bare_machine_gets_a_tone_for_dante() -> None:
    assert made(facts()) == {
        "version": 1,
        "name": "studio-pc",
        "interface": "eth0",
        "clock": {"mode": "auto", "domain": 0},
        "sources": [{"id": "tone", "kind": "tone", "channels": 2}],
        "streams": [
            {
                "id": "s1",
                "name": "studio-pc 1-2",
                "source": "tone",
                "channels": [1, 2],
                "address": "239.69.20.1",
                "port": 5004,
                "encoding": "L24",
                "rate": 48000,
                "packet_time_us": 1000,
                "dscp": 46,
            }
        ],
        "announce": {"sap": True, "ravenna": False, "sdp_profile": "dante"},
    }


def test_channels_are_split_into_streams_of_eight() -> None:
    data = made(facts(devices=[device("jack", "system", 20)]))
    assert [stream["channels"] for stream in data["streams"]] == [
        [1, 2, 3, 4, 5, 6, 7, 8],
        [9, 10, 11, 12, 13, 14, 15, 16],
        [17, 18, 19, 20],
    ]
    assert [stream["name"] for stream in data["streams"]] == ["studio-pc 1-8", "studio-pc 9-16", "studio-pc 17-20"]
    assert places(data) == ["239.69.20.1", "239.69.20.2", "239.69.20.3"]
    assert data["sources"] == [
        {"id": "jack", "kind": "jack", "connect": ["system:*"], "channels": 20, "client_name": "aes67-sender"}
    ]


def test_they_are_split_as_asked() -> None:
    data = made(facts(), sources=(dict(TONE), dict(TONE)), channels=(3, 1), per_stream=2)
    assert [(stream["source"], stream["channels"]) for stream in data["streams"]] == [
        ("tone", [1, 2]),
        ("tone", [3]),
        ("tone-2", [1]),
    ]
    assert [stream["name"] for stream in data["streams"]] == [
        "studio-pc tone 1-2",
        "studio-pc tone 3",
        "studio-pc tone-2 1",
    ]


def test_addresses_that_were_heard_are_left_alone() -> None:
    heard = [session("239.69.20.1"), session("239.69.20.3", port=6000)]
    data = made(facts(sessions=heard), channels=(24,))
    assert places(data) == ["239.69.20.2", "239.69.20.4", "239.69.20.5"]


def test_a_wide_stream_gets_a_packet_time_that_fits_this_interface() -> None:
    known = facts(interfaces=[interface(mtu_bytes=1400)])
    times = {
        size: made(known, profile="ravenna", channels=(size,), per_stream=size)["streams"][0]["packet_time_us"]
        for size in (9, 10, 28, 64)
    }
    assert times == {9: 1000, 10: 333, 28: 333, 64: 125}


def test_too_many_channels_for_the_receivers_are_told_as_such() -> None:
    known = facts()
    (told,) = problems_of(known, Given(profile="dante", channels=(16,), per_stream=16))
    assert (told.path, told.text) == ("per_stream", "Dante (AES67 mode) takes at most 8 channels per stream.")
    assert problems_of(known, Given(profile="ravenna", channels=(16,), per_stream=16)) == []


def test_each_family_gets_what_suits_it() -> None:
    found = {key: made(facts(), profile=key, channels=(4,)) for key in FAMILIES}
    assert {key: (data["announce"]["sdp_profile"], data["announce"]["ravenna"]) for key, data in found.items()} == {
        "dante": ("dante", False),
        "ravenna": ("ravenna", True),
        "livewire": ("generic", False),
        "st2110": ("st2110", False),
        "generic": ("generic", True),
    }
    assert {key: data["clock"]["domain"] for key, data in found.items()} == {
        "dante": 0,
        "ravenna": 0,
        "livewire": 0,
        "st2110": 127,
        "generic": 0,
    }
    livewire = found["livewire"]["streams"]
    assert [(stream["address"], livewire_channel(stream["address"])) for stream in livewire] == [
        ("239.192.84.1", 21505),
        ("239.192.84.2", 21506),
    ]
    assert [stream["dscp"] for stream in (*found["dante"]["streams"], *found["st2110"]["streams"])] == [46, 34]


def test_the_domain_is_that_of_the_masters() -> None:
    def domain(*masters: Any, profile: str = "dante") -> Any:
        return made(facts(masters=masters), profile=profile)["clock"]["domain"]

    assert domain(master(5)) == 5
    assert domain(master(5), master(0)) == 0
    assert domain(master(5), master(7, clock_class=6), profile="ravenna") == 7
    assert domain(master(0), profile="st2110") == 0
    assert domain(master(-1, version=1), profile="st2110") == 127


def test_what_was_heard_of_clocks_is_said_in_sentences() -> None:
    def said(**known: Any) -> str:
        return " ".join(clock_sentences(facts(**known), FAMILIES["dante"]))

    assert "PTP domain 0: 00-1d-c1-ff-fe-12-34-56 at 192.168.1.2, class 6; 1 more." in said(
        masters=[master(clock_class=6), master(grandmaster="aa-bb-cc-ff-fe-00-00-01")]
    )
    assert "uses domain 0 as a rule, and nobody is master there" in said(masters=[master(9)])
    assert "Only PTP version 1" in said(masters=[master(-1, version=1)])
    assert "No PTP master is heard" in said()
    assert "A PTP daemon runs" in said(daemon=True)


def test_an_existing_file_is_not_changed_by_its_own_answers() -> None:
    known = facts(file=OWN_WORK, devices=[device()], masters=[master(0)])
    assert made(known) == OWN_WORK
    assert list(made(known)) == list(OWN_WORK)


def test_an_answer_changes_what_it_is_about_and_nothing_else() -> None:
    known = facts(file=OWN_WORK)
    assert made(known, domain=0) == {**OWN_WORK, "clock": {"domain": 0, "slew_limit_ppm": 50}}
    assert made(known, mode="system") == {**OWN_WORK, "clock": {**OWN_WORK["clock"], "mode": "system"}}
    other = facts(file=OWN_WORK, interfaces=[interface(), interface("eth1", "10.0.0.1")])
    assert made(other, interface="eth1") == {**OWN_WORK, "interface": "eth1"}


def test_names_made_from_the_old_name_follow_the_new_one() -> None:
    data = made(facts(file=OWN_WORK), name="Studio B")
    assert data["name"] == "Studio B"
    assert [stream.get("name") for stream in data["streams"]] == [None, None, "Studio B daw 5-6"]


def test_a_stream_whose_group_somebody_else_uses_moves_and_the_others_stay() -> None:
    data = made(facts(file=OWN_WORK, sessions=[session("239.69.9.9"), session("239.69.9.10")]))
    assert places(data) == ["239.69.9.12", "10.0.0.7", "239.69.9.11"]
    assert data["streams"][0]["gain_db"] == -6


def test_our_own_announcements_do_not_drive_us_away() -> None:
    ours = [session("239.69.9.9", origin=OWN_ADDRESS), session("239.69.9.11", origin=OWN_ADDRESS)]
    assert made(facts(file=OWN_WORK, sessions=ours)) == OWN_WORK


def test_another_base_moves_all_groups_and_no_unicast() -> None:
    assert places(made(facts(file=OWN_WORK), base_address="239.69.50.7")) == ["239.69.50.7", "10.0.0.7", "239.69.50.8"]


def test_another_family_brings_its_own_ports_packets_and_groups() -> None:
    file = {
        "streams": [{"address": "239.100.1.1", "port": 6000, "rate": 96000, "packet_time_us": 250, "gain_db": 3}],
        "announce": {"sdp_profile": "ravenna", "sdp_dir": "mine"},
    }
    data = made(facts(file=file), profile="dante")
    (stream,) = data["streams"]
    assert stream == {
        "address": "239.69.20.1",
        "port": 5004,
        "rate": 48000,
        "packet_time_us": 1000,
        "gain_db": 3,
        "dscp": 46,
        "encoding": "L24",
    }
    assert data["announce"] == {"sdp_profile": "dante", "sdp_dir": "mine", "sap": True, "ravenna": False}
    assert "clock" not in data


def test_streams_too_wide_for_the_new_family_are_split_anew() -> None:
    file = {
        "sources": [{"kind": "tone", "channels": 16}],
        "streams": [{"address": "239.100.1.1", "channels": list(range(1, 17)), "packet_time_us": 333}],
        "announce": {"sdp_profile": "ravenna"},
    }
    data = made(facts(file=file), profile="dante")
    assert [len(stream["channels"]) for stream in data["streams"]] == [8, 8]


def test_a_source_of_the_file_keeps_its_keys_when_it_is_chosen_again() -> None:
    data = made(facts(file=OWN_WORK), sources=({"kind": "jack", "connect": []},), channels=(4,), per_stream=2)
    assert data["sources"] == [{"id": "daw", "kind": "jack", "channels": 4, "server_name": "studio", "connect": []}]
    assert [stream["channels"] for stream in data["streams"]] == [[1, 2], [3, 4]]
    assert problems_of(facts(file=OWN_WORK), Given(sources=({"kind": "jack", "connect": []},))) == []


def test_other_numbers_of_channels_keep_the_sources_of_the_file() -> None:
    data = made(facts(file=OWN_WORK), channels=(8,))
    assert data["sources"] == [
        {**OWN_WORK["sources"][0], "channels": 8},
        {"id": "tone", "channels": 2, **OWN_WORK["sources"][1]},
    ]
    kept = [stream for stream in data["streams"] if stream["source"] == "tone"]
    assert kept == [{"name": "Studio PC - Stream 2", "channels": [1, 2], **OWN_WORK["streams"][1]}]


def test_sources_can_be_named_in_short() -> None:
    assert parse_source("tone") == {"kind": "tone"}
    assert parse_source("alsa:hw:CARD=USB,DEV=0") == {"kind": "alsa", "device": "hw:CARD=USB,DEV=0"}
    assert parse_source("jack:system") == {"kind": "jack", "connect": ["system:*"]}
    assert parse_source("jack:system:capture_*") == {"kind": "jack", "connect": ["system:capture_*"]}
    assert parse_source("file:a b.flac") == {"kind": "file", "path": "a b.flac"}


def test_an_input_is_proposed_before_what_an_output_plays() -> None:
    monitor, card = device(name="Monitor", monitor=True, default=True), device("alsa", "Card", 8)
    assert default_source([monitor, card]) == {"kind": "alsa", "device": "card"}
    assert default_source([monitor]) == {"kind": "pulse", "device": "monitor"}
    assert default_source([]) == {"kind": "tone"}


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        ({"domain": 128}, "clock.domain", '"domain" is 128, but must be from 0 to 127.'),
        ({"domain": "x"}, "clock.domain", '"domain" is "x", but must be a whole number.'),
        ({"channels": ("many",)}, "sources[0].channels", '"channels" is "many", but must be a whole number.'),
        ({"channels": (300,)}, "sources[0].channels", '"channels" is 300, but must be from 1 to 256.'),
        ({"channels": (0,)}, "sources[0].channels", '"channels" is 0, but must be from 1 to 256.'),
        ({"channels": (2, 2)}, "sources", "There are 2 numbers of channels for 1 sources."),
        ({"per_stream": 0}, "per_stream", "0 channels make no stream."),
        ({"per_stream": "x"}, "per_stream", "'x' is no number of channels."),
        ({"base_address": "239.1"}, "streams[0].address", '"address" is "239.1": no IPv4 address.'),
        ({"base_address": "224.0.1.129"}, "streams[0].address", '"address" is 224.0.1.129: PTP uses this group.'),
        ({"base_address": "10.0.0.1"}, "streams[0].address", "10.0.0.1 is no multicast address"),
        ({"name": " "}, "name", '"name" is blank.'),
        ({"name": "x" * 101}, "name", '"name" is 101 characters long'),
        ({"interface": "eth9"}, "interface", 'This computer has no network interface "eth9".'),
        ({"sources": ({"kind": "jak"},)}, "sources[0].kind", '"kind" is "jak", but must be'),
        ({"sources": ({"kind": "file"},)}, "sources[0].path", '"path" is missing.'),
    ],
)
def test_a_wrong_answer_is_judged_by_the_configs_own_rules(given: dict[str, Any], path: str, text: str) -> None:
    told = [each for each in problems_of(facts(), Given(**given)) if each.severity == "error"]  # type: ignore[typeddict-item]
    assert [each.path for each in told] == [path]
    assert told[0].text.startswith(text)
    assert told[0].hint


addresses = st.one_of(
    st.sampled_from(["239.69.20.1", "239.69.20.2", "239.100.20.1", "239.192.84.3", "239.110.20.1", "239.69.20.254"]),
    st.integers(0xEF450000, 0xEF45FFFF).map(
        lambda number: ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    ),
)
devices = st.lists(
    st.builds(
        device,
        st.sampled_from(["jack", "pulse", "alsa", "pipewire", "coreaudio", "wasapi", "asio", "gst"]),
        st.sampled_from(["Studio", "USB", "Desk", "Loop"]),
        st.integers(1, 300),
        monitor=st.booleans(),
        default=st.booleans(),
    ),
    max_size=4,
)
networks = {
    "masters": st.lists(st.builds(master, st.integers(0, 127), version=st.sampled_from([1, 2])), max_size=4),
    "sessions": st.lists(st.builds(session, addresses, st.sampled_from([5004, 5006])), max_size=30),
    "interfaces": st.just([interface(mtu_bytes=1500)]) | st.just([interface(mtu_bytes=9000, address="10.1.255.0")]),
}
choices = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.sampled_from(list(FAMILIES)),
        "mode": st.sampled_from(list(MODES)),
        "domain": st.integers(0, 127),
        "channels": st.integers(1, 256).map(lambda number: (number,)),
        "per_stream": st.integers(1, 8),
        "base_address": addresses,
        "name": st.text("abcö /-", min_size=1, max_size=100).filter(str.strip),
    },
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Config files as somebody may have written them."""
    counts = draw(st.lists(st.integers(1, 12), min_size=1, max_size=3))
    sources: list[dict[str, Any]] = [{"kind": "tone", "channels": count} for count in counts]
    places = draw(st.lists(addresses, min_size=1, max_size=5, unique=True))
    streams: list[dict[str, Any]] = []
    for place in places:
        stream: dict[str, Any] = {"address": place}
        if draw(st.booleans()):
            number = draw(st.integers(0, len(counts) - 1))
            numbers = st.lists(st.integers(1, counts[number]), min_size=1, max_size=8)
            stream |= {"source": "tone" if number == 0 else f"tone-{number + 1}", "channels": draw(numbers)}
        if draw(st.booleans()):
            stream["gain_db"] = -3
        streams.append(stream)
    profile = draw(st.sampled_from(["dante", "ravenna", "st2110", "generic"]))
    return {"sources": sources, "streams": streams, "announce": {"sdp_profile": profile}}


@for_all(devices, st.fixed_dictionaries(networks), choices, st.none() | files())
def test_whatever_was_found_the_proposal_is_valid_and_its_groups_are_free(
    found: list[Any], network: dict[str, Any], given: dict[str, Any], file: dict[str, Any] | None
) -> None:
    known = facts(devices=found, file=file, **network)
    data = made(known, **given)
    config = judge(data, interfaces=known.interfaces)
    assert [problem for problem in check_machine(config, known.interfaces) if problem.severity == "error"] == []
    groups = [stream.address for stream in config.streams if is_group(stream.address)]
    assert len(set(groups)) == len(groups)
    assert set(groups).isdisjoint(each.address for each in network["sessions"])
    assert sum(len(stream.channels) for stream in config.streams) > 0
    again = facts(file=data, devices=found, **network)
    assert made(again) == data


@for_all(st.fixed_dictionaries(networks | {"sessions": st.just([])}), devices, files())
def test_a_file_is_its_own_proposal(network: dict[str, Any], found: list[Any], file: dict[str, Any]) -> None:
    assert made(facts(file=file, devices=found, **network)) == file
