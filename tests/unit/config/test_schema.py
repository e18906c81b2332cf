"""The schema says what the loader does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aes67_sender.config.explain import facts
from aes67_sender.config.model import (
    AnnounceSettings,
    ClockSettings,
    Config,
    NmosSettings,
    StreamSettings,
    WebSettings,
)
from aes67_sender.config.schema import json_schema
from aes67_sender.config.sources import SOURCE_MODELS

if TYPE_CHECKING:
    from pydantic import BaseModel

MODELS: list[type[BaseModel]] = [
    Config,
    ClockSettings,
    StreamSettings,
    AnnounceSettings,
    NmosSettings,
    WebSettings,
    *SOURCE_MODELS.values(),
]


def test_every_field_is_described_and_has_an_example_for_hints() -> None:
    for model in MODELS:
        for key, field in model.model_fields.items():
            assert field.description, (model, key)
            assert field.examples or "default" in facts(model, key), (model, key)


def test_the_schema_asks_for_no_more_than_the_loader() -> None:
    schema = json_schema()
    assert schema["required"] == ["streams"]
    definitions = schema["$defs"]
    assert definitions["StreamSettings"]["required"] == ["address"]
    assert definitions["FileSource"]["required"] == ["path", "kind"]
    assert definitions["ToneSource"]["required"] == ["kind"]
    assert "required" not in definitions["ClockSettings"]


def test_the_schema_helps_an_editor() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert schema["properties"]["sources"]["items"]["discriminator"]["propertyName"] == "kind"
    port = schema["$defs"]["StreamSettings"]["properties"]["port"]
    assert (port["minimum"], port["maximum"], port["default"]) == (1, 65535, 5004)
    assert "x-default" not in str(schema)
