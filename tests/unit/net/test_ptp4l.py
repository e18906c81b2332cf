from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from aes67_sender.net.ptp4l import is_listening

if TYPE_CHECKING:
    from pathlib import Path


def test_a_daemon_is_there_while_it_holds_its_socket_and_not_by_the_file_it_leaves(tmp_path: Path) -> None:
    path = tmp_path / "ptp4l"
    assert not is_listening(str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        assert is_listening(str(path))
    assert path.exists()
    assert not is_listening(str(path))


def test_the_socket_for_everybody_counts_too(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "ptp4lro"))
        assert is_listening(str(tmp_path / "ptp4l"))
