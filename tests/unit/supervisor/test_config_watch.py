"""A file looked at once a second; each ``poll`` is a second."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from aes67_sender.errors import ConfigError
from aes67_sender.supervisor.config_watch import ConfigWatch

if TYPE_CHECKING:
    from pathlib import Path


def watched(folder: Path, text: str = "one") -> tuple[Path, ConfigWatch]:
    path = folder / "c.json"
    path.write_text(text)
    return path, ConfigWatch(path, text)


def polls(watch: ConfigWatch, times: int) -> list[str | ConfigError]:
    return [seen for seen in (watch.poll() for _ in range(times)) if seen is not None]


def test_a_file_left_alone_is_no_news(tmp_path: Path) -> None:
    _, watch = watched(tmp_path)
    assert polls(watch, 10) == []


def test_a_change_is_told_once_and_only_when_two_looks_agree(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    polls(watch, 5)
    path.write_text("two, half")
    assert watch.poll() is None
    path.write_text("two, half written")
    assert watch.poll() is None
    assert watch.poll() == "two, half written"
    assert polls(watch, 10) == []


def test_a_change_made_before_the_first_look_is_seen(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    path.write_text("two")
    assert polls(watch, 3) == ["two"]


def test_an_editor_that_writes_another_file_and_renames_it_is_seen(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    polls(watch, 5)
    before = path.stat()
    other = tmp_path / "c.json~"
    other.write_text("two")
    # Of the same size and time: only its inode is new.
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert polls(watch, 3) == ["two"]


def test_the_same_text_written_again_is_no_news(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    polls(watch, 5)
    path.write_text("one")
    os.utime(path)
    assert polls(watch, 5) == []


def test_a_change_within_the_steps_of_a_coarse_clock_is_seen(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    polls(watch, 5)
    path.write_text("two")
    written = path.stat()
    assert polls(watch, 2) == ["two"]
    with path.open("r+") as file:
        file.write("TWO")
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    assert polls(watch, 2) == ["TWO"]


def test_a_file_removed_is_told_once_and_found_when_it_is_back(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    polls(watch, 5)
    path.unlink()
    (gone,) = polls(watch, 5)
    assert isinstance(gone, ConfigError)
    assert [problem.code for problem in gone.problems] == ["config.no-file"]
    path.write_text("one")
    assert polls(watch, 5) == ["one"]


def test_a_file_gone_for_a_moment_is_no_news(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    polls(watch, 5)
    path.unlink()
    assert watch.poll() is None
    path.write_text("one")
    assert polls(watch, 5) == []


def test_what_is_no_text_is_an_error_and_no_failure(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    path.write_bytes(b"\xff\xff")
    (seen,) = polls(watch, 5)
    assert isinstance(seen, ConfigError)
    assert seen.problems[0].code == "config.encoding"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_in_its_place_is_told_and_not_waited_for(tmp_path: Path) -> None:
    path, watch = watched(tmp_path)
    path.unlink()
    os.mkfifo(path)
    (seen,) = polls(watch, 5)
    assert isinstance(seen, ConfigError)
    assert "pipe" in str(seen)
