"""The transmit loop: sleeps, sends, packs the next packets, for ever. Compiled; holds no lock, allocates nothing.

Packets are packed one packet time ahead, so that nothing stands between waking up and sending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aes67_sender.engine.jit import nogil
from aes67_sender.engine.transmit.fading import fill_fades, is_steady, move_on, take_gains
from aes67_sender.engine.transmit.packing import count_clipped, open_window, write_header, write_moving, write_steady
from aes67_sender.engine.transmit.system import now_ns, send_streams, sleep_until
from aes67_sender.engine.transmit.tables import LAYOUT_SLOTS, METER_BANKS, Control, Progress
from aes67_sender.engine.transmit.timing import due_ns, frame_of_media_ns, lateness_bin, media_of_monotonic
from aes67_sender.model.levels import METER_WINDOWS_PER_S

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.system import Messages, SystemCalls
    from aes67_sender.engine.transmit.tables import Int64Array, Tables

NO_ANCHOR = -1
#: Between two looks at the stop flag while there is no clock, and the longest single sleep.
IDLE_NS = 10_000_000
# Compiled code takes no enumeration.
STOP, MAPPING, LAYOUT = int(Control.STOP), int(Control.MAPPING), int(Control.LAYOUT)
MUTE = int(Control.MUTE)
LAYOUT_USED = int(Progress.LAYOUT)
#: The last packet of a stream was one of another epoch.
PACKED_BEFORE = -1


@nogil
def newest_packet(group: Any, mapping: Any, at_ns: int) -> int:  # noqa: ANN401  NumPy records
    """The number of the packet that is being sampled at a monotonic instant."""
    frame = frame_of_media_ns(media_of_monotonic(mapping, at_ns), group["rate_hz"])
    return frame // group["frames"]  # type: ignore[no-any-return]


@nogil
def rebase(tables: Tables, slot: int, mapping: Any, at_ns: int) -> None:  # noqa: ANN401  a NumPy record
    """Begin, or begin a new epoch, at the packet now being sampled; sequence numbers go on without a gap."""
    for index in range(tables.run_counts[slot]):
        run = tables.runs[slot, index]
        group = tables.groups[run["group"]]
        packet = newest_packet(group, mapping, at_ns)
        for position in range(run["first"], run["first"] + run["count"]):
            state = tables.states[tables.orders[slot, position]]
            if state["packed"] != 0:
                state["sequence_offset"] += group["packet"] - packet
                state["packed"] = PACKED_BEFORE
        group["packet"] = packet
        group["packed"] = 0


@nogil
def look_again(tables: Tables, slot: int) -> None:
    """In a new layout, a group that is packed may have a stream that is not."""
    for index in range(tables.run_counts[slot]):
        tables.groups[tables.runs[slot, index]["group"]]["packed"] = 0


@nogil
def choose_packet(tables: Tables, slot: int, run: Any, mapping: Any, at_ns: int) -> None:  # noqa: ANN401  NumPy records
    """Begin a group that is new with the packet being sampled; let one go on after a stall.

    It goes on with the newest packet that is due; the older ones count as missed and are never sent. Sequence number
    and stamp advance together, as if the packets had been lost on the wire.
    """
    group = tables.groups[run["group"]]
    if group["packet"] == 0:
        group["packet"] = newest_packet(group, mapping, at_ns)
        return
    if at_ns - due_ns(mapping, group["packet"], group["frames"], group["rate_hz"]) <= group["late_limit_ns"]:
        return
    newest = newest_packet(group, mapping, at_ns) - 1
    for position in range(run["first"], run["first"] + run["count"]):
        state = tables.states[tables.orders[slot, position]]
        if state["packed"] != 0:
            state["missed"] += newest - group["packet"]
    group["packet"] = newest
    group["packed"] = 0


@nogil
def pack_moving(tables: Tables, row: int, bank: int, frame: int, frames: int, rate_hz: int) -> bool:  # noqa: PLR0913, PLR0917  compiled code takes no objects
    """Fill a payload while a fade, a cross-fade or a ramp goes on, and go on with it.

    Returns whether a sample may be at full scale.
    """
    # Read once: Python may name another route at any time.
    wanted = tables.streams[row]["route"]
    take_gains(tables, row, rate_hz)
    fill_fades(tables, row, wanted, frame, frames, rate_hz)
    full_scale = write_moving(tables, row, wanted, tables.meters[bank, row], frame, frames)
    move_on(tables, row, wanted, frames, rate_hz)
    return full_scale


@nogil
def pack_group(tables: Tables, run: Any, order: Int64Array) -> None:  # noqa: ANN401  a NumPy record
    """Make the next packet of every stream of a group that has not got it yet."""
    group = tables.groups[run["group"]]
    number, frames, rate_hz = group["packet"], group["frames"], group["rate_hz"]
    frame = number * frames
    window = frame // (rate_hz // METER_WINDOWS_PER_S)
    bank = window % METER_BANKS
    for position in range(run["first"], run["first"] + run["count"]):
        row = order[position]
        stream, state, packet = tables.streams[row], tables.states[row], tables.packets[row]
        if state["packed"] == number:
            continue
        if state["window"] != window:
            open_window(tables, row, window)
        write_header(packet, stream["payload_type"], number + state["sequence_offset"], frame, stream["ssrc"])
        route = state["route"]
        index = tables.route_feeds[row, route]
        feed, remaining = tables.feeds[index], tables.written[index] - frame
        if is_steady(stream, state, feed, remaining, tables.reach[row, route], tables.control[MUTE], frames):
            full_scale = write_steady(
                packet,
                tables.pool,
                feed,
                stream,
                tables.channel_map[row, route],
                tables.levels[row],
                tables.meters[bank, row],
                frame,
                frames,
            )
        else:
            full_scale = pack_moving(tables, row, bank, frame, frames, rate_hz)
        if full_scale:
            count_clipped(tables, row, frames)
        tables.metered[bank, row] += frames
        state["packed"] = number
    group["packed"] = 1


@nogil
def pack_due(tables: Tables, slot: int, mapping: Any, at_ns: int) -> int:  # noqa: ANN401  a NumPy record
    """Pack whatever is not packed yet; returns the instant at which the next packet is due."""
    next_due_ns = at_ns + IDLE_NS
    for index in range(tables.run_counts[slot]):
        run = tables.runs[slot, index]
        group = tables.groups[run["group"]]
        choose_packet(tables, slot, run, mapping, at_ns)
        if group["packed"] == 0:
            pack_group(tables, run, tables.orders[slot])
            group["due_ns"] = due_ns(mapping, group["packet"], group["frames"], group["rate_hz"])
        next_due_ns = min(next_due_ns, group["due_ns"])
    return next_due_ns


@nogil
def count_lateness(  # noqa: PLR0913, PLR0917  compiled code takes no objects
    tables: Tables, slot: int, first: int, count: int, due: int, begun_ns: int, ended_ns: int
) -> None:
    """Count how late each packet left, taking those of one system call as evenly spread over it."""
    for place in range(count):
        late_ns = begun_ns + (ended_ns - begun_ns) * (place + 1) // count - due
        row = tables.orders[slot, first + place]
        state = tables.states[row]
        tables.lateness[row, lateness_bin(late_ns)] += 1
        state["max_late_ns"] = max(state["max_late_ns"], late_ns)


@nogil
def send_due(calls: SystemCalls, tables: Tables, messages: Messages, slot: int, at_ns: int) -> None:
    """Send every packet that is due, all those of one socket and one instant in one system call."""
    index, runs = 0, tables.run_counts[slot]
    while index < runs:
        run = tables.runs[slot, index]
        group = tables.groups[run["group"]]
        first, count, due = run["first"], 0, group["due_ns"]
        if not 0 <= at_ns - due <= group["late_limit_ns"]:
            index += 1
            continue
        while index < runs:
            other = tables.runs[slot, index]
            member = tables.groups[other["group"]]
            if member["socket"] != group["socket"] or member["due_ns"] != due:
                break
            count += other["count"]
            member["packet"] += 1
            member["packed"] = 0
            index += 1
        begun_ns = now_ns(calls, tables)
        send_streams(calls, tables, messages, slot, group["socket"], first, count)
        count_lateness(tables, slot, first, count, due, begun_ns, now_ns(calls, tables))


@nogil
def transmit_loop(calls: SystemCalls, tables: Tables, messages: Messages) -> None:
    """Send until ``Control.STOP`` is set; ``messages`` is what ``MessageTable`` gives."""
    anchor = NO_ANCHOR
    while tables.control[STOP] == 0:
        woken_ns = now_ns(calls, tables)
        # Read once: a layout that is published meanwhile counts from the next round on.
        layout = tables.control[LAYOUT]
        slot = layout % LAYOUT_SLOTS
        if layout != tables.progress[LAYOUT_USED]:
            look_again(tables, slot)
            tables.progress[LAYOUT_USED] = layout
        mapping = tables.mappings[tables.control[MAPPING]]
        if mapping["anchor"] == 0:
            sleep_until(calls, tables, woken_ns + IDLE_NS)
            continue
        if mapping["anchor"] != anchor:
            rebase(tables, slot, mapping, woken_ns)
            anchor = mapping["anchor"]
        sleep_until(calls, tables, pack_due(tables, slot, mapping, woken_ns))
        # In a new epoch what was packed has the wrong stamps.
        if tables.mappings[tables.control[MAPPING]]["anchor"] == anchor:
            send_due(calls, tables, messages, slot, now_ns(calls, tables))
