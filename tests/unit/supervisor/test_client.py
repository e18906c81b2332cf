"""What ``status``, ``clock --set`` and the keys of the live status ask of a sender, over real HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from aes67_sender.errors import ConfigError, MachineError, WireError
from aes67_sender.supervisor.client import fetch_sdp, fetch_snapshot, patch_stream
from unit.supervisor.test_sender import free_port, run, setup

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aes67_sender.supervisor.sender import Sender


def asked(folder: Path, visit: Callable[[str], None]) -> None:
    """Visit a sender that sends, from another thread as another program would."""
    port = free_port()
    url = f"127.0.0.1:{port}"

    async def show(sender: Sender) -> None:
        while sender.snapshot().state != "sending":  # noqa: ASYNC110  nobody tells when
            await asyncio.sleep(0.05)

        def wait_and_visit() -> None:
            for _ in range(400):
                try:
                    fetch_snapshot(url)
                except MachineError:
                    continue
                break
            visit(url)

        await asyncio.to_thread(wait_and_visit)

    run(setup(folder, port), show)


def test_a_stream_is_switched_off_and_on_and_the_other_goes_on(tmp_path: Path) -> None:
    def visit(url: str) -> None:
        before = fetch_snapshot(url)
        assert patch_stream(url, "s1", {"enabled": False})[0] == "Stream s1 is no longer sent."
        off = fetch_snapshot(url)
        assert [stream.state for stream in off.streams] == ["stopped", "sending"]
        assert patch_stream(url, "s1", {"enabled": True})[0].startswith("Stream s1 is sent, to 239.69.1.1")
        again = fetch_snapshot(url)
        assert [stream.ssrc for stream in again.streams] == [stream.ssrc for stream in before.streams]
        assert again.engine.restarts == 0

    asked(tmp_path, visit)


def test_a_refusal_comes_with_every_problem_and_its_remedy(tmp_path: Path) -> None:
    def visit(url: str) -> None:
        with pytest.raises(ConfigError) as refused:
            patch_stream(url, "s1", {"enabled": "perhaps", "port": 5005})
        assert len(refused.value.problems) == 2
        assert all(problem.hint for problem in refused.value.problems)
        with pytest.raises(ConfigError, match="There is no stream 'gone'"):
            patch_stream(url, "gone", {"enabled": False})
        with pytest.raises(WireError, match="There is no stream 'gone'"):
            fetch_sdp(url, "gone")

    asked(tmp_path, visit)


def test_nobody_there_is_said_with_what_to_do() -> None:
    with pytest.raises(MachineError, match=r"No aes67-sender answers at .* \(Connection refused\)") as nobody:
        patch_stream(f"127.0.0.1:{free_port()}", "s1", {"enabled": False})
    assert "aes67-sender run" in nobody.value.hint
