"""GStreamer graphs as data: comparable in a test, printable for gst-launch. Importable without GStreamer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Value: TypeAlias = str | int | float | bool
_BARE = re.compile(r"[A-Za-z0-9_./:+-]+")


@dataclass(frozen=True, slots=True)
class ElementSpec:
    """One element. Enum, flag and caps properties are written as gst-launch writes them, as strings."""

    factory: str
    properties: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""


def render(chain: Iterable[ElementSpec]) -> str:
    """Linked elements as a gst-launch-1.0 command line, for the doctor and for bug reports."""
    return " ! ".join(_render_element(spec) for spec in chain)


def _render_element(spec: ElementSpec) -> str:
    words = [spec.factory]
    if spec.name:
        words.append(f"name={spec.name}")
    words += [f"{key}={_render_value(value)}" for key, value in spec.properties.items()]
    return " ".join(words)


def _render_value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() if not _BARE.fullmatch(value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return str(value)
