"""The hosts of the lab as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.netlab import Host, open_lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lab() -> Iterator[dict[str, Host]]:
    """Hosts ``gm``, ``tx`` and ``rx``; ``tx`` has a second, wrong interface that owns the multicast route."""
    with open_lab(decoys=("tx",)) as hosts:
        yield hosts
