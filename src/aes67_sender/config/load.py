"""Reading the config file: either a ``Config``, or every problem at once.

Free of state and of threads. Nothing but ``ConfigError`` is raised for what stands in a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from aes67_sender.config.checks import Draft, check
from aes67_sender.config.explain import explain
from aes67_sender.config.findings import Finding, Loc, show
from aes67_sender.config.machine import check_interface
from aes67_sender.config.model import Config
from aes67_sender.config.nodejs import is_legacy
from aes67_sender.config.read import find_crowds, inspect, parse_json, read_text
from aes67_sender.config.sources import SOURCE_MODELS, FileSource
from aes67_sender.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem

CONFIG_NAME: Final = "aes67-config.json"
LEGACY_CODE: Final = "config.legacy"

#: What stands for a required value that is wrong, so that the rest can be judged; never part of a ``Config``.
_STAND_INS: Final = {"address": "239.0.0.1", "path": "-", "bin": "-"}


def load_config(path: Path, interfaces: Sequence[Interface] | None = None) -> Config:
    """The config in a file. Paths in it start at the file's folder.

    With ``interfaces``, those of this machine, a file with problems is also told that it names none of them; a file
    without is judged against the machine by ``check_machine``.

    Raises:
        ConfigError: with every problem found; ``config.legacy`` is the only one if the Node.js tool wrote the file.
    """
    return parse_config(read_text(path), base_dir=path.absolute().parent, name=path.name, interfaces=interfaces)


def parse_config(
    text: str, *, base_dir: Path, name: str = CONFIG_NAME, interfaces: Sequence[Interface] | None = None
) -> Config:
    """The config in a text. ``name`` is what errors call it.

    Raises:
        ConfigError: with every problem found.
    """
    data, findings = parse_json(text)
    if findings:
        raise config_error(name, findings)
    return parse_data(data, base_dir=base_dir, name=name, interfaces=interfaces)


def parse_data(
    data: Any,  # noqa: ANN401  any JSON data
    *,
    base_dir: Path,
    name: str = CONFIG_NAME,
    interfaces: Sequence[Interface] | None = None,
) -> Config:
    """The config in JSON data; ``data`` is not changed.

    Raises:
        ConfigError: with every problem found.
    """
    return anchored(judge(data, name=name, interfaces=interfaces), base_dir)


def judge(
    data: Any,  # noqa: ANN401  any JSON data
    *,
    name: str = CONFIG_NAME,
    interfaces: Sequence[Interface] | None = None,
) -> Config:
    """The config in JSON data with its paths as they were given; ``data`` is not changed.

    Raises:
        ConfigError: with every problem found.
    """
    if is_legacy(data):
        text = "This file was written by the Node.js tool."
        hint = f"Convert it: aes67-sender import {show(name)[1:-1]} (a backup of it is kept)."
        raise config_error(name, [Finding((), LEGACY_CODE, text, hint)])
    if crowds := list(find_crowds(data)):
        raise config_error(name, crowds)
    findings = list(inspect(data))
    if not isinstance(data, dict):
        findings = [_not_an_object(data)]
        raise config_error(name, findings)
    config = _draft(data, findings)
    findings += check(Draft(config, (finding.loc for finding in findings)))
    if findings:
        unusable = check_interface(config, interfaces) if interfaces is not None else ()
        raise config_error(name, sorted(findings, key=_position), unusable)
    return config


def anchored(config: Config, base_dir: Path) -> Config:
    """The config with its relative paths from ``base_dir`` on."""
    sources = tuple(
        source.model_copy(update={"path": str(base_dir / source.path)}) if isinstance(source, FileSource) else source
        for source in config.sources
    )
    sdp_dir = str(base_dir / config.announce.sdp_dir)
    announce = config.announce.model_copy(update={"sdp_dir": sdp_dir})
    return config.model_copy(update={"sources": sources, "announce": announce})


def config_error(name: str, findings: Iterable[Finding], more: Iterable[Problem] = ()) -> ConfigError:
    """The error that carries all findings about a file, and ``more``."""
    problems = [*more, *(finding.problem() for finding in findings)]
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigError(f"{show(name)[1:-1]} has {count}.", problems=problems)


def render_problems(error: ConfigError) -> list[str]:
    """One line for each problem, as the command line prints it below the error's own sentence."""
    return [
        f"  {problem.path + ': ' if problem.path else ''}{problem.text}{'  → ' + problem.hint if problem.hint else ''}"
        for problem in error.problems
    ]


def _not_an_object(data: object) -> Finding:
    text = f"The file holds {show(data)}, but must hold an object in braces."
    return Finding((), "config.type", text, 'Write at least {"streams": [{"address": "239.69.1.1"}]}.')


def _draft(data: dict[str, Any], findings: list[Finding]) -> Config:
    """The config with defaults for all that is wrong, which is added to ``findings``.

    Ends because each round takes the wrong values of the round before out; what stands in for them is valid.
    """
    while True:
        try:
            return Config.model_validate(_repaired(data, [finding.loc for finding in findings]))
        except ValidationError as error:
            # The validator counts only the valid items of a list, and calls it too short beside what is wrong in it.
            findings += [
                explain(detail)
                for detail in error.errors(include_url=False)
                if not (detail["type"] == "too_short" and detail["input"])
            ]


def _repaired(data: dict[str, Any], wrong: Iterable[Loc]) -> dict[str, Any]:
    """A copy in which what is wrong is left out; entries of lists stay in their places."""
    draft = {key: _copy(value) for key, value in data.items()}
    for loc in wrong:
        match loc:
            case ("sources" | "streams" as key, int(index), *rest) if isinstance(draft.get(key), list):
                draft[key][index] = _repaired_entry(draft[key][index], key, rest)
            case ("announce", "nmos", str(key), *_) if isinstance(draft.get("announce", {}).get("nmos"), dict):
                draft["announce"]["nmos"].pop(key, None)
            case (str(section), str(key), *_) if isinstance(draft.get(section), dict):
                draft[section].pop(key, None)
            case (key, *_):
                draft.pop(str(key), None)
            case _:
                pass
    return draft


def _copy(value: Any) -> Any:  # noqa: ANN401
    """Copies of the objects and lists that ``_repaired`` may change."""
    match value:
        case dict():
            return {key: dict(item) if isinstance(item, dict) else item for key, item in value.items()}
        case list():
            return [dict(item) if isinstance(item, dict) else item for item in value]
        case _:
            return value


def _repaired_entry(value: Any, key: str, rest: Sequence[str | int]) -> dict[str, Any]:  # noqa: ANN401
    entry: dict[str, Any] = dict(value) if isinstance(value, dict) else {}
    if rest and rest[0] == "kind":
        # Without its kind nobody knows what else may stand in a source.
        entry = {known: entry[known] for known in ("id",) if known in entry}
    elif rest:
        field = str(rest[0])
        entry.pop(field, None)
        if field in _STAND_INS and _is_required(field, key, entry):
            entry[field] = _STAND_INS[field]
    if key == "streams":
        entry.setdefault("address", _STAND_INS["address"])
    else:
        entry.setdefault("kind", "silence")
    return entry


def _is_required(field: str, key: str, entry: dict[str, Any]) -> bool:
    if key == "streams":
        return field == "address"
    kind = entry.get("kind")
    return isinstance(kind, str) and kind in SOURCE_MODELS and field in SOURCE_MODELS[kind].model_fields


def _position(finding: Finding) -> tuple[int, int]:
    """Problems are told in the order of the reference, entry by entry."""
    keys = list(Config.model_fields)
    match finding.loc:
        case (str(key), int(index), *_) if key in keys:
            return keys.index(key), index
        case (str(key), *_) if key in keys:
            return keys.index(key), 0
        case _:
            return len(keys), 0
