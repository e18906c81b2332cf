"""Source, level, streams changed while everything is on the air."""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from support.capture import Capture, analyse, samples
from support.content import exact_tone
from support.receiver import start_capture
from support.sender import start_sender

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.netlab import Host
    from support.sender import Snapshot

RATE_HZ = 48_000
TONES_HZ = {"low": 997, "high": 1511}
SWITCHES = 20
FADE_FRAMES = 480
#: -60 dBFS, and two steps of 24 bits, as integers of 24 bits.
STEP, EXACT = 1e-3 * (1 << 23), 2
_PATCHES = """
import json, sys, time, urllib.request
for stream, patch, wait_s in json.loads(sys.argv[1]):
    url = f"http://127.0.0.1:8067/api/v1/streams/{stream}"
    request = urllib.request.Request(url, json.dumps(patch).encode(), method="PATCH")
    assert urllib.request.urlopen(request, timeout=10).status == 200
    time.sleep(wait_s)
"""


def config(folder: Path) -> dict[str, Any]:
    return {
        "clock": {"mode": "free-run"},
        "sources": [
            {"id": name, "kind": "tone", "channels": 1, "frequency_hz": frequency, "level_dbfs": -12}
            for name, frequency in TONES_HZ.items()
        ],
        "streams": [
            {"id": "switched", "source": "low", "address": "239.69.8.1"},
            {"id": "level", "source": "high", "address": "239.69.8.2"},
            {"id": "untouched", "source": "low", "address": "239.69.8.3"},
            {"id": "removed", "source": "low", "address": "239.69.8.4"},
        ],
        "announce": {"sdp_dir": str(folder / "sdp")},
    }


def edit(path: Path) -> None:
    """What an editor does: a new file takes the place of the old one."""
    data = json.loads(path.read_text())
    data["streams"] = [stream for stream in data["streams"] if stream["id"] != "removed"]
    data["streams"].append({"id": "added", "source": "high", "address": "239.69.8.5"})
    other = path.with_suffix(".new")
    other.write_text(json.dumps(data, indent=4))
    other.replace(path)


def heard_at(stream: Capture, snapshot: Snapshot) -> tuple[Any, Any]:
    """Media-clock frames one after the other, and the sample of each; NaN where the packet was lost."""
    # The upper bits of the stamps are taken from the status.
    near = snapshot["clock"]["media_time_ns"] * RATE_HZ // 10**9
    sound = samples(stream, channels=1).reshape(len(stream), -1)
    at = (near + (stream.stamp - near + 2**31) % 2**32 - 2**31)[:, None] + np.arange(sound.shape[1])
    heard = np.full(at[-1, -1] + 1 - at[0, 0], np.nan)
    heard[at - at[0, 0]] = sound
    return np.arange(at[0, 0], at[-1, -1] + 1), heard


def error(heard: Any, wanted: Any) -> float:
    """The largest difference of what was received."""
    return float(np.nanmax(np.abs(heard - wanted), initial=0.0))


def assert_explained(heard: Any, states: Sequence[Any]) -> None:
    """The sound is each state in turn to the bit, and between two of them a linear cross-fade of 10 ms."""
    at = judged = 0
    share = np.arange(1, FADE_FRAMES + 1) / FADE_FRAMES
    for old, new in pairwise(states):
        begin = at + int(np.argmax(np.abs(heard[at:] - old[at:]) > EXACT))
        assert begin > at, "one of the changes is not heard"
        if np.isnan(heard[max(begin - FADE_FRAMES, 0) : begin + FADE_FRAMES]).any():
            # The machine stood still meanwhile, and the fade with it: where it began and ended nobody can tell.
            ends = range(begin, begin + 4 * FADE_FRAMES)
            there = (end for end in ends if np.abs(heard[end : end + 48] - new[end : end + 48]).max(initial=0) <= EXACT)
            at = next(there, ends.stop)
            continue
        # The fade may have begun where both sounds are alike.
        errors = {}
        for start in range(max(begin - 16, at), begin + 2):
            faded = slice(start, start + FADE_FRAMES)
            errors[start] = error(heard[faded], old[faded] * (1 - share) + new[faded] * share)
        start = min(errors, key=lambda each: errors[each])
        assert errors[start] < STEP
        at, judged = start + FADE_FRAMES, judged + 1
    assert error(heard[at:], states[-1][at:]) <= EXACT
    assert judged >= (len(states) - 1) // 4


def test_sources_levels_and_streams_change_and_what_is_not_touched_loses_nothing(
    lab: dict[str, Host], tmp_path: Path
) -> None:
    tx, rx = lab["tx"], lab["rx"]
    patches: list[tuple[str, dict[str, Any], float]] = []
    for number in range(SWITCHES):
        patches.append(("switched", {"source": ("high", "low")[number % 2]}, 0.3))
        patches.append(("level", ({"gain_db": -6}, {"mute": True}, {"mute": False}, {"gain_db": 0})[number % 4], 0.3))
    with start_sender(tx, tmp_path, config(tmp_path), arguments=()) as sender:
        sender.wait_until_sending()
        time.sleep(1)
        with start_capture(rx, tmp_path, seconds=60) as receiver:
            done = tx.run(sys.executable, "-c", _PATCHES, json.dumps(patches))
            assert done.returncode == 0, done.stderr
            edit(tmp_path / "sender.json")
            last = sender.wait_for(
                lambda s: (
                    [each["id"] for each in s["streams"]] == ["switched", "level", "untouched", "added"]
                    and all(each["state"] == "sending" for each in s["streams"])
                )
            )
            time.sleep(1)
            last = sender.fresh()
            capture = receiver.stop()
    assert capture.receiver_drops == 0
    assert last["engine"]["restarts"] == 0
    assert {each["code"] for each in last["problems"]} <= {"engine.no-realtime", "clock.free-running"}
    missed = {each["id"]: each["missed"] for each in last["streams"]}
    for number, name in ((1, "switched"), (2, "level"), (3, "untouched"), (4, "removed"), (5, "added")):
        stream = capture.stream(f"239.69.8.{number}")
        analysis = analyse(stream)
        assert analysis.stamp_errors == ()
        # What the machine's stalls cost one stream, they cost its neighbours.
        assert analysis.lost <= missed[name if name in missed else "untouched"]
        assert len(analysis.ssrcs) == 1
        at, heard = heard_at(stream, last)
        low, high = (
            exact_tone(at, rate_hz=RATE_HZ, frequency_hz=frequency, level_dbfs=-12).astype(float)
            for frequency in TONES_HZ.values()
        )
        match name:
            case "switched":
                assert_explained(heard, [(low, high)[number % 2] for number in range(SWITCHES + 1)])
            case "level":
                quiet = high * 10 ** (-6 / 20)
                assert_explained(heard, [high, *[quiet, 0 * high, quiet, high] * (SWITCHES // 4)])
            case "untouched":
                assert error(heard, low) == 0
            case "removed":
                assert_explained(heard, [low, 0 * low])
            case "added":
                assert error(heard[FADE_FRAMES:], high[FADE_FRAMES:]) <= EXACT
    versions = {each["id"]: each["sdp_version"] for each in last["streams"]}
    assert versions == {"switched": 1, "level": 1, "untouched": 1, "added": 1}
    assert {path.name for path in (tmp_path / "sdp").iterdir()} == {f"{name}.sdp" for name in versions}
