"""The arrays that the transmit loop and the rest of the engine share.

One side writes each field, in one aligned store; nobody takes a lock. What must be read whole is written where
nobody reads, and then named in one store: a clock mapping in ``Control.MAPPING``, a layout in ``Control.LAYOUT``, a
route in the stream's ``route``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

#: The most channels a packet can carry: L16, 125 µs, 1440 bytes.
MAX_CHANNELS: Final = 120
#: The most frames of a packet: 4 ms at 48 kHz; 1 ms at 96 kHz has fewer.
MAX_FRAMES: Final = 192
MAPPING_SLOTS: Final = 16
LAYOUT_SLOTS: Final = 2
ROUTE_SLOTS: Final = 2
#: Level windows kept at a time: the last is being filled, the others wait to be read, 50 ms each.
METER_BANKS: Final = 8
#: What is measured of a channel: its largest magnitude, the sum of its squares.
METER_KINDS: Final = 2
PEAK: Final = 0
SQUARES: Final = 1
#: Lateness bins: exact below 64 µs, then 32 a doubling, up to 67 s (see ``timing.lateness_bin``).
LATENESS_BINS: Final = 704

Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
ByteArray = npt.NDArray[np.uint8]
RecordArray = npt.NDArray[Any]


class Control(IntEnum):
    """Words of the control array, written by Python only. ``LAYOUT`` counts up; its slot is the remainder."""

    STOP = 0
    MAPPING = 1
    LAYOUT = 2
    MUTE = 3


class Progress(IntEnum):
    """Words of the progress array, written by the loop only. ``LAYOUT`` is the one it uses."""

    LAYOUT = 0


#: A published clock mapping; the fields are those of ``ClockMapping``, ``rate`` as a fraction.
MAPPING_DTYPE: Final = np.dtype([("monotonic_ns", "i8"), ("media_ns", "i8"), ("rate", "f8"), ("anchor", "i8")])

#: Where a source's samples lie in the pool: float32, interleaved, ring of ``mask + 1`` frames, a power of two.
FEED_DTYPE: Final = np.dtype([("first", "i8"), ("mask", "i8"), ("channels", "i8"), ("fade_frames", "i8")])

#: Streams that are due together and leave by one socket. The last three are the loop's own: ``packet`` is the next
#: packet's number (0: not begun), ``packed`` whether it is ready.
GROUP_DTYPE: Final = np.dtype(
    [
        ("socket", "i8"),
        ("rate_hz", "i8"),
        ("frames", "i8"),
        ("late_limit_ns", "i8"),
        ("packet", "i8"),
        ("due_ns", "i8"),
        ("packed", "i8"),
    ]
)

#: A group in a layout: its row, and where its streams stand in the order of sending.
RUN_DTYPE: Final = np.dtype([("group", "i8"), ("first", "i8"), ("count", "i8")])

#: What a stream sends; written by Python only. ``route`` is the route slot to be heard, ``gains`` counts the changes.
STREAM_DTYPE: Final = np.dtype(
    [
        ("channels", "i8"),
        ("bytes_per_sample", "i8"),
        ("payload_type", "i8"),
        ("ssrc", "i8"),
        ("route", "i8"),
        ("gains", "i8"),
    ]
)

#: What a stream has done; written by the loop only. ``packed``: the last packet made (0: none yet, -1: in another
#: epoch). ``route``: the slot heard, ``crossed``: how many frames of the cross-fade to the other one are done.
#: ``gains``: the change that is followed, ``ramp_left``: frames until it is reached. ``window``: being metered.
STATE_DTYPE: Final = np.dtype(
    [
        ("sequence_offset", "i8"),
        ("packed", "i8"),
        ("route", "i8"),
        ("crossed", "i8"),
        ("gains", "i8"),
        ("ramp_left", "i8"),
        ("window", "i8"),
        ("packets", "i8"),
        ("missed", "i8"),
        ("send_errors", "i8"),
        ("send_errno", "i8"),
        ("max_late_ns", "i8"),
    ]
)


class Tables(NamedTuple):
    """All shared arrays of one engine; a named tuple, because compiled code takes that as it is.

    ``written`` per feed: the frame after the last one written, in media-clock frames. A layout (by slot) is ``orders``,
    the rows of the streams in the order of sending, and ``runs``, of which ``run_counts`` are valid.

    Per stream and route slot: ``route_feeds``; ``channel_map``, per channel the index into the feed's frame, -1 for
    silence; ``reach``, how far the availability fade got, 0 to 1. Per stream and channel, linear: ``gains`` wanted;
    the loop's own ``goals`` (those it goes to), ``levels`` (where it is), ``steps`` (per frame).

    ``meters`` by bank, stream, kind (``PEAK``, linear, or ``SQUARES``, their sum) and channel; by bank and stream
    ``metered``, frames in it, and ``windows``, its number. ``clipped``: samples at full scale so far, per stream and
    channel.
    ``fades`` is the loop's notepad; ``time_words`` its struct timespec, ``errno_word`` its copy of errno.
    """

    control: Int64Array
    progress: Int64Array
    mappings: RecordArray
    pool: Float32Array
    feeds: RecordArray
    written: Int64Array
    orders: Int64Array
    runs: RecordArray
    run_counts: Int64Array
    groups: RecordArray
    streams: RecordArray
    states: RecordArray
    route_feeds: Int64Array
    channel_map: Int32Array
    reach: Float64Array
    gains: Float32Array
    goals: Float32Array
    levels: Float32Array
    steps: Float32Array
    packets: ByteArray
    lateness: Int64Array
    meters: Float32Array
    metered: Int64Array
    windows: Int64Array
    clipped: Int64Array
    fades: Float32Array
    time_words: Int64Array
    errno_word: Int32Array


def allocate(*, groups: int, streams: int, feeds: int, pool_samples: int, packet_bytes: int) -> Tables:
    """Zeroed tables; ``packet_bytes`` is the longest packet, RTP header included.

    What is not used costs address space only: the system gives memory to a page when it is first written.
    """
    per_channel = (streams, MAX_CHANNELS)
    return Tables(
        control=np.zeros(len(Control), np.int64),
        progress=np.zeros(len(Progress), np.int64),
        mappings=np.zeros(MAPPING_SLOTS, MAPPING_DTYPE),
        pool=np.zeros(pool_samples, np.float32),
        feeds=np.zeros(feeds, FEED_DTYPE),
        written=np.zeros(feeds, np.int64),
        orders=np.zeros((LAYOUT_SLOTS, streams), np.int64),
        runs=np.zeros((LAYOUT_SLOTS, groups), RUN_DTYPE),
        run_counts=np.zeros(LAYOUT_SLOTS, np.int64),
        groups=np.zeros(groups, GROUP_DTYPE),
        streams=np.zeros(streams, STREAM_DTYPE),
        states=np.zeros(streams, STATE_DTYPE),
        route_feeds=np.zeros((streams, ROUTE_SLOTS), np.int64),
        channel_map=np.zeros((streams, ROUTE_SLOTS, MAX_CHANNELS), np.int32),
        reach=np.zeros((streams, ROUTE_SLOTS), np.float64),
        gains=np.zeros(per_channel, np.float32),
        goals=np.zeros(per_channel, np.float32),
        levels=np.zeros(per_channel, np.float32),
        steps=np.zeros(per_channel, np.float32),
        packets=np.zeros((streams, packet_bytes), np.uint8),
        lateness=np.zeros((streams, LATENESS_BINS), np.int64),
        meters=np.zeros((METER_BANKS, streams, METER_KINDS, MAX_CHANNELS), np.float32),
        metered=np.zeros((METER_BANKS, streams), np.int64),
        windows=np.zeros((METER_BANKS, streams), np.int64),
        clipped=np.zeros(per_channel, np.int64),
        fades=np.zeros((ROUTE_SLOTS, MAX_FRAMES), np.float32),
        time_words=np.zeros(2, np.int64),
        errno_word=np.zeros(1, np.int32),
    )
