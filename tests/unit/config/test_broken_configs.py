"""What is said about broken configs, word by word; the table is broken_configs.txt."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aes67_sender.config.load import load_config, parse_config, render_problems
from aes67_sender.errors import ConfigError

HERE = Path(__file__).parent
GOOD = b'{"streams": [{"address": "239.69.1.1"}]}'
PLAIN_NUMBER = "Write a plain number; NaN and Infinity are not JSON."
MINIMAL = 'Write at least {"streams": [{"address": "239.69.1.1"}]}.'


def _table() -> dict[str, tuple[str, list[str]]]:
    cases = {}
    for block in re.split(r"^=== ", (HERE / "broken_configs.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, rest = block.partition("\n")
        text, _, said = rest.partition("\n---\n")
        cases[name] = (text, said.strip().split("\n"))
    return cases


TABLE = _table()


def said_about(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, base_dir=HERE)
    assert caught.value.exit_code == 2
    assert all(problem.severity == "error" for problem in caught.value.problems)
    return [(problem.path, problem.text, problem.hint) for problem in caught.value.problems]


def test_the_table_is_as_long_as_promised() -> None:
    assert len(TABLE) >= 100


@pytest.mark.parametrize("name", TABLE)
def test_every_problem_is_told_in_these_words(name: str) -> None:
    text, expected = TABLE[name]
    assert [" | ".join(problem).strip() for problem in said_about(text)] == expected


@pytest.mark.parametrize("name", TABLE)
def test_no_word_of_the_validator_and_a_remedy_for_everything(name: str) -> None:
    for _, text, hint in said_about(TABLE[name][0]):
        assert not re.search(r"pydantic|Input should|validation error|valid \w+, unable|dictionary|tuple", text)
        assert text.endswith(".")
        assert hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("", "The file is empty.", MINIMAL)]),
        (" \n\t ", [("", "The file is empty.", MINIMAL)]),
        (
            "[" * 100_000,
            [
                (
                    "",
                    "Brackets are nested too deeply.",
                    "A config nests four levels at most: look for brackets that are never closed.",
                )
            ],
        ),
        (
            f'{{"streams": [{{"address": "239.69.1.1", "port": {"9" * 10_000}}}]}}',
            [("streams[0].port", '"port" is too large a number, or none at all.', PLAIN_NUMBER)],
        ),
        (
            f'{{"streams": [{{"address": "239.69.1.1", "name": "{"x" * 101}"}}]}}',
            [("streams[0].name", '"name" is 101 characters long, but at most 100 may be used.', "Shorten it.")],
        ),
    ],
    ids=["empty", "blanks", "deep", "digits", "name"],
)
def test_configs_too_long_or_too_short_for_the_table(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert said_about(text) == expected


def test_the_error_counts_and_each_problem_is_one_line() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config('{"streams": [{}], "naem": "x"}', base_dir=HERE)
    assert str(caught.value) == "aes67-config.json has 2 problems."
    assert render_problems(caught.value) == [
        '  streams[0].address: "address" is missing.  → Add for example "address": "239.69.1.1".',
        '  naem: "naem" is not a known key.  → Did you mean "name"?',
    ]
    with pytest.raises(ConfigError, match=r"^studio\.json has 1 problem\.$") as caught:
        parse_config("", base_dir=HERE, name="studio.json")
    assert render_problems(caught.value) == [f"  The file is empty.  → {MINIMAL}"]


@pytest.mark.parametrize(
    ("content", "text", "hint"),
    [
        (GOOD.decode().encode("utf-16"), "The file is written in UTF-16.", "Save it as UTF-8."),
        (b'{\n"name": "caf\xe9"}', "Line 2 holds a byte that is not UTF-8 (0xe9).", "Save the file as UTF-8."),
        (
            b" " * 1_000_001,
            "The file is larger than 1 MB.",
            "A config has a few kB: name another file with -c.",
        ),
    ],
    ids=["utf-16", "latin-1", "large"],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, text: str, hint: str) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"^aes67-config\.json cannot be read\.$") as caught:
        load_config(path)
    assert [(problem.text, problem.hint) for problem in caught.value.problems] == [(text, hint)]


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert [problem.text for problem in caught.value.problems] == ["This is a folder, not a file."]
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "none.json")
    assert [problem.code for problem in caught.value.problems] == ["config.no-file"]
    assert caught.value.problems[0].text == f'There is no file "{tmp_path / "none.json"}".'


def test_a_file_this_user_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "c.json")
    assert [problem.text for problem in caught.value.problems] == ["This user may not read the file."]


def test_the_mark_of_windows_editors_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD)
    assert load_config(path).streams[0].address == "239.69.1.1"
    assert parse_config("\ufeff" + GOOD.decode(), base_dir=tmp_path).streams[0].port == 5004


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"streams": [{"adress": 1}] * 10_000}, "streams"),
        ({"streams": [{"address": "239.69.1.1"}] * 257}, "streams"),
        ({"sources": [{"id": f"s{number}", "kind": "tone"} for number in range(257)]}, "sources"),
        ({"streams": [{f"k{number}": 1 for number in range(10_000)}]}, "streams[0]"),
        ({"clock": {f"k{number}": 1 for number in range(10_000)}}, "clock"),
        ({f"k{number}": 1 for number in range(10_000)}, ""),
    ],
)
def test_a_crowd_is_refused_as_such_before_any_of_it_is_judged(data: dict[str, object], path: str) -> None:
    ((where, text, _),) = said_about(json.dumps(data))
    assert where == path
    assert "at most" in text
