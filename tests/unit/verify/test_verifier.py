"""Each fault is found, and none is on a stream that has none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.logic.verify.clock import ClockFacts
from aes67_sender.logic.verify.expectation import Expectation, StreamFormat, guess_format
from aes67_sender.logic.verify.packets import columns
from aes67_sender.logic.verify.verifier import Reception, Verification, Verifier
from aes67_sender.model.clock import ClockMapping
from aes67_sender.wire.rtp import RtpExtension
from support.impair import (
    BEGUN_NS,
    GROUP,
    PORT,
    SOURCE,
    Clean,
    alter,
    burst,
    double,
    drift,
    in_order,
    lose,
    overtake,
    restamp,
    shift,
    stall,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.logic.verify.packets import Heard

MASTER = "00-1d-c1-ff-fe-12-34-56"
OTHER = "00-1d-c1-ff-fe-65-43-21"
FACTS = ClockFacts("follower", "", MASTER, 0, 1000, ((0, MASTER),))
#: Arrivals of the made-up packets are PTP time already.
PTP = ClockMapping(0, 0, 0.0, 1)
EXPECTED = Expectation(
    name="Studio 1-2",
    address=GROUP,
    port=PORT,
    encoding="L24",
    rate_hz=48_000,
    channels=2,
    payload_type=97,
    frames=48,
    framecount=48,
    ttl=32,
    origin=SOURCE,
    sources=(SOURCE,),
    reference="ptp",
    grandmaster=MASTER.upper(),
    domain=0,
)


def judge(
    heard: Sequence[Heard],
    expected: Expectation = EXPECTED,
    *,
    mapping: ClockMapping | None = PTP,
    facts: ClockFacts = FACTS,
    reception: Reception = Reception(),  # noqa: B008  frozen
    batch: int = 100,
) -> Verification:
    stream = expected.format(columns(heard[:100]))
    assert stream is not None
    verifier = Verifier(stream, expected)
    for at in range(0, len(heard), batch):
        verifier.feed(heard[at : at + batch], mapping, accuracy_ns=2000)
    return verifier.finish(facts, reception)


def found(verification: Verification) -> dict[str, str]:
    """Code and verdict of all that is not well."""
    return {each.code: each.verdict for each in verification.findings if each.verdict != "pass"}


def figure(verification: Verification, code: str, name: str) -> Any:
    return next(each.figures[name] for each in verification.findings if each.code == code)


@pytest.fixture(scope="module")
def clean() -> list[Heard]:
    return Clean().heard()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"frames": 6, "packets": 32_000, "jitter_us": 8.0},
        {"channels": 8, "jitter_us": 60.0},
        {"frames": 192, "packets": 1000},
        {"rate_hz": 96_000, "frames": 96},
        {"rate_hz": 44_100, "packets": 3700},
        {"sequence": 0, "ssrc": 0},
    ],
)
def test_nothing_is_invented_about_a_clean_stream(settings: dict[str, Any]) -> None:
    made = Clean(**settings)
    expected = replace(
        EXPECTED, rate_hz=made.rate_hz, channels=made.channels, frames=made.frames, framecount=made.frames
    )
    verification = judge(made.heard(), expected)
    assert found(verification) == {}
    assert verification.verdict == "pass"
    assert verification.packets == made.packets
    assert len(verification.levels) == made.channels
    assert verification.levels[0].peak_dbfs == pytest.approx(-18.1, abs=0.2)
    assert verification.levels[0].rms_dbfs == pytest.approx(-21.1, abs=0.2)
    packet_us = made.frames * 1e6 / made.rate_hz
    assert figure(verification, "lead", "mean_us") == pytest.approx(-packet_us - made.jitter_us, abs=3)
    assert sum(verification.gap_counts) == made.packets - 1


@pytest.mark.parametrize("batch", [1, 7, 5000])
def test_how_packets_are_handed_over_changes_no_verdict(clean: list[Heard], batch: int) -> None:
    heard = double(lose(clean, 500, 501), 900)
    assert found(judge(heard, batch=batch)) == found(judge(heard))
    assert figure(judge(heard, batch=batch), "loss", "lost_packets") == 2


def test_losses_are_counted_across_the_wrap_of_the_sequence(clean: list[Heard]) -> None:
    verification = judge(lose(clean, 100, 535, 536, 537, 3000))
    assert found(verification) == {"loss": "fail"}
    assert figure(verification, "loss", "lost_packets") == 5
    assert figure(verification, "loss", "outages") == 3
    assert figure(verification, "loss", "longest_outage_packets") == 3


def test_what_the_receiver_lost_is_not_held_against_the_sender(clean: list[Heard]) -> None:
    verification = judge(lose(clean, 100), reception=Reception(lost=1))
    assert found(verification) == {"loss": "unknown"}
    assert verification.verdict == "pass"


def test_late_packets_are_not_lost(clean: list[Heard]) -> None:
    verification = judge(overtake(clean, 100, 2000))
    assert found(verification) == {"order": "warn"}
    assert figure(verification, "order", "packets") == 2


def test_doubled_packets_are_not_late(clean: list[Heard]) -> None:
    assert found(judge(double(clean, 100, 2000))) == {"duplicates": "warn"}
    assert found(judge(double(clean, *range(0, 4000, 10))))["duplicates"] == "fail"


@pytest.mark.parametrize("lead_ms", [-24, 20])
def test_leads_that_receivers_do_not_play_fail(clean: list[Heard], lead_ms: int) -> None:
    # A good packet has a lead of -1 ms.
    verification = judge(shift(clean, -(lead_ms + 1) * 1_000_000))
    assert found(verification) == {"lead": "fail"}
    assert figure(verification, "lead", "mean_us") == pytest.approx(lead_ms * 1000, abs=30)


def test_a_mean_of_more_than_two_and_a_half_ms_is_too_late(clean: list[Heard]) -> None:
    assert found(judge(shift(clean, 1_300_000))) == {}
    assert found(judge(shift(clean, 1_600_000))) == {"lead": "fail"}


def test_a_packet_may_be_early_by_the_error_of_our_own_clock_only(clean: list[Heard]) -> None:
    assert found(judge(shift(clean, -1_001_000))) == {}
    assert found(judge(shift(clean, -1_003_000)))["lead"] == "warn"


def test_utc_for_tai_is_recognised(clean: list[Heard]) -> None:
    verification = judge(shift(clean, 37 * 10**9))
    assert found(verification) == {"lead": "fail"}
    assert "TAI minus UTC" in next(each.text for each in verification.findings if each.code == "lead")


def test_an_offset_of_the_media_clock_is_taken_from_the_sdp() -> None:
    heard = Clean(stamp=BEGUN_NS * 48_000 // 10**9 // 48 * 48 + 123_456).heard()
    assert found(judge(heard)) == {"lead": "fail"}
    assert found(judge(heard, replace(EXPECTED, mediaclk_offset=123_456))) == {"mediaclk": "warn"}


def test_without_a_clock_the_lead_is_unknown_and_says_why(clean: list[Heard]) -> None:
    verification = judge(clean, mapping=None, facts=ClockFacts(why="Another program holds UDP port 319."))
    assert found(verification) == {"lead": "unknown", "media-rate": "unknown", "clock-identity": "unknown"}
    assert "holds UDP port 319" in next(each.text for each in verification.findings if each.code == "lead")
    assert verification.verdict == "pass"


def test_a_sender_on_its_own_crystal_is_found_by_its_drift(clean: list[Heard]) -> None:
    verification = judge(drift(clean, 40))
    assert found(verification)["media-rate"] == "fail"
    assert figure(verification, "media-rate", "drift_ppm") == pytest.approx(-40, abs=3)


def test_stamps_of_the_time_of_sending_are_found(clean: list[Heard]) -> None:
    verification = judge(restamp(clean, lambda number, stamp: stamp + number % 3 - 1))
    assert found(verification) == {"stamps": "fail"}
    assert "count samples" in _hint(verification, "stamps")


def test_one_jump_of_the_stamps_is_found(clean: list[Heard]) -> None:
    verification = judge(restamp(clean, lambda _number, stamp: stamp + 20, begin=1000))
    assert found(verification) == {"stamps": "fail"}
    assert figure(verification, "stamps", "wrong_steps") == 1
    assert figure(verification, "stamps", "largest_error_frames") == 20


def _hint(verification: Verification, code: str) -> str:
    return next(each.hint for each in verification.findings if each.code == code)


def test_bursts_of_a_capture_are_found(clean: list[Heard]) -> None:
    many = found(judge(burst(clean, 21)))
    assert many["bursts"] == "fail"
    assert found(judge(burst(clean, 5)))["bursts"] == "warn"
    assert found(judge(burst(clean, 2))).get("bursts") is None


def test_one_stall_is_no_habit(clean: list[Heard]) -> None:
    verification = judge(stall(clean, 2000, 30_000_000))
    assert verification.verdict == "warn"
    assert found(verification) == {"gaps": "warn", "lead": "warn", "ts-df": "warn"}
    assert figure(verification, "gaps", "max_packet_times") == pytest.approx(31, abs=1)


def test_stalls_again_and_again_fail(clean: list[Heard]) -> None:
    heard = clean
    for at in range(100, 4000, 300):
        heard = stall(heard, at, 30_000_000)
    assert {"gaps", "bursts", "ts-df"} <= {code for code, verdict in found(judge(heard)).items() if verdict == "fail"}


def test_a_wrong_packet_rate_is_found(clean: list[Heard]) -> None:
    slow = [replace(each, arrival_ns=each.arrival_ns + 30_000 * number) for number, each in enumerate(clean)]
    assert found(judge(slow))["rate"] == "fail"


def test_payloads_of_another_size_than_described_are_found(clean: list[Heard]) -> None:
    assert found(judge(alter(clean, payload=bytes(144)))) == {
        "payload-size": "fail",
        "ptime": "fail",
        "silence": "unknown",
    }
    assert found(judge(alter(clean, every=50, payload=bytes(144)))) == {"payload-size": "fail"}


def test_a_packet_time_of_the_sdp_that_is_not_on_the_wire_is_found(clean: list[Heard]) -> None:
    assert found(judge(clean, replace(EXPECTED, frames=6, framecount=6)))["ptime"] == "fail"
    assert found(judge(clean, replace(EXPECTED, framecount=6))) == {"ptime": "warn"}
    assert found(judge(clean, replace(EXPECTED, frames=None, framecount=None))) == {"ptime": "warn"}


def test_a_payload_over_the_limit_is_found() -> None:
    expected = replace(EXPECTED, channels=11)
    assert found(judge(Clean(channels=11).heard(), expected)) == {"payload-size": "fail"}


def test_a_sender_that_began_anew_is_told_from_two_senders(clean: list[Heard]) -> None:
    anew = [*clean[:2050], *alter(clean[2050:], ssrc=7)]
    anew = anew[:2050] + [
        replace(each, packet=replace(each.packet, sequence=number)) for number, each in enumerate(anew[2050:])
    ]
    assert found(judge(anew)) == {"ssrc": "fail", "media-rate": "unknown"}
    both = in_order([*clean, *shift(alter(clean, ssrc=7), 300_000)])
    assert found(judge(both)) == {"senders": "fail"}


def test_payload_types_are_compared_and_must_not_change(clean: list[Heard]) -> None:
    assert found(judge(alter(clean, payload_type=98))) == {"payload-type": "fail"}
    assert found(judge(alter(clean, begin=2000, payload_type=98))) == {"payload-type": "fail"}


def test_a_header_with_more_in_it_than_it_needs_is_found(clean: list[Heard]) -> None:
    assert found(judge(alter(clean, every=100, marker=True))) == {"header": "warn"}
    assert found(judge(alter(clean, extension=RtpExtension(0xBEDE, b"")))) == {"header": "warn"}
    assert found(judge(alter(clean, csrcs=(1,)))) == {"header": "warn"}


@pytest.mark.parametrize(
    ("field", "value", "finding"),
    [
        ("ttl", 31, {"ttl": "warn"}),
        ("ttl", -1, {"ttl": "unknown"}),
        ("dscp", 0, {"dscp": "warn"}),
        ("dscp", 46, {}),
        ("dscp", -1, {"dscp": "unknown"}),
        ("source", "10.77.0.9", {"source": "fail"}),
    ],
)
def test_what_ip_carries_is_judged(clean: list[Heard], field: str, value: Any, finding: dict[str, str]) -> None:
    assert found(judge([replace(each, **{field: value}) for each in clean])) == finding


def test_the_origin_is_compared_where_there_is_no_filter(clean: list[Heard]) -> None:
    assert found(judge(clean, replace(EXPECTED, sources=(), origin="10.0.0.1"))) == {"source": "warn"}


def test_silence_is_found_by_channel(clean: list[Heard]) -> None:
    left = b"".join(bytes((0x10, 0, 0, 0, 0, 0)) for _ in range(48))
    assert found(judge(alter(clean, payload=left))) == {"silence": "warn"}
    assert figure(judge(alter(clean, payload=left)), "silence", "silent_channels") == 1
    assert figure(judge(alter(clean, payload=bytes(288))), "silence", "silent_channels") == 2


def test_clipping_is_found_and_counted_once_for_each_place() -> None:
    loud = Clean(packets=100, amplitude=4.0)
    # A sine of four times full scale, cut as a converter would.
    heard = [
        replace(each, packet=replace(each.packet, payload=(b"\x7f\xff\xff" * 20 + b"\0" * 12) * 4))
        for each in loud.heard()
    ]
    verification = judge(heard)
    assert found(verification)["clipping"] == "warn"
    assert figure(verification, "clipping", "clips") > 100
    assert found(judge(Clean(packets=400, amplitude=0.99).heard())).get("clipping") is None


@pytest.mark.parametrize(
    ("changes", "facts", "finding"),
    [
        ({"grandmaster": OTHER}, {}, {"clock-identity": "fail"}),
        ({"domain": 5}, {}, {"clock-domain": "fail"}),
        ({"reference": "local"}, {}, {"clock-identity": "warn"}),
        ({"reference": "none"}, {}, {"clock-identity": "warn"}),
        ({"reference": "traceable"}, {}, {}),
        ({"mediaclk_told": False}, {}, {"mediaclk": "warn"}),
        ({"mediaclk_offset": None}, {}, {"mediaclk": "warn"}),
        ({}, {"grandmaster": None, "masters": ((0, MASTER), (0, OTHER))}, {}),
        ({"grandmaster": OTHER}, {"masters": ((0, MASTER), (0, OTHER))}, {"clock-identity": "fail"}),
    ],
)
def test_the_clock_of_the_sdp_is_compared_with_the_networks(
    clean: list[Heard], changes: dict[str, Any], facts: dict[str, Any], finding: dict[str, str]
) -> None:
    assert found(judge(clean, replace(EXPECTED, **changes), facts=replace(FACTS, **facts))) == finding


def test_no_packet_at_all_fails_with_what_to_look_for() -> None:
    verifier = Verifier(StreamFormat("L24", 48_000, 2, 48), EXPECTED)
    verification = verifier.finish(FACTS, Reception(hint="Look there."))
    assert found(verification) == {"no-packets": "fail"}
    assert _hint(verification, "no-packets") == "Look there."


def test_other_datagrams_and_fragments_are_told(clean: list[Heard]) -> None:
    assert found(judge(clean, reception=Reception(malformed=3))) == {"malformed": "warn"}
    assert found(judge(clean, reception=Reception(fragments=3))) == {"malformed": "fail"}


@pytest.mark.parametrize(
    ("made", "guessed"),
    [
        (Clean(packets=200), StreamFormat("L24", 48_000, 2, 48)),
        (Clean(packets=200, channels=8, frames=6), StreamFormat("L24", 48_000, 8, 6)),
        (Clean(packets=200, rate_hz=44_100), StreamFormat("L24", 44_100, 2, 48)),
        (Clean(packets=200, rate_hz=96_000, frames=96), StreamFormat("L24", 96_000, 2, 96)),
        (Clean(packets=5), None),
    ],
)
def test_a_format_is_guessed_from_the_packets(made: Clean, guessed: StreamFormat | None) -> None:
    assert guess_format(columns(made.heard())) == guessed
