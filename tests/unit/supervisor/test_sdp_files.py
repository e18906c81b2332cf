from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aes67_sender.config.load import parse_data
from aes67_sender.supervisor.sdp_files import SdpFiles, write_atomically
from support.interfaces import interface
from unit.supervisor.test_fold import report

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from aes67_sender.model.clock import ClockState
    from aes67_sender.model.protocol import Report

INTERFACE = interface()


def files(folder: Path) -> SdpFiles:
    data = {"streams": [{"id": "s1", "address": "239.69.1.1"}, {"id": "s2", "address": "239.69.1.2", "enabled": False}]}
    return SdpFiles(parse_data(data, base_dir=folder), INTERFACE, folder)


def changed(book: SdpFiles, folder: Path, *streams: dict[str, Any], **announce: Any) -> None:
    data = {"streams": [*streams], "announce": {"sdp_dir": str(folder), **announce}}
    book.change(parse_data(data, base_dir=folder), INTERFACE, folder)


S1: dict[str, Any] = {"id": "s1", "address": "239.69.1.1"}


def test_another_config_changes_the_files_that_it_concerns(tmp_path: Path) -> None:
    book = files(tmp_path)
    book.follow(at("locked"))
    first = (tmp_path / "s1.sdp").read_text()
    changed(book, tmp_path, S1, {"id": "s3", "address": "239.69.1.3"})
    assert book.versions() == {"s1": 1, "s3": 1}
    assert (tmp_path / "s1.sdp").read_text() == first
    changed(book, tmp_path, {**S1, "name": "Other", "gain_db": -3}, {"id": "s3", "address": "239.69.1.3"})
    assert book.versions() == {"s1": 2, "s3": 1}
    assert "s=Other" in (tmp_path / "s1.sdp").read_text()
    changed(book, tmp_path, {**S1, "name": "Other", "gain_db": 6})
    assert book.versions() == {"s1": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["s1.sdp"]


def test_a_stream_that_comes_back_has_a_higher_version(tmp_path: Path) -> None:
    book = files(tmp_path)
    book.follow(at("locked"))
    first = (tmp_path / "s1.sdp").read_text()
    changed(book, tmp_path, {"id": "s3", "address": "239.69.1.3"})
    assert not (tmp_path / "s1.sdp").exists()
    book.follow(at("locked"))
    changed(book, tmp_path, {**S1, "name": "Other"})
    again = (tmp_path / "s1.sdp").read_text()
    versions = [int(text.splitlines()[1].split()[2]) for text in (first, again)]
    assert versions[1] > versions[0]


def test_another_folder_gets_all_files_and_the_old_one_keeps_none(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    book = files(old)
    book.follow(at("locked"))
    (old / "other.txt").write_text("mine")
    changed(book, new, S1)
    assert [path.name for path in old.iterdir()] == ["other.txt"]
    assert [path.name for path in new.iterdir()] == ["s1.sdp"]


def test_before_the_clock_is_known_another_config_writes_nothing(tmp_path: Path) -> None:
    book = files(tmp_path)
    changed(book, tmp_path, {"id": "s3", "address": "239.69.1.3"})
    assert list(tmp_path.iterdir()) == []
    book.follow(at("locked"))
    assert [path.name for path in tmp_path.iterdir()] == ["s3.sdp"]


def at(state: ClockState, grandmaster: str | None = "00-1d-c1-ff-fe-12-34-56") -> Report:
    told = report(1)
    return replace(told, clock=replace(told.clock, state=state, grandmaster=grandmaster))


def test_a_file_is_written_when_the_clock_is_first_known(tmp_path: Path) -> None:
    book = files(tmp_path)
    book.follow(at("listening"))
    book.follow(replace(at("locked"), mapping=None))
    assert list(tmp_path.iterdir()) == []
    assert book.text("s1") is None
    book.follow(at("locked"))
    text = (tmp_path / "s1.sdp").read_bytes().decode()
    assert "ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0" in text
    assert book.text("s1") == text
    assert [path.name for path in tmp_path.iterdir()] == ["s1.sdp"]


def test_the_version_rises_with_the_clock_and_only_then(tmp_path: Path) -> None:
    book = files(tmp_path)
    versions = []
    steps: list[Report] = [
        at("locked"),
        at("locked"),
        at("holdover"),
        at("locked", "00-00-00-ff-fe-00-00-02"),
        at("locking"),
        at("free-running", None),
        at("locked", "00-00-00-ff-fe-00-00-02"),
    ]
    for step in steps:
        book.follow(step)
        versions.append(book.versions()["s1"])
    assert versions == [1, 1, 1, 2, 2, 3, 4]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.sdp"
    write_atomically(path, "one")
    with path.open() as reader:
        write_atomically(path, "two")
        assert reader.read() == "one"
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o444 == 0o444
    assert [each.name for each in path.parent.iterdir()] == ["a.sdp"]


def test_a_file_that_could_not_be_written_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aes67_sender.supervisor.sdp_files._RETRY_S", 0.0)
    book = files(tmp_path)
    (tmp_path / "s1.sdp").mkdir()
    book.follow(at("locked"))
    assert [problem.code for problem in book.problems()] == ["sdp.not-written"]
    (tmp_path / "s1.sdp").rmdir()
    book.follow(at("locked"))
    assert book.problems() == ()
    assert (tmp_path / "s1.sdp").is_file()
