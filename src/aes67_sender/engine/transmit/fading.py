"""What becomes louder or softer, frame by frame, compiled: availability, cross-fades, gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aes67_sender.engine.jit import nogil
from aes67_sender.engine.transmit.tables import Control

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Tables

#: How long a cross-fade from route to route and a change of gain take, as a part of a second: 10 ms.
MOVES_PER_S = 100
# Compiled code takes no enumeration.
MUTE = int(Control.MUTE)


@nogil
def next_gain(gain: float, remaining_frames: int, ring_frames: int, fade_frames: int, muted: int) -> float:
    """The gain of the frame that has ``remaining_frames`` written frames from it on.

    It falls to zero over the last ``fade_frames`` before the writer's end and rises as slowly again, so a source
    that stops or comes back makes no click, without anybody telling the packet path.
    """
    if remaining_frames <= 0 or remaining_frames > ring_frames:
        return 0.0
    target = 0.0 if muted != 0 else min(remaining_frames / fade_frames, 1.0)
    step = 1.0 / fade_frames
    return max(min(target, gain + step), gain - step)


@nogil
def is_steady(  # noqa: PLR0913, PLR0917  compiled code takes no objects
    stream: Any,  # noqa: ANN401  a record of STREAM_DTYPE
    state: Any,  # noqa: ANN401  a record of STATE_DTYPE
    feed: Any,  # noqa: ANN401  a record of FEED_DTYPE
    remaining: int,
    reach: float,
    muted: int,
    frames: int,
) -> bool:
    """Whether nothing moves: one route, all of it there with more behind, and its gains reached. Almost always.

    ``remaining`` frames are written from the packet's first on.
    """
    return (
        stream["route"] == state["route"]
        and stream["gains"] == state["gains"]
        and state["ramp_left"] == 0
        and reach == 1.0
        and muted == 0
        and frames + feed["fade_frames"] <= remaining <= feed["mask"] + 1
    )


@nogil
def take_gains(tables: Tables, row: int, rate_hz: int) -> None:
    """Set out for the gains wanted, from wherever the last change got to."""
    serial = tables.streams[row]["gains"]
    if serial == tables.states[row]["gains"]:
        return
    ramp_frames = rate_hz // MOVES_PER_S
    for channel in range(tables.streams[row]["channels"]):
        goal = tables.gains[row, channel]
        tables.goals[row, channel] = goal
        tables.steps[row, channel] = (goal - tables.levels[row, channel]) / np.float32(ramp_frames)
    tables.states[row]["ramp_left"] = ramp_frames
    tables.states[row]["gains"] = serial


@nogil
def fill_side(tables: Tables, row: int, route: int, side: int, frame: int, frames: int) -> None:  # noqa: PLR0913, PLR0917  compiled code takes no objects
    """Write the availability of a route, per frame, to one side of the notepad."""
    index = tables.route_feeds[row, route]
    feed = tables.feeds[index]
    written, ring_frames, muted = tables.written[index], feed["mask"] + 1, tables.control[MUTE]
    gain = tables.reach[row, route]
    for offset in range(frames):
        gain = next_gain(gain, written - frame - offset, ring_frames, feed["fade_frames"], muted)
        tables.fades[side, offset] = gain
    tables.reach[row, route] = gain


@nogil
def begin_crossing(tables: Tables, row: int, route: int, frame: int) -> None:
    """Let a route be heard: what is there already needs no fade of its own, what comes later does."""
    index = tables.route_feeds[row, route]
    feed = tables.feeds[index]
    remaining = tables.written[index] - frame
    there = 0 < remaining <= feed["mask"] + 1 and tables.control[MUTE] == 0
    tables.reach[row, route] = min(remaining / feed["fade_frames"], 1.0) if there else 0.0


@nogil
def fill_fades(tables: Tables, row: int, wanted: int, frame: int, frames: int, rate_hz: int) -> None:  # noqa: PLR0913, PLR0917  compiled code takes no objects
    """Write what each frame of either side counts: side 0 is the route heard, side 1 the one cross-faded to."""
    state = tables.states[row]
    if wanted != state["route"] and state["crossed"] == 0:
        begin_crossing(tables, row, wanted, frame)
    fill_side(tables, row, state["route"], 0, frame, frames)
    if wanted == state["route"]:
        return
    fill_side(tables, row, wanted, 1, frame, frames)
    cross_frames = rate_hz // MOVES_PER_S
    for offset in range(frames):
        share = np.float32(min((state["crossed"] + offset + 1) / cross_frames, 1.0))
        tables.fades[0, offset] *= np.float32(1.0) - share
        tables.fades[1, offset] *= share


@nogil
def move_on(tables: Tables, row: int, wanted: int, frames: int, rate_hz: int) -> None:
    """After a packet: how far ramp and cross-fade got. A route left is not read again once ``route`` says so."""
    state = tables.states[row]
    state["ramp_left"] = max(state["ramp_left"] - frames, 0)
    if wanted == state["route"]:
        return
    state["crossed"] += frames
    if state["crossed"] >= rate_hz // MOVES_PER_S:
        state["crossed"] = 0
        state["route"] = wanted
