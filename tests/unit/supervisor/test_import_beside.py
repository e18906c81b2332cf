"""An import that takes its time while the event loop goes on."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from aes67_sender.supervisor.import_beside import import_beside

if TYPE_CHECKING:
    from pathlib import Path


def test_the_module_comes_while_the_loop_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.2)\n")
    monkeypatch.syspath_prepend(tmp_path)

    async def body() -> int:
        turns, importing = 0, asyncio.create_task(import_beside("slow_to_import"))
        while not importing.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert importing.result().__name__ == "slow_to_import"
        return turns

    assert asyncio.run(body()) > 2
    assert asyncio.run(import_beside("json")) is json


def test_what_cannot_be_imported_is_the_callers_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        asyncio.run(import_beside("no_such_module"))
