"""From the validator's errors to sentences: no word of its jargon reaches the user."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from aes67_sender.config.findings import Finding, Loc, listed, nearest, path_of, show, subject
from aes67_sender.config.model import (
    AnnounceSettings,
    ClockSettings,
    Config,
    NmosSettings,
    StreamSettings,
    WebSettings,
)
from aes67_sender.config.sources import SOURCE_MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_EXPECTED: Final = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text in double quotes",
    "bool_type": "true or false",
    "tuple_type": "a list in square brackets",
    "model_type": "an object in braces",
    "model_attributes_type": "an object in braces",
    "dict_type": "an object in braces",
}
_SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "announce": AnnounceSettings,
    "clock": ClockSettings,
    "web": WebSettings,
}


@dataclass(frozen=True, slots=True)
class _Wrong:
    """One error: the validator's place, the user's, the value that stands there, and the validator's details."""

    raw: Loc
    loc: Loc
    value: Any
    details: dict[str, Any]

    @property
    def about(self) -> str:
        return subject(self.loc)

    @property
    def example(self) -> str:
        model, key = _place(self.raw)
        field = model.model_fields[key]
        value = field.examples[0] if field.examples else facts(model, key)["default"]
        return f"{show(key)}: {json.dumps(value, ensure_ascii=False)}"

    def finding(self, code: str, predicate: str, hint: str = "") -> Finding:
        """``predicate`` follows the name of the place; the usual hint is an example."""
        return Finding(self.loc, code, f"{self.about} {predicate}", hint or f"Write for example {self.example}.")


def explain(error: ErrorDetails) -> Finding:
    """One error of ``Config.model_validate`` as a finding at the place the user knows."""
    kind, raw = error["type"], error["loc"]
    wrong = _Wrong(raw, _user_loc(raw), error["input"], error.get("ctx", {}))
    if kind.startswith("config."):
        return wrong.finding(kind, wrong.details["text"], wrong.details["hint"])
    if kind in _EXPECTED:
        return _wrong_type(wrong, _EXPECTED[kind])
    return _SENTENCES.get(kind, _unusable)(wrong)


def _user_loc(raw: Loc) -> Loc:
    """Without the kind that the validator puts after the index of a source."""
    match raw:
        case ("sources", int(index), str(kind), *rest) if kind in SOURCE_MODELS:
            return ("sources", index, *rest)
        case _:
            return raw


def _place(raw: Loc) -> tuple[type[BaseModel], str]:
    """The model and the field that a validator's location lies in."""
    match raw:
        case ("sources", int(), str(kind), str(key), *_):
            return SOURCE_MODELS[kind], key
        case ("streams", int(), str(key), *_):
            return StreamSettings, key
        case ("announce", "nmos", str(key), *_):
            return NmosSettings, key
        case (str(section), str(key), *_):
            return _SECTIONS[section], key
        case _:
            return Config, str(raw[0])


@cache
def facts(model: type[BaseModel], key: str) -> dict[str, Any]:
    """What the JSON schema says of a field; of ``X or null`` it says what it does of X."""
    schema: dict[str, Any] = model.model_json_schema()["properties"][key]
    merged = dict(schema)
    for branch in schema.get("anyOf", ()):
        merged.update(branch if branch.get("type") != "null" else {})
    return merged


def _missing(wrong: _Wrong) -> Finding:
    return wrong.finding("config.missing", "is missing.", f"Add for example {wrong.example}.")


def _unknown_key(wrong: _Wrong) -> Finding:
    model, key = _place(wrong.raw)
    known = list(model.model_fields)
    meant = nearest(key, known)
    where = path_of(wrong.loc[:-1]) or "the top level"
    hint = f'Did you mean "{meant}"?' if meant else f"Known in {where}: {', '.join(known)}."
    return wrong.finding("config.unknown-key", "is not a known key.", hint)


def _kind_missing(wrong: _Wrong) -> Finding:
    hint = f'Write for example "kind": "tone"; there are {listed(list(SOURCE_MODELS), "and")}.'
    return Finding((*wrong.loc, "kind"), "config.missing", '"kind" is missing.', hint)


def _kind_unknown(wrong: _Wrong) -> Finding:
    kind, loc = wrong.value["kind"], (*wrong.loc, "kind")
    meant = nearest(kind, SOURCE_MODELS) if isinstance(kind, str) else None
    hint = f'Did you mean "{meant}"?' if meant else 'Write for example "kind": "tone".'
    choices = listed([show(known) for known in SOURCE_MODELS])
    return Finding(loc, "config.choice", f'"kind" is {show(kind)}, but must be {choices}.', hint)


def _not_a_choice(wrong: _Wrong) -> Finding:
    place, value = _place(wrong.raw), wrong.value
    if place == (Config, "version"):
        hint = 'Write "version": 1, or update the program if a newer one wrote this file.'
        return wrong.finding("config.version", f"is {show(value)}, but this program reads version 1.", hint)
    choices: list[object] = facts(*place)["enum"]
    meant = nearest(value, [str(choice) for choice in choices]) if isinstance(value, str) else None
    hint = f"Did you mean {show(_typed(meant, choices))}?" if meant else ""
    predicate = f"is {show(value)}, but must be {listed([show(choice) for choice in choices])}."
    return wrong.finding("config.choice", predicate, hint)


def _typed(word: str, choices: list[object]) -> object:
    return next(choice for choice in choices if str(choice) == word)


def _out_of_range(wrong: _Wrong) -> Finding:
    field = facts(*_place(wrong.raw))
    field = field.get("items", field)
    predicate = f"is {show(wrong.value)}, but must be from {field['minimum']:.12g} to {field['maximum']:.12g}."
    return wrong.finding("config.range", predicate)


def _empty_list(wrong: _Wrong) -> Finding:
    return wrong.finding("config.empty-list", "is an empty list.")


def _empty_text(wrong: _Wrong) -> Finding:
    return wrong.finding("config.blank", "is empty.")


def _too_long(wrong: _Wrong) -> Finding:
    limit = wrong.details["max_length"]
    predicate = f"is {len(wrong.value)} characters long, but at most {limit} may be used."
    return wrong.finding("config.too-long", predicate, "Shorten it.")


def _wrong_type(wrong: _Wrong, expected: str) -> Finding:
    value, hint = wrong.value, ""
    if expected.endswith("number") and isinstance(value, str) and _is_number(value):
        hint = f"Write {value.strip()} without quotes."
    return wrong.finding("config.type", f"is {show(value)}, but must be {expected}.", hint)


def _unusable(wrong: _Wrong) -> Finding:
    return wrong.finding("config.type", f"is {show(wrong.value)}, which cannot be used here.")


def _is_number(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=str), int | float)
    except (ValueError, RecursionError):
        return False


_SENTENCES: Final[dict[str, Callable[[_Wrong], Finding]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "union_tag_not_found": _kind_missing,
    "union_tag_invalid": _kind_unknown,
    "literal_error": _not_a_choice,
    "greater_than_equal": _out_of_range,
    "less_than_equal": _out_of_range,
    "too_short": _empty_list,
    "string_too_short": _empty_text,
    "string_too_long": _too_long,
}
