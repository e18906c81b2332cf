from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aes67_sender.config.model import ClockSettings
from aes67_sender.engine.clock.keeper import ClockKeeper
from aes67_sender.engine.clock.providers import Providers, why_no_gstreamer
from aes67_sender.errors import MachineError
from aes67_sender.net.interfaces import chosen_interface
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from aes67_sender.engine.clock.ptp_node import PtpNode
    from aes67_sender.model.clock import ClockMapping
    from aes67_sender.model.interface import Interface

LOOPBACK = chosen_interface("lo", "127.0.0.1")


def no_ports(_interface: Interface, _domain: int) -> PtpNode:
    raise MachineError("UDP ports 319 and 320 are not for everybody.", hint="Ask somebody.")


def test_a_clock_that_cannot_be_had_is_a_problem_and_the_sender_runs_free(tmp_path: Path) -> None:
    settings = ClockSettings(mode="system", phc=str(tmp_path / "no-such-clock"))
    published: list[ClockMapping] = []
    keeper = ClockKeeper(settings, Providers(settings, LOOPBACK, no_ports), published.append)
    keeper.start()
    try:
        wait_until(lambda: published)
        status = keeper.status()
        assert (status.provider, status.state) == ("free-run", "free-running")
        assert "clock.unusable" in [problem.code for problem in keeper.problems()]
    finally:
        keeper.stop()


@pytest.mark.parametrize(("mode", "severity"), [("auto", "warning"), ("builtin", "error"), ("grandmaster", "error")])
def test_ports_that_may_not_be_opened_are_a_problem_with_the_remedy(mode: str, severity: str) -> None:
    settings = ClockSettings(mode="free-run")
    providers = Providers(settings, LOOPBACK, no_ports)
    assert providers.facts(0).ports == "UDP ports 319 and 320 are not for everybody."
    (problem,) = providers.problems(mode)
    assert (problem.severity, problem.hint) == (severity, "Ask somebody.")
    assert providers.problems("free-run") == ()
    with pytest.raises(MachineError, match="not for everybody"):
        providers.make("builtin", None)


def test_gstreamer_follows_on_windows_from_1_24_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gi")
    for version, answer in (("1.22.9", "GStreamer 1.22.9 cannot follow PTP on Windows"), ("1.28.7", "")):
        monkeypatch.setattr("importlib.metadata.version", lambda _, version=version: version)
        assert why_no_gstreamer("win32").startswith(answer)
        assert bool(why_no_gstreamer("win32")) == bool(answer)


def test_free_run_goes_on_with_the_time_that_there_is() -> None:
    settings = ClockSettings(mode="free-run")
    published: list[ClockMapping] = []
    providers = Providers(settings, LOOPBACK, no_ports)
    keeper = ClockKeeper(settings, providers, published.append)
    keeper.start()
    try:
        wait_until(lambda: len(published) > 2)
        before = published[-1]
        later = providers.make("free-run", before).poll()
        assert later.media_ns is not None
        assert abs(later.media_ns - before.media_at(later.monotonic_ns)) < 1000
    finally:
        keeper.stop()
