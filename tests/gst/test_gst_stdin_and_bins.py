from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aes67_sender.errors import MachineError
from aes67_sender.gst import runtime
from aes67_sender.gst.capture import Capture
from aes67_sender.gst.errors import SourceEnded, SourceError
from aes67_sender.gst.mediaclock import MediaGstClock
from aes67_sender.model.capture import Block, GstCapture, StdinCapture
from aes67_sender.model.clock import ClockMapping
from aes67_sender.monotonic import monotonic_ns
from support.gstlab import as_float, no_thread_left, noise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aes67_sender.model.capture import CaptureSpec

pytestmark = [pytest.mark.gst, pytest.mark.usefixtures("no_thread_left")]
__all__ = ["no_thread_left"]  # a fixture, named here so that it counts as used
EPOCH_NS = 1_796_212_800_000_000_000


def media_clock() -> MediaGstClock:
    runtime.load()
    return MediaGstClock(ClockMapping(monotonic_ns(), EPOCH_NS, 12.5, 1))


def pull(capture: Capture, timeout_s: float = 5) -> Block:
    block = capture.pull(timeout_s)
    assert block is not None
    return block


@pytest.mark.parametrize(
    ("name", "dtype", "bits"), [("S16LE", "<i2", 16), ("S16BE", ">i2", 16), ("S32LE", "<i4", 32), ("S24LE", "", 24)]
)
@pytest.mark.parametrize("channels", [1, 2, 16, 64])
def test_stdin_is_bit_exact_and_ends(name: str, dtype: str, bits: int, channels: int) -> None:
    samples = noise(900, channels, min(bits, 24)) << (bits - min(bits, 24))
    if dtype:
        raw = samples.astype(dtype).tobytes()
    else:
        raw = samples.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    reader, writer = os.pipe()

    def feed() -> None:
        os.write(writer, raw + b"\0")
        os.close(writer)

    feeder = threading.Thread(target=feed)
    feeder.start()
    capture = Capture(StdinCapture(reader, name, 48_000, channels), None)
    capture.start(5)
    blocks = drain(capture)
    feeder.join()
    os.close(reader)
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), as_float(samples, bits))


def test_a_writer_that_pauses_holds_up_neither_pull_nor_stop() -> None:
    reader, writer = os.pipe()
    capture = Capture(StdinCapture(reader, "F32LE", 48_000, 2), None)
    capture.start(5)
    assert capture.pull(0.1) is None
    os.write(writer, np.full(960, 0.25, "<f4").tobytes())
    assert pull(capture).samples[0].tolist() == [0.25, 0.25]
    began = time.monotonic()
    capture.stop()
    capture.stop()
    assert time.monotonic() - began < 2
    os.close(writer)
    os.close(reader)


def test_a_closed_descriptor_is_told_at_start() -> None:
    # So high that nothing in this process can have taken the number meanwhile.
    assert "Standard input is closed" in str(start_failure(StdinCapture(60_000, "S16LE", 48_000, 2)))


def drain(capture: Capture) -> list[Block]:
    """Pull until the source has ended."""
    pulled: list[Block] = []
    try:
        while True:
            block = capture.pull(1)
            if block is not None:
                pulled.append(block)
    except SourceEnded:
        return pulled
    finally:
        capture.stop()


def start_failure(spec: CaptureSpec, timeout_s: float = 3) -> SourceError:
    capture = Capture(spec, None)
    try:
        capture.start(timeout_s)
        drain(capture)
    except SourceError as error:
        return error
    finally:
        capture.stop()
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("audiotestsrc ! nosuchelement", "nosuchelement"),
        ("audiotestsrc !", "cannot be built"),
        ("audiotestsrc wave=9999", "cannot be built"),
        ("", "cannot be built"),
        ("audiotestsrc ! fakesink", "no unlinked source pad"),
        ("videotestsrc", "no format in common"),
        ("audiotestsrc ! audio/x-raw,channels=1", "no format in common"),
    ],
)
def test_bins_that_cannot_work_say_why_and_are_not_tried_again(description: str, words: str) -> None:
    error = start_failure(GstCapture(description, 2))
    assert words in str(error)
    assert not error.retryable


@pytest.mark.parametrize("channels", [1, 2, 8, 24])
@pytest.mark.parametrize("make_clock", [media_clock, lambda: None])
def test_a_live_bin_tells_when_it_was_captured(channels: int, make_clock: Callable[[], MediaGstClock | None]) -> None:
    description = "audiotestsrc is-live=true samplesperbuffer=480 ! audio/x-raw,rate=48000,channel-mask=(bitmask)0x0"
    if channels <= 2:
        description = description.removesuffix(",channel-mask=(bitmask)0x0")
    capture = Capture(GstCapture(description, channels), make_clock())
    capture.start(5)
    assert capture.live
    for _ in range(20):
        block = pull(capture)
        assert block.samples.shape == (480, channels)
        assert block.rate_hz == 48_000
        assert block.captured_ns is not None
        # The machine may stall; the time may not be of another clock, nor in the future.
        assert -50_000_000 < monotonic_ns() - block.captured_ns < 2_000_000_000
    capture.stop()


def test_the_rate_may_change_on_the_way() -> None:
    bursts = [f"audiotestsrc num-buffers=5 ! audio/x-raw,rate={rate_hz} ! c." for rate_hz in (48_000, 44_100)]
    blocks = drain_all(GstCapture(f"concat name=c {' '.join(bursts)}", 1))
    assert [block.rate_hz for block in blocks] == [48_000] * 5 + [44_100] * 5


def drain_all(spec: CaptureSpec) -> list[Block]:
    capture = Capture(spec, None)
    capture.start(5)
    return drain(capture)


def test_blocks_that_nobody_pulled_in_time_are_a_gap() -> None:
    # 1 ms each: many more in half a second than the capture keeps.
    description = "audiotestsrc is-live=true samplesperbuffer=48 ! audio/x-raw,rate=48000"
    capture = Capture(GstCapture(description, 1), media_clock())
    capture.start(5)
    first = pull(capture)
    time.sleep(0.6)
    blocks = [first]
    while not blocks[-1].gap and len(blocks) < 1000:
        blocks.append(pull(capture))
    capture.stop()
    assert not first.gap
    (before, after) = blocks[-2:]
    assert after.gap
    assert before.captured_ns is not None
    assert after.captured_ns is not None
    assert after.captured_ns - before.captured_ns > 10_000_000


def test_a_clock_that_steps_back_ends_a_live_capture() -> None:
    clock = media_clock()
    capture = Capture(GstCapture("audiotestsrc is-live=true", 1), clock)
    capture.start(5)
    pull(capture)
    clock.apply(ClockMapping(monotonic_ns(), EPOCH_NS // 2, 0.0, 2))
    with pytest.raises(SourceError, match="stepped back") as caught:
        pull(capture)
    assert caught.value.retryable
    capture.stop()


def test_a_bin_that_is_not_live_gives_what_is_asked_for() -> None:
    capture = Capture(GstCapture("audiotestsrc num-buffers=50 ! audio/x-raw,rate=48000", 1), media_clock())
    capture.start(5)
    assert not capture.live
    blocks = drain(capture)
    assert {(block.rate_hz, block.captured_ns, block.gap) for block in blocks} == {(48_000, None, False)}
    assert sum(len(block.samples) for block in blocks) == 50 * 1024


def test_an_error_while_playing_reaches_pull() -> None:
    error = start_failure(GstCapture("audiotestsrc ! identity error-after=3", 1))
    assert str(error)


def test_a_pipeline_that_freezes_is_an_error_and_is_left_behind(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    began = time.monotonic()
    # Opening a pipe that nobody writes to blocks filesrc in its change of state, as a bad driver would.
    error = start_failure(GstCapture(f"filesrc location={fifo} ! rawaudioparse", 2), timeout_s=0.5)
    assert "did not reach" in str(error)
    assert error.retryable
    assert time.monotonic() - began < 10
    # Let it go: the pipe is opened for it, and ends at once, as often as it asks.
    while any(thread.name == "gst-bounded" for thread in threading.enumerate()):
        with contextlib.suppress(OSError):
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        time.sleep(0.01)


def test_a_stopped_capture_gives_nothing() -> None:
    capture = Capture(GstCapture("audiotestsrc", 1), None)
    capture.stop()
    with pytest.raises(SourceError, match="stopped"):
        capture.pull(0)


def test_a_missing_plugin_is_the_machines_fault() -> None:
    runtime.load()
    with pytest.raises(MachineError, match="nosuchelement") as caught:
        runtime.element("nosuchelement", "", {})
    assert caught.value.hint
    assert runtime.version() >= (1, 22, 0)
