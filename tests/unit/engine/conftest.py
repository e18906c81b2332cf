from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.plainloop import plain_modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@pytest.fixture
def modules() -> Iterator[dict[str, ModuleType]]:
    """The packet path as plain Python."""
    yield from plain_modules()
