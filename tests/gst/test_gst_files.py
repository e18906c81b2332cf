from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aes67_sender.gst.capture import Capture
from aes67_sender.gst.errors import SourceEnded, SourceError
from aes67_sender.model.capture import FileCapture
from support.gstlab import as_float, no_thread_left, noise, open_descriptors, write_wav

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = [pytest.mark.gst, pytest.mark.usefixtures("no_thread_left")]
__all__ = ["no_thread_left"]  # a fixture, named here so that it counts as used


@contextmanager
def playing(spec: FileCapture) -> Iterator[Capture]:
    capture = Capture(spec, None)
    try:
        capture.start(5)
        yield capture
    finally:
        capture.stop()


def pull_frames(capture: Capture, frames: int) -> NDArray[np.float32]:
    blocks: list[NDArray[np.float32]] = []
    while sum(len(block) for block in blocks) < frames:
        block = capture.pull(5)
        assert block is not None
        assert (block.rate_hz, block.captured_ns, block.gap) == (48_000, None, False)
        blocks.append(block.samples)
    return np.concatenate(blocks)[:frames]


def pull_all(capture: Capture, rate_hz: int = 48_000) -> NDArray[np.float32]:
    blocks: list[NDArray[np.float32]] = []
    try:
        while (block := capture.pull(5)) is not None:
            assert block.rate_hz == rate_hz
            blocks.append(block.samples)
    except SourceEnded:
        return np.concatenate(blocks)
    raise AssertionError("the file did not end")


def convert(source: Path, target: Path, *arguments: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *arguments, target], check=True)
    return target


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("kind", ["wav", "flac"])
@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_a_file_is_bit_exact_at_its_own_rate(tmp_path: Path, bits: int, kind: str, rate_hz: int) -> None:
    samples = noise(5003, 2, bits)
    path = tmp_path / "x.wav"
    write_wav(path, samples, rate_hz, bits)
    if kind == "flac":
        path = convert(path, tmp_path / "x.flac")
    with playing(FileCapture(path, loop=False)) as capture:
        assert not capture.live
        assert capture.channels == 2
        played = pull_all(capture, rate_hz)
    assert played.dtype == np.float32
    assert played.flags.c_contiguous
    np.testing.assert_array_equal(played, as_float(samples, bits))
    np.testing.assert_array_equal(played * 2**23, np.round(played * 2**23))


@pytest.mark.parametrize("kind", ["wav", "flac"])
@pytest.mark.parametrize("frames", [100, 4801, 48_000])
def test_a_loop_has_no_seam(tmp_path: Path, kind: str, frames: int) -> None:
    samples = noise(frames, 2, 24)
    path = tmp_path / "x.wav"
    write_wav(path, samples, 48_000, 24)
    if kind == "flac":
        path = convert(path, tmp_path / "x.flac")
    turns = 7
    with playing(FileCapture(path)) as capture:
        played = pull_frames(capture, turns * frames)
    np.testing.assert_array_equal(played, np.tile(as_float(samples, 24), (turns, 1)))


@pytest.mark.parametrize(
    ("channels", "mask"), [(64, 0), (64, None), (6, 0x3F), (6, None), (8, 0x63F), (4, None), (1, 4), (2, 0x600), (3, 0)]
)
def test_channels_keep_their_order(tmp_path: Path, channels: int, mask: int | None) -> None:
    samples = noise(2000, channels, 24)
    path = tmp_path / "x.wav"
    write_wav(path, samples, 48_000, 24, mask)
    with playing(FileCapture(path, loop=False, channels=channels)) as capture:
        assert capture.channels == channels
        np.testing.assert_array_equal(pull_all(capture), as_float(samples, 24))


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus", "mkv"])
def test_what_the_decoders_know_is_played(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "x.wav"
    write_wav(path, noise(48_000, 2, 16) // 4, 48_000, 16)
    codec = {"ogg": ["-c:a", "libvorbis"], "opus": ["-c:a", "libopus"], "mkv": ["-c:a", "flac"]}.get(suffix, [])
    with playing(FileCapture(convert(path, tmp_path / f"y.{suffix}", *codec))) as capture:
        assert np.abs(pull_frames(capture, 100_000)).max() > 0.01


def test_sound_is_taken_from_a_film(tmp_path: Path) -> None:
    picture = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=5", "-f", "lavfi", "-i", "sine=d=1"]
    path = tmp_path / "film.mkv"
    subprocess.run(["ffmpeg", "-v", "error", *picture, "-c:v", "mjpeg", "-c:a", "flac", path], check=True)
    with playing(FileCapture(path, loop=False)) as capture:
        assert len(pull_all(capture, 44_100)) == 44_100


def failure_of(spec: FileCapture) -> SourceError:
    capture = Capture(spec, None)
    try:
        capture.start(5)
        pull_all(capture)
    except SourceError as error:
        return error
    finally:
        capture.stop()
    raise AssertionError("it did not fail")


def test_files_that_cannot_be_played_say_why(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("This is a letter, not a song.\n" * 99)
    (tmp_path / "noise.bin").write_bytes(np.random.default_rng(1).bytes(5000))
    write_wav(tmp_path / "silent.wav", noise(2, 2, 16)[:0], 48_000, 16)
    write_wav(tmp_path / "cut.wav", noise(9, 2, 16), 48_000, 16)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "cut.wav").read_bytes()[:30])
    write_wav(tmp_path / "two.wav", noise(9, 2, 16), 48_000, 16)
    film = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=d=1:s=64x48:r=5",
        "-c:v",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        str(tmp_path / "film.mkv"),
    ]
    subprocess.run(["ffmpeg", "-v", "error", *film], check=True)
    aac = convert(tmp_path / "two.wav", tmp_path / "x.aac")

    for spec, words in [
        (FileCapture(tmp_path), "is not a file"),
        (FileCapture(tmp_path / "nothing.wav"), "There is no file"),
        (FileCapture(tmp_path / "empty.wav"), "is empty"),
        (FileCapture(tmp_path / "text.wav"), "not audio in any format"),
        (FileCapture(tmp_path / "noise.bin"), "not audio in any format"),
        (FileCapture(tmp_path / "silent.wav"), "no sound"),
        # Two of GStreamer's elements complain, and either may be first.
        (FileCapture(tmp_path / "cut.wav"), ""),
        (FileCapture(tmp_path / "film.mkv"), "no sound"),
        (FileCapture(tmp_path / "two.wav", channels=8), "has 2 channels, not 8"),
    ]:
        error = failure_of(spec)
        assert words in str(error), (spec, str(error))
        assert error.hint
        assert "0x" not in str(error)
    if "needs a decoder" in str(failure := failure_of(FileCapture(aac))):
        assert "AAC" in str(failure)
        assert not failure.retryable


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.wav"
    write_wav(path, noise(9, 2, 16), 48_000, 16)
    # Root may read everything, and tests often run as root.
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "may not be read" in str(failure_of(FileCapture(path)))


def test_captures_leave_no_descriptors_behind(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    write_wav(path, noise(999, 2, 16), 48_000, 16)
    counts = []
    for _ in range(6):
        with playing(FileCapture(path)) as capture:
            pull_frames(capture, 5000)
        counts.append(open_descriptors())
    assert counts[-1] <= counts[1]
