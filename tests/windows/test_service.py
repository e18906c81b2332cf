"""The task that starts the sender at log-on, in wine's Task Scheduler, which keeps tasks but starts none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support import wine

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host

CONFIG = {
    "version": 1,
    "sources": [{"id": "tone", "kind": "tone"}],
    "streams": [{"source": "tone", "address": "239.69.7.3"}],
    "web": {"listen": "127.0.0.1:9123"},
}


def state(host: Host) -> tuple[str, int]:
    done = wine.run(host, wine.PROGRAM, "service", "status")
    return done.stdout + done.stderr, done.returncode


def test_a_task_is_installed_found_and_removed_again(tx: Host, tmp_path: Path) -> None:
    folder = tmp_path / "On Air für Jürgen"
    folder.mkdir()
    # As an editor of Windows marks UTF-8.
    (folder / "studio.json").write_text(json.dumps({**CONFIG, "interface": tx.interface}), encoding="utf-8-sig")
    config = wine.windows_path(folder / "studio.json")
    try:
        done = wine.run(tx, wine.PROGRAM, "service", "install", "-c", config)
        assert done.returncode == 0, done.stderr
        assert "schtasks /Create /TN aes67-sender" in done.stdout
        text, code = state(tx)
        assert text.startswith("Service: not running\n")
        # Where its config says.
        assert "http://127.0.0.1:9123" in text
        assert "aes67-sender.log" in text
        assert code == 1
    finally:
        done = wine.run(tx, wine.PROGRAM, "service", "uninstall")
    assert done.returncode == 0, done.stderr
    text, code = state(tx)
    assert text.startswith("Service: not installed\n")
    assert code == 1
