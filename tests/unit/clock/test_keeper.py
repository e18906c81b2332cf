"""The keeper among providers that do as they are told."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import pytest

from aes67_sender.config.model import ClockSettings
from aes67_sender.engine.clock.freerun import FreeRunProvider
from aes67_sender.engine.clock.keeper import ClockKeeper
from aes67_sender.errors import MachineError
from aes67_sender.logic.clock_choice import Facts
from aes67_sender.model.clock import ClockMapping, ClockReading, ClockState, ProviderName
from aes67_sender.monotonic import monotonic_ns
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.engine.clock.providers import Providers
    from aes67_sender.logic.provider import ClockProvider
    from aes67_sender.model.problem import Problem

EPOCH_NS = 1_700_000_000_000_000_000
BEGUN_NS = monotonic_ns()


@dataclass
class FakeProvider:
    """Tells a time that is so far ahead of the network's."""

    name: ProviderName
    state: ClockState = "locked"
    ahead_ns: int = 0
    rate_ppm: float = 30.0
    fault: Exception | None = None
    closed: int = 0
    polled: int = 0

    def poll(self) -> ClockReading:
        self.polled += 1
        if self.fault:
            raise self.fault
        now_ns = monotonic_ns()
        truth = ClockMapping(BEGUN_NS, EPOCH_NS + self.ahead_ns, self.rate_ppm, 0)
        media_ns = truth.media_at(now_ns) if self.state == "locked" else None
        return ClockReading(self.state, "So it is.", now_ns, media_ns, rate_ppm=self.rate_ppm, grandmaster="00-01")

    def close(self) -> None:
        self.closed += 1
        if self.fault:
            raise self.fault


@dataclass
class FakeProviders:
    """Those that can be had; an exception instead of one is raised when it is made."""

    offered: dict[str, FakeProvider | Exception]
    facts_now: Facts = field(default_factory=lambda: Facts("/run/ptp4l", daemon=False, ports="", gstreamer="none"))
    made: list[tuple[str, ClockMapping | None]] = field(default_factory=list)
    closed: int = 0
    node: None = None

    def facts(self, _now_ns: int) -> Facts:
        return self.facts_now

    def problems(self, _mode: str) -> tuple[Problem, ...]:
        return ()

    def make(self, name: ProviderName, mapping: ClockMapping | None) -> ClockProvider:
        self.made.append((name, mapping))
        if name == "free-run":
            return FreeRunProvider("auto", mapping)
        offered = self.offered[name]
        if isinstance(offered, Exception):
            raise offered
        return offered

    def close(self) -> None:
        self.closed += 1


@dataclass
class Running:
    keeper: ClockKeeper
    providers: FakeProviders
    published: list[ClockMapping]

    def wait_for(self, provider: str, state: str = "locked") -> None:
        wait_until(lambda: (self.keeper.status().provider, self.keeper.status().state) == (provider, state))

    def more(self, count: int = 3) -> None:
        before = len(self.published)
        wait_until(lambda: len(self.published) >= before + count)

    @property
    def codes(self) -> list[str]:
        return [problem.code for problem in self.keeper.problems()]

    def assert_continuous(self) -> None:
        for before, after in pairwise(self.published):
            if before.anchor == after.anchor:
                assert after.media_ns == before.media_at(after.monotonic_ns)


@contextmanager
def running(mode: str, **offered: FakeProvider | Exception) -> Iterator[Running]:
    providers = FakeProviders(dict(offered))
    settings = ClockSettings.model_validate({"mode": mode})
    published: list[ClockMapping] = []
    keeper = ClockKeeper(settings, cast("Providers", providers), published.append)
    keeper.start()
    try:
        yield Running(keeper, providers, published)
    finally:
        keeper.stop()


@pytest.mark.parametrize("ahead_ns", [0, 700_000, -700_000])
def test_a_change_over_is_continuous_to_the_nanosecond(ahead_ns: int) -> None:
    builtin, gst = FakeProvider("builtin"), FakeProvider("gstreamer", "locking", ahead_ns)
    with running("builtin", builtin=builtin, gstreamer=gst) as life:
        life.wait_for("builtin")
        life.keeper.set_mode("gstreamer")
        wait_until(lambda: "clock.changing" in life.codes)
        life.more()
        assert (life.keeper.status().provider, builtin.closed) == ("builtin", 0)
        gst.state = "locked"
        life.wait_for("gstreamer")
        life.more()
        life.assert_continuous()
        assert {mapping.anchor for mapping in life.published} == {1}
        assert (builtin.closed, gst.closed) == (1, 0)
    assert gst.closed == 1
    assert life.providers.closed == 1


@pytest.mark.parametrize("ahead_ns", [1_200_000, -3600 * 10**9])
def test_a_provider_of_another_time_is_one_step(ahead_ns: int) -> None:
    gst = FakeProvider("gstreamer", ahead_ns=ahead_ns)
    with running("builtin", builtin=FakeProvider("builtin"), gstreamer=gst) as life:
        life.wait_for("builtin")
        life.keeper.set_mode("gstreamer")
        life.wait_for("gstreamer")
        life.more()
        life.assert_continuous()
        assert [mapping.anchor for mapping in life.published[-3:]] == [2, 2, 2]


def test_a_trial_that_is_no_longer_wanted_is_closed_and_the_old_one_goes_on() -> None:
    builtin, gst = FakeProvider("builtin"), FakeProvider("gstreamer", "locking")
    with running("builtin", builtin=builtin, gstreamer=gst) as life:
        life.wait_for("builtin")
        life.keeper.set_mode("gstreamer")
        wait_until(lambda: gst.polled > 1)
        life.keeper.set_mode("builtin")
        wait_until(lambda: gst.closed == 1)
        life.more()
        assert life.keeper.status().provider == "builtin"
        assert life.codes == []
        life.assert_continuous()


def test_modes_that_change_faster_than_they_are_read_end_with_the_last() -> None:
    builtin, gst = FakeProvider("builtin"), FakeProvider("gstreamer")
    with running("builtin", builtin=builtin, gstreamer=gst) as life:
        life.wait_for("builtin")
        for mode in ["gstreamer", "free-run", "builtin", "grandmaster"] * 50 + ["gstreamer"]:
            life.keeper.set_mode(mode)
        life.wait_for("gstreamer")
        life.assert_continuous()


def test_free_run_goes_on_with_the_time_and_the_rate_without_what_corrected_the_phase() -> None:
    builtin = FakeProvider("builtin")
    with running("builtin", builtin=builtin) as life:
        life.wait_for("builtin")
        builtin.ahead_ns = 500_000
        life.more()
        # Ten times the limit of 20 ppm while the epoch is fresh, beyond the rate of 30.
        assert life.published[-1].rate_ppm == pytest.approx(230.0)
        life.keeper.set_mode("free-run")
        life.wait_for("free-run", "free-running")
        life.more(5)
        life.assert_continuous()
        name, mapping = life.providers.made[-1]
        assert mapping is not None
        assert (name, mapping.rate_ppm) == ("free-run", 30.0)
        # What the one before it still corrected meanwhile is taken back.
        wait_until(lambda: life.published[-1].rate_ppm == pytest.approx(30.0, abs=5))


def test_what_cannot_be_had_is_a_problem_with_its_remedy_and_the_old_one_goes_on() -> None:
    refusal = MachineError("There is no such thing.", hint="Buy one.")
    with running("builtin", builtin=FakeProvider("builtin"), gstreamer=refusal) as life:
        life.wait_for("builtin")
        life.keeper.set_mode("gstreamer")
        wait_until(lambda: "clock.unusable" in life.codes)
        life.more()
        assert [problem.hint for problem in life.keeper.problems()] == ["Buy one."]
        assert life.keeper.status().provider == "builtin"
        # Not twenty times a second.
        assert [name for name, _ in life.providers.made].count("gstreamer") == 1
        life.keeper.set_mode("builtin")
        wait_until(lambda: life.codes == [])


def test_a_mode_that_is_asked_for_again_is_tried_at_once() -> None:
    with running("builtin", builtin=FakeProvider("builtin"), gstreamer=MachineError("No.")) as life:
        life.wait_for("builtin")
        life.keeper.set_mode("gstreamer")
        wait_until(lambda: "clock.unusable" in life.codes)
        life.keeper.set_mode("builtin")
        wait_until(lambda: life.codes == [])
        life.providers.offered["gstreamer"] = FakeProvider("gstreamer")
        life.keeper.set_mode("gstreamer")
        life.wait_for("gstreamer")


def test_in_auto_what_cannot_be_had_is_no_problem_while_another_one_is_locked() -> None:
    with running("auto", builtin=FakeProvider("builtin"), system=MachineError("No.")) as life:
        life.wait_for("builtin")
        life.providers.facts_now = Facts("/run/ptp4l", daemon=True, ports="", gstreamer="none")
        wait_until(lambda: "system" in [name for name, _ in life.providers.made])
        life.more()
        assert life.codes == []
        assert "ports 319 and 320 are open" in life.keeper.status().choice


def test_the_one_in_use_is_not_explained_by_a_mode_that_has_gone() -> None:
    silent = FakeProvider("builtin", state="listening")
    with running("free-run", builtin=silent) as life:
        life.wait_for("free-run", "free-running")
        assert life.keeper.status().choice == 'The mode is "free-run".'
        life.keeper.set_mode("auto")
        wait_until(lambda: silent.polled > 2)
        assert life.keeper.status().choice == "It goes on until another clock has locked."
        life.keeper.set_mode("free-run")
        wait_until(lambda: life.keeper.status().choice == 'The mode is "free-run".')


@pytest.mark.parametrize("refusal", [MachineError("No."), OSError("worse")])
def test_the_first_provider_that_cannot_be_had_leaves_the_local_clock(
    refusal: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL), running("builtin", builtin=refusal) as life:
        life.wait_for("free-run", "free-running")
        assert "clock.unusable" in life.codes


def test_a_provider_that_raises_is_holdover_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    builtin = FakeProvider("builtin")
    with running("builtin", builtin=builtin) as life:
        life.wait_for("builtin")
        builtin.fault = RuntimeError("a bug")
        life.wait_for("builtin", "holdover")
        life.more(6)
        life.assert_continuous()
        assert "a bug" in life.keeper.status().why
        assert len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 1
        builtin.fault = None
        life.wait_for("builtin")
        assert {mapping.anchor for mapping in life.published} == {1}


def test_a_trial_that_raises_does_not_touch_the_one_in_use(caplog: pytest.LogCaptureFixture) -> None:
    builtin, gst = FakeProvider("builtin"), FakeProvider("gstreamer", fault=RuntimeError("a bug"))
    with caplog.at_level(logging.CRITICAL), running("builtin", builtin=builtin, gstreamer=gst) as life:
        life.wait_for("builtin")
        life.keeper.set_mode("gstreamer")
        wait_until(lambda: gst.polled > 3)
        assert (life.keeper.status().provider, life.keeper.status().state) == ("builtin", "locked")
        life.keeper.set_mode("builtin")
        wait_until(lambda: gst.closed == 1)
    assert (builtin.closed, life.providers.closed) == (1, 1)


def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    builtin = FakeProvider("builtin", "listening")
    with caplog.at_level(logging.INFO), running("builtin", builtin=builtin) as life:
        life.wait_for("builtin", "listening")
        builtin.state = "locked"
        life.wait_for("builtin")
        life.more(5)
        builtin.ahead_ns = 3600 * 10**9
        wait_until(lambda: life.keeper.status().anchors == 2)
        life.more(5)
        builtin.state = "holdover"
        life.wait_for("builtin", "holdover")
        life.more(5)
        last = life.keeper.status().last_change
        assert last is not None
        assert last.text == "holdover, was locked. So it is."
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("clock:")]
    assert told == [
        "clock: listening by builtin. So it is.",
        "clock: locked, was listening; grandmaster 00-01. So it is.",
        "clock: a new epoch: media time was stepped, for the first time. So it is.",
        "clock: holdover, was locked. So it is.",
    ]


def test_it_ends_at_once_also_before_it_has_begun() -> None:
    with running("builtin", builtin=FakeProvider("builtin")) as life:
        life.wait_for("builtin")
        life.keeper.stop()
        life.keeper.stop()
        assert life.providers.closed == 1
    never = ClockKeeper(ClockSettings(), cast("Providers", FakeProviders({})), lambda _mapping: None)
    never.stop()
