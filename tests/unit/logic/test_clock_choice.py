"""Which clock is used, and when another one is tried. Times in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.clock_choice import Chooser, Facts, Settle, Standing, Try, Way, ways
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.logic.clock_choice import Decision
    from aes67_sender.model.clock import ClockState, ProviderName

SOCKET = "/run/ptp4l"
NO_PORTS = "UDP ports 319 and 320 are taken."
NO_GSTREAMER = "GStreamer is not installed."


def facts(*, daemon: bool = False, ports: str = "", gstreamer: str = "") -> Facts:
    return Facts(SOCKET, daemon=daemon, ports=ports, gstreamer=gstreamer)


def names(mode: str, found: Facts) -> list[str]:
    return [way.provider for way in ways(mode, found)]


@pytest.mark.parametrize(
    ("found", "order"),
    [
        (facts(), ["builtin", "gstreamer"]),
        (facts(gstreamer=NO_GSTREAMER), ["builtin"]),
        (facts(ports=NO_PORTS), ["gstreamer"]),
        (facts(ports=NO_PORTS, gstreamer=NO_GSTREAMER), ["free-run"]),
        (facts(daemon=True), ["system", "builtin", "gstreamer"]),
        (facts(daemon=True, ports=NO_PORTS, gstreamer=NO_GSTREAMER), ["system"]),
    ],
)
def test_auto_has_a_daemon_first_then_our_own_then_gstreamer(found: Facts, order: list[str]) -> None:
    assert names("auto", found) == order


@pytest.mark.parametrize("mode", ["builtin", "gstreamer", "system", "free-run", "grandmaster"])
def test_any_other_mode_is_just_what_was_asked_for(mode: str) -> None:
    nothing = facts(ports=NO_PORTS, gstreamer=NO_GSTREAMER)
    assert names(mode, nothing) == [mode]
    assert ways(mode, nothing)[0].why == f'The mode is "{mode}".'


@pytest.mark.parametrize("found", [facts(), facts(daemon=True), facts(ports=NO_PORTS, gstreamer=NO_GSTREAMER)])
def test_each_choice_has_its_reason_in_a_sentence(found: Facts) -> None:
    assert all(way.why.endswith(".") for way in ways("auto", found))


def test_the_reason_names_what_is_in_the_way() -> None:
    assert NO_PORTS in ways("auto", facts(ports=NO_PORTS))[0].why
    assert SOCKET in ways("auto", facts(daemon=True))[0].why


class Life:
    """One chooser; says what it decides."""

    def __init__(self, mode: str, found: Facts) -> None:
        self.mode = mode
        self.found = found
        self.chooser = Chooser()

    def at(
        self,
        now_s: float,
        provider: ProviderName,
        state: ClockState,
        since_s: float = 0,
        trial: tuple[ProviderName, ClockState, float] | None = None,
    ) -> str:
        def standing(name: ProviderName, state: ClockState, since_s: float) -> Standing:
            return Standing(name, state, round(since_s * NS_PER_S))

        decision = self.chooser.decide(
            round(now_s * NS_PER_S),
            ways(self.mode, self.found),
            standing(provider, state, since_s),
            standing(*trial) if trial else None,
        )
        return said(decision)


def said(decision: Decision) -> str:
    match decision:
        case Try(Way(provider)):
            return f"try {provider}"
        case Settle(taken):
            return "taken" if taken else "given up"
    return "keep"


@pytest.mark.parametrize("state", ["listening", "holdover", "free-running", "locked"])
def test_our_own_follower_is_kept_as_long_as_nobody_else_could_do_better(state: ClockState) -> None:
    assert Life("auto", facts()).at(1000, "builtin", state) == "keep"


def test_who_hears_a_master_and_cannot_make_anything_of_it_gets_a_rival() -> None:
    life = Life("auto", facts())
    assert life.at(15, "builtin", "locking") == "keep"
    assert life.at(15.1, "builtin", "locking") == "try gstreamer"
    assert life.at(16, "builtin", "locking", 0, ("gstreamer", "locking", 15.1)) == "keep"
    assert life.at(17, "builtin", "locking", 0, ("gstreamer", "locked", 15.1)) == "taken"
    assert life.at(17.1, "gstreamer", "locked", 17) == "try builtin"
    assert life.at(18, "gstreamer", "locked", 17, ("builtin", "locked", 17.1)) == "taken"


@pytest.mark.parametrize("state", ["locking", "holdover", "free-running", "listening"])
def test_a_daemon_that_does_not_lock_gets_a_rival(state: ClockState) -> None:
    life = Life("auto", facts(daemon=True))
    assert life.at(15, "system", state) == "keep"
    assert life.at(15.1, "system", state) == "try builtin"


def test_a_trial_is_given_up_after_a_while_and_tried_again_later() -> None:
    life = Life("auto", facts(daemon=True))
    assert life.at(0, "builtin", "locked") == "try system"
    assert life.at(20, "builtin", "locked", 0, ("system", "locking", 0)) == "keep"
    assert life.at(20.1, "builtin", "locked", 0, ("system", "locking", 0)) == "given up"
    assert life.at(50, "builtin", "locked") == "keep"
    assert life.at(50.2, "builtin", "locked") == "try system"


def test_a_trial_that_was_taken_is_tried_at_once_when_it_returns() -> None:
    life = Life("auto", facts(daemon=True))
    life.chooser.give_up("system", 0)
    assert life.at(1, "builtin", "locked", 0, ("system", "locked", 0)) == "taken"
    assert life.at(2, "builtin", "locked") == "try system"


def test_a_daemon_comes_and_goes() -> None:
    life = Life("auto", facts())
    assert life.at(0, "builtin", "locked") == "keep"
    life.found = facts(daemon=True)
    assert life.at(1, "builtin", "locked") == "try system"
    assert life.at(3, "builtin", "locked", 0, ("system", "locked", 1)) == "taken"
    life.found = facts()
    assert life.at(9, "system", "holdover", 8) == "try builtin"
    assert life.at(11, "system", "holdover", 8, ("builtin", "locked", 9)) == "taken"


def test_a_trial_of_what_is_no_longer_there_is_given_up() -> None:
    life = Life("auto", facts())
    assert life.at(1, "builtin", "locked", 0, ("system", "locking", 0)) == "given up"


def test_free_run_in_want_of_anything_else_ends_when_the_ports_open() -> None:
    life = Life("auto", facts(ports=NO_PORTS, gstreamer=NO_GSTREAMER))
    assert life.at(1, "free-run", "free-running") == "keep"
    life.found = facts(gstreamer=NO_GSTREAMER)
    assert life.at(2, "free-run", "free-running") == "try builtin"


def test_an_explicit_mode_waits_for_ever_and_keeps_the_old_provider() -> None:
    life = Life("gstreamer", facts())
    assert life.at(0, "builtin", "locked") == "try gstreamer"
    for now_s in (1, 21, 3600, 1_000_000):
        assert life.at(now_s, "builtin", "locked", 0, ("gstreamer", "locking", 0)) == "keep"
    assert life.at(1_000_001, "builtin", "locked", 0, ("gstreamer", "locked", 0)) == "taken"
    assert life.at(1_000_002, "gstreamer", "locking", 0) == "keep"


def test_an_explicit_mode_that_cannot_be_had_is_asked_for_again() -> None:
    life = Life("system", facts())
    assert life.at(0, "free-run", "free-running") == "try system"
    life.chooser.give_up("system", 0)
    assert life.at(30, "free-run", "free-running") == "keep"
    assert life.at(30.1, "free-run", "free-running") == "try system"


def test_free_run_that_is_asked_for_needs_no_lock() -> None:
    life = Life("free-run", facts())
    assert life.at(0, "builtin", "locked") == "try free-run"
    assert life.at(0.1, "builtin", "locked", 0, ("free-run", "free-running", 0)) == "taken"


def test_another_provider_that_runs_free_has_not_locked() -> None:
    life = Life("auto", facts(daemon=True))
    assert life.at(1, "builtin", "locked", 0, ("system", "free-running", 0)) == "keep"
