from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.engine.feed import Feed, ring_frames
from aes67_sender.engine.transmit.tables import Tables, allocate

SIZE = ring_frames(48_000)
FADE = 240


def make_feed(channels: int = 1) -> tuple[Tables, Feed]:
    tables = allocate(groups=0, streams=0, feeds=1, pool_samples=SIZE * channels, packet_bytes=12)
    return tables, Feed(tables, 0, rate_hz=48_000, channels=channels, first_sample=0)


def read(tables: Tables, start: int, count: int, channels: int = 1) -> np.ndarray:
    ring = tables.pool.reshape(SIZE, channels)
    return ring[(start + np.arange(count)) % SIZE]


@given(start=st.integers(0, 2**46), blocks=st.lists(st.integers(0, 3000), max_size=12))
def test_blocks_lie_where_the_media_clock_says(start: int, blocks: list[int]) -> None:
    tables, feed = make_feed()
    feed.begin(start, now_frame=start - 100, fade=False)
    sound = np.arange(1, sum(blocks) + 1, dtype=np.float32)[:, None]
    at = 0
    for frames in blocks:
        feed.write(sound[at : at + frames])
        at += frames
    assert feed.position == tables.written[0] == start + at
    kept = min(at, SIZE)
    np.testing.assert_array_equal(read(tables, start + at - kept, kept), sound[at - kept :])


def test_a_gap_is_silent_and_both_its_edges_are_faded() -> None:
    tables, feed = make_feed()
    feed.begin(1000, now_frame=900, fade=False)
    feed.write(np.ones((2000, 1), np.float32))
    feed.begin(4000, now_frame=1000, fade=True)
    feed.write(np.ones((2000, 1), np.float32))
    sound = read(tables, 1000, 5000)[:, 0]
    assert np.abs(np.diff(sound)).max() <= 1.01 / FADE
    assert not sound[2000:3000].any()
    assert (sound[:1700] == 1).all()
    assert (sound[3300:] == 1).all()


def test_going_back_blends_into_what_is_already_written() -> None:
    tables, feed = make_feed()
    feed.begin(1000, now_frame=900, fade=False)
    feed.write(np.ones((4000, 1), np.float32))
    feed.begin(2000, now_frame=1500, fade=True)
    feed.write(np.full((4000, 1), -1, np.float32))
    sound = read(tables, 1000, 5000)[:, 0]
    assert np.abs(np.diff(sound)).max() <= 2.02 / FADE
    assert (sound[1300:] == -1).all()


@pytest.mark.parametrize("back", [1, 3, 100, 240, 241, 1000])
def test_going_back_leaves_nothing_of_what_was_written_when_no_sound_follows(back: int) -> None:
    tables, feed = make_feed()
    feed.begin(1000, now_frame=900, fade=False)
    feed.write(np.ones((4000, 1), np.float32))
    feed.begin(5000 - back, now_frame=1500, fade=True)
    sound = read(tables, 1000, 4001)[:, 0]
    assert np.abs(np.diff(sound)).max() <= 1.01 / FADE
    assert not read(tables, 5000 - back + FADE, 3000).any()
    assert tables.written[0] == 5000


@pytest.mark.parametrize(("mark", "over"), [(4000, 4000), (2000, 2432), (500, 2432), (9000, 5000)])
def test_what_was_written_too_much_is_faded_out_as_early_as_can_be(mark: int, over: int) -> None:
    tables, feed = make_feed()
    feed.begin(1000, now_frame=900, fade=False)
    feed.write(np.ones((4000, 1), np.float32))
    feed.begin(6000, now_frame=2000, fade=True, end=mark)
    sound = read(tables, 1000, 5001)[:, 0]
    assert np.abs(np.diff(sound)).max() <= 1.01 / FADE
    assert not read(tables, over, 6000 - over).any()
    assert read(tables, over - FADE - 1, 1) == 1
    assert tables.written[0] == 6000


@pytest.mark.parametrize("jump", [SIZE, 10**9, -SIZE, -(10**9)])
def test_a_new_epoch_leaves_nothing_of_the_old_one(jump: int) -> None:
    tables, feed = make_feed()
    start = 2**40
    feed.begin(start, now_frame=start, fade=False)
    feed.write(np.ones((SIZE // 2, 1), np.float32))
    feed.begin(start + SIZE // 2 + jump, now_frame=start, fade=False)
    assert not tables.pool.any()
    assert tables.written[0] == feed.position == start + SIZE // 2 + jump


def test_channels_that_do_not_fit_are_dropped_and_missing_ones_silent() -> None:
    tables, feed = make_feed(channels=2)
    feed.begin(0, now_frame=0, fade=False)
    feed.write(np.ones((10, 1), np.float32))
    feed.write(np.ones((10, 3), np.float32))
    sound = read(tables, 0, 20, 2)
    assert sound[:10].tolist() == [[1, 0]] * 10
    assert sound[10:].tolist() == [[1, 1]] * 10
