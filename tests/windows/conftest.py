"""A lab whose host ``tx`` runs Windows programs, with nothing of them left before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import wine
from support.netlab import Host, open_lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lab() -> Iterator[dict[str, Host]]:
    """Hosts ``gm``, ``tx`` and ``rx``; ``tx`` has a second, wrong interface that owns the multicast route."""
    wine.end_all()
    with open_lab(decoys=("tx",)) as hosts:
        try:
            yield hosts
        finally:
            wine.end_all()
