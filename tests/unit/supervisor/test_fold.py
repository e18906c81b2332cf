from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from aes67_sender.config.load import parse_data
from aes67_sender.logic.codec import decode_snapshot, encode_snapshot
from aes67_sender.logic.fold import (
    EngineDied,
    EngineHandedOver,
    EngineReported,
    Event,
    History,
    StopAsked,
    fold,
)
from aes67_sender.logic.instant import RESTART_SHOWN_S, Now, snapshot
from aes67_sender.model.clock import ClockMapping
from aes67_sender.model.levels import LevelWindow
from aes67_sender.model.problem import Problem
from aes67_sender.model.protocol import Report, StreamHandover, StreamReport
from aes67_sender.model.snapshot import LatenessStatus, Snapshot, SourceStatus
from aes67_sender.units import SILENCE_DBFS
from unit.ui.pictures import CLOCK

CONFIG = parse_data(
    {
        "name": "Studio PC",
        "sources": [{"id": "tone", "kind": "tone"}],
        "streams": [
            {"id": "s1", "name": "One", "address": "239.69.1.1"},
            {"id": "off", "address": "239.69.1.2", "enabled": False},
        ],
    },
    base_dir=Path(),
)


def report(
    packets: int, *, sending: bool = True, missed: int = 0, realtime: bool = True, clipped: tuple[int, ...] = (0, 0)
) -> Report:
    return Report(
        clock=CLOCK,
        mapping=ClockMapping(1, 2, 0.0, 1),
        sources=(SourceStatus("tone", "tone", "running", "", 0.0, 20.0, 0, 0, (-18.0, -math.inf)),),
        streams=(
            StreamReport(
                id="s1",
                sending=sending,
                packets=packets,
                missed=missed,
                send_errors=1,
                send_error="",
                lateness_us=LatenessStatus(40, 90, 300 if packets > 5000 else 100),
                packet_time_us=1000.0,
                handover=StreamHandover("s1", 77, 5),
                levels=(LevelWindow((-18.04, -math.inf), (-21.05, -math.inf)),),
                clipped=clipped,
            ),
        ),
        realtime=realtime,
        realtime_why="" if realtime else "RLIMIT_RTPRIO is 0.",
        cpu_percent=6.1,
    )


def after(*events: Event) -> History:
    history = History(started_s=100.0)
    for event in events:
        history = fold(history, event)
    return history


def seen(history: History, now_s: float, problems: tuple[Problem, ...] = ()) -> Snapshot:
    found = snapshot(history, CONFIG, {"s1": 3}, problems, Now(now_s, 1_796_212_800.0))
    assert decode_snapshot(encode_snapshot(found)) == found
    return found


def test_before_the_first_report_everything_is_there_and_waits() -> None:
    first = seen(after(), 100.5)
    assert first.state == "starting"
    assert first.uptime_s == 0.5
    assert first.time == "2026-12-02T12:00:00.000Z"
    assert first.clock.state == "listening"
    assert [stream.state for stream in first.streams] == ["waiting", "stopped"]
    assert [source.state for source in first.sources] == ["starting"]
    assert first.problems == ()


def test_a_sending_engine_is_told_as_it_is() -> None:
    told = seen(after(EngineReported(101.0, report(1000))), 101.0)
    assert told.state == "sending"
    assert told.clock == CLOCK
    stream = told.streams[0]
    assert (stream.id, stream.name, stream.address, stream.port) == ("s1", "One", "239.69.1.1", 5004)
    assert (stream.state, stream.packets, stream.send_errors, stream.ssrc) == ("sending", 1000, 1, 77)
    assert stream.format == "L24/48000/2"
    assert stream.sdp_version == 3
    assert told.problems == ()


def test_lead_is_minus_one_packet_time_and_the_lateness() -> None:
    stream = seen(after(EngineReported(101.0, report(1000))), 101.0).streams[0]
    assert (stream.lead_us.p50, stream.lead_us.p99) == (-1040, -1090)


def test_silence_is_a_number_in_json() -> None:
    told = seen(after(EngineReported(101.0, report(1000))), 101.0)
    assert told.streams[0].peaks_dbfs == (-18.0, SILENCE_DBFS)
    assert told.streams[0].rms_dbfs == (-21.1, SILENCE_DBFS)
    assert told.sources[0].peaks_dbfs == (-18.0, SILENCE_DBFS)


def test_an_engine_replaced_for_another_config_is_no_failure() -> None:
    history = after(EngineReported(110.0, report(9000)), EngineHandedOver(110.1))
    waiting = seen(history, 110.2)
    assert waiting.state == "restarting"
    assert waiting.engine.restarts == 0
    assert waiting.problems == ()
    history = fold(history, EngineReported(110.5, report(250)))
    told = seen(history, 110.5)
    assert (told.state, told.engine.restarts, told.problems) == ("sending", 0, ())
    assert (told.streams[0].packets, told.streams[0].missed) == (9250, 250)


def test_a_stream_taken_away_and_put_back_counts_on() -> None:
    none = replace(report(0), streams=())
    history = after(EngineReported(110.0, report(9000, missed=3)), EngineReported(110.1, none))
    assert seen(history, 110.2).streams[0].packets == 9000
    history = fold(fold(history, EngineReported(110.3, none)), EngineReported(110.4, report(100)))
    told = seen(history, 110.5).streams[0]
    assert (told.packets, told.missed, told.send_errors) == (9100, 3, 2)


def test_a_stream_begun_anew_within_an_engine_counts_on() -> None:
    history = after(EngineReported(110.0, report(9000)), EngineReported(110.1, report(50)))
    told = seen(fold(history, EngineReported(110.2, report(150))), 110.2).streams[0]
    assert told.packets == 9150


def test_counters_go_on_in_the_next_engine_and_the_gap_counts_as_missed() -> None:
    died = EngineDied(110.1, "it was killed by SIGKILL")
    # Silent from the last report at 110.0 until the new engine began, 0.25 s before its report at 111.0.
    history = after(EngineReported(110.0, report(9000, missed=3)), died, EngineReported(111.0, report(250)))
    stream = seen(history, 111.0).streams[0]
    assert stream.packets == 9250
    assert stream.missed == 3 + 750
    assert stream.send_errors == 2
    assert stream.lateness_us.max == 300
    later = seen(fold(history, EngineReported(112.0, report(1250))), 112.0).streams[0]
    assert (later.packets, later.missed) == (10_250, 753)


def test_the_gap_lasts_until_the_stream_is_sent_again() -> None:
    history = after(
        EngineReported(110.0, report(9000)),
        EngineDied(110.1, "x"),
        EngineReported(110.5, report(0, sending=False)),
        EngineReported(112.0, report(500)),
    )
    assert seen(history, 112.0).streams[0].missed == 1500


def test_a_stream_that_had_not_begun_has_missed_nothing() -> None:
    history = after(
        EngineReported(110.0, report(0, sending=False)), EngineDied(110.1, "x"), EngineReported(150.0, report(10))
    )
    assert seen(history, 150.0).streams[0].missed == 0


def test_without_an_engine_the_state_is_restarting_and_says_why() -> None:
    history = after(EngineReported(110.0, report(9000)), EngineDied(110.1, "it was killed by SIGKILL"))
    told = seen(history, 110.2)
    assert told.state == "restarting"
    assert told.clock.state == "holdover"
    assert told.streams[0].state == "waiting"
    assert told.streams[0].packets == 9000
    assert told.engine.restarts == 1
    assert [(each.code, each.severity) for each in told.problems] == [("engine.died", "error")]
    assert "it was killed by SIGKILL" in told.problems[0].text


def test_a_replaced_engine_is_mentioned_for_a_while() -> None:
    history = after(
        EngineReported(110.0, report(9000)), EngineDied(110.1, "it hung"), EngineReported(110.5, report(9000))
    )
    assert [each.code for each in seen(history, 111.0).problems] == ["engine.replaced"]
    assert seen(history, 110.2 + RESTART_SHOWN_S).problems == ()
    assert seen(history, 110.2 + RESTART_SHOWN_S).engine.restarts == 1


def test_a_start_that_fails_again_and_again_counts_every_time() -> None:
    history = after(*[EngineDied(100.0 + second, "it ended with code 1") for second in range(3)])
    assert seen(history, 103.0).engine.restarts == 3
    assert seen(history, 103.0).state == "restarting"


def test_refused_real_time_is_a_problem_with_its_remedy() -> None:
    told = seen(after(EngineReported(101.0, report(1000, realtime=False))), 101.0)
    assert not told.engine.realtime
    assert [(each.code, each.hint) for each in told.problems] == [("engine.no-realtime", "RLIMIT_RTPRIO is 0.")]


def test_problems_of_all_sides_are_merged() -> None:
    engine, ours = Problem("source.failed", "error", "x"), Problem("sdp.not-written", "warning", "y")
    history = after(EngineReported(101.0, replace(report(1000), problems=(engine,))))
    assert set(seen(history, 101.0, (ours,)).problems) == {engine, ours}


@pytest.mark.parametrize("events", [(), (EngineReported(101.0, report(1)),), (EngineDied(101.0, "x"),)])
def test_the_end_is_told_in_any_state(events: tuple[Event, ...]) -> None:
    told = seen(after(*events, StopAsked(102.0)), 102.0)
    assert told.state == "stopping"
    assert {stream.state for stream in told.streams} == {"stopped"}


def test_an_engine_that_sends_nothing_yet_is_starting() -> None:
    assert seen(after(EngineReported(101.0, report(0, sending=False))), 101.0).state == "starting"


def test_packets_that_cannot_be_sent_are_a_problem_while_it_lasts() -> None:
    told = report(1)
    refused = replace(told, streams=(replace(told.streams[0], send_error="network is unreachable"),))
    (problem,) = seen(after(EngineReported(1.0, refused)), 2.0).problems
    assert problem.code == "stream.send"
    assert problem.text == f"Packets of {told.streams[0].id} cannot be sent: network is unreachable."
    assert seen(after(EngineReported(1.0, refused), EngineReported(2.0, told)), 3.0).problems == ()


def test_levels_are_held_for_300_ms_and_gone_with_their_engine() -> None:
    loud = report(1000)
    quiet = replace(loud, streams=(replace(loud.streams[0], levels=(LevelWindow((-40.0, -40.0), (-50.0, -50.0)),)),))
    history = after(EngineReported(101.0, loud), *(EngineReported(101.0 + n / 20, quiet) for n in range(1, 6)))
    assert seen(history, 101.25).streams[0].peaks_dbfs == (-18.0, -40.0)
    history = fold(history, EngineReported(101.3, quiet))
    assert seen(history, 101.3).streams[0].peaks_dbfs == (-40.0, -40.0)
    assert seen(history, 101.3).streams[0].rms_dbfs == (-50.0, -50.0)
    dead = fold(history, EngineDied(101.4, "x"))
    assert seen(dead, 101.4).streams[0].peaks_dbfs == seen(dead, 101.4).sources[0].peaks_dbfs == ()
    assert "stream.silent" not in {problem.code for problem in seen(dead, 101.4).problems}


def test_alarms_are_those_the_config_asks_for() -> None:
    config = CONFIG.model_copy(
        update={
            "streams": (
                CONFIG.streams[0].model_copy(
                    update={"alert_silence_s": 5.0, "alert_silence_dbfs": -10.0, "alert_clipping": True}
                ),
                CONFIG.streams[1],
            )
        }
    )
    history = after(EngineReported(101.0, report(1000)), EngineReported(106.5, report(6000, clipped=(0, 1))))
    asked = snapshot(history, config, {}, (), Now(106.5, 0.0))
    assert [problem.code for problem in asked.problems] == ["stream.silent", "stream.clipping"]
    assert seen(history, 106.5).problems == ()


def test_what_clipped_in_the_engine_before_is_no_alarm_of_the_next() -> None:
    config = CONFIG.model_copy(
        update={"streams": (CONFIG.streams[0].model_copy(update={"alert_clipping": True}), CONFIG.streams[1])}
    )
    history = after(
        EngineReported(101.0, report(1000, clipped=(0, 9))),
        EngineDied(110.0, "x"),
        EngineReported(111.0, report(10, clipped=(0, 0))),
    )
    codes = {problem.code for problem in snapshot(history, config, {}, (), Now(111.0, 0.0)).problems}
    assert codes == {"engine.replaced"}
    history = fold(history, EngineReported(112.0, report(20, clipped=(0, 2))))
    codes = {problem.code for problem in snapshot(history, config, {}, (), Now(112.0, 0.0)).problems}
    assert codes == {"engine.replaced", "stream.clipping"}
