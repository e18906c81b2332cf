"""The JSON schema for editors, and the reference in docs/config.md; both are made from the model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema

from aes67_sender.config.explain import facts
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
    from pydantic import BaseModel
    from pydantic_core import CoreSchema

#: Marks a default that depends on other values; such a key is not required.
_DEFAULT_IN_WORDS: Final = "x-default"
_TYPES: Final = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
_MINIMAL: Final = {"streams": [{"address": "239.69.1.1"}]}


class _Untitled(GenerateJsonSchema):
    """Without the titles made up from the keys, which editors would show in front of the descriptions."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:
        """Never."""
        del schema
        return False


def json_schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of the config file."""
    schema = Config.model_json_schema(schema_generator=_Untitled)
    for definition in (schema, *schema["$defs"].values()):
        _relax(definition)
    schema["title"] = "aes67-config.json"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"]["$schema"] = {"type": "string", "description": "Where editors find this schema."}
    schema["properties"]["streams"]["minItems"] = 1
    schema["required"] = ["streams"]
    for name, model in SOURCE_MODELS.items():
        # The loader tells sources apart by their kind, so it must be there although the model has a default.
        schema["$defs"][model.__name__].setdefault("required", []).append("kind")
        schema["$defs"][model.__name__]["properties"]["kind"].setdefault("const", name)
    return schema


def _relax(definition: dict[str, Any]) -> None:
    """Take what the loader fills in out of ``required``."""
    filled_in = {key for key, value in definition["properties"].items() if value.pop(_DEFAULT_IN_WORDS, None)}
    required = [key for key in definition.pop("required", []) if key not in filled_in]
    if required:
        definition["required"] = required


def render_reference() -> str:
    """The config reference as Markdown: docs/config.md."""
    sections: list[tuple[str, type[BaseModel], str]] = [
        ("The file", Config, "The keys at the top level."),
        ("`clock`", ClockSettings, "Where media time comes from."),
        *(
            (f"`sources[]` of kind `{kind}`", model, str(model.model_fields["kind"].description))
            for kind, model in SOURCE_MODELS.items()
        ),
        ("`streams[]`", StreamSettings, "One RTP stream each."),
        ("`announce`", AnnounceSettings, "How receivers learn of the streams."),
        ("`announce.nmos`", NmosSettings, "NMOS registration."),
        ("`web`", WebSettings, "The web page and the REST interface."),
    ]
    lines = [
        "# The config file",
        "",
        "`aes67-config.json` is JSON. Everything but the address of each stream has a default, so this is a file:",
        "",
        "```json",
        json.dumps(_MINIMAL, indent=2),
        "```",
        "",
        "All problems of a file are reported at once, each with its place and a remedy. An unknown key is a problem.",
        "Editors check the file against the JSON schema that `aes67-sender configure --schema` prints; a key `$schema`",
        "may name it. This page is made from the model: `make docs` writes it anew.",
    ]
    for title, model, about in sections:
        lines += ["", f"## {title}", "", about, "", "| key | value | default | meaning |", "|---|---|---|---|"]
        lines += [_row(model, key) for key in model.model_fields]
    return "\n".join(lines) + "\n"


def _row(model: type[BaseModel], key: str) -> str:
    field = facts(model, key)
    return f"| `{key}` | {_values(field)} | {_default(field)} | {model.model_fields[key].description} |".replace(
        "\n", " "
    )


def _default(field: dict[str, Any]) -> str:
    if _DEFAULT_IN_WORDS in field:
        return str(field[_DEFAULT_IN_WORDS])
    if "default" not in field:
        return "required"
    default = field["default"]
    if isinstance(default, dict) or (isinstance(default, list) and default and isinstance(default[0], dict)):
        return "see below"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _values(field: dict[str, Any]) -> str:
    nullable = any(branch.get("type") == "null" for branch in field.get("anyOf", ()))
    return _kind(field) + (" or null" if nullable else "")


def _kind(field: dict[str, Any]) -> str:
    if "const" in field and "type" not in field.get("anyOf", ({},))[-1]:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{json.dumps(choice)}`" for choice in field["enum"])
    words = _TYPES.get(field.get("type", "object"), "object") + _bounds(field)
    if field.get("type") == "array":
        items = field.get("items", {})
        words = f"list of {_TYPES.get(items.get('type'), 'object')}s{_bounds(items)}"
    return f'{words}, or `"{field["const"]}"`' if "const" in field else words


def _bounds(field: dict[str, Any]) -> str:
    return f" {field['minimum']} to {field['maximum']}" if "minimum" in field else ""
