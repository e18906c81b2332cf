from __future__ import annotations

from aes67_sender.logic.backoff import Backoff


def test_the_first_retry_is_immediate_and_later_ones_wait_longer() -> None:
    backoff = Backoff(base_s=0.25, longest_s=1.5, steady_s=5)
    delays = []
    for _ in range(7):
        backoff = backoff.after_run(0.1)
        delays.append(backoff.delay_s)
    assert delays == [0, 0.25, 0.5, 1, 1.5, 1.5, 1.5]


def test_a_steady_run_is_forgiven() -> None:
    backoff = Backoff(steady_s=5)
    for _ in range(4):
        backoff = backoff.after_run(0.1)
    assert backoff.delay_s > 0
    assert backoff.after_run(5.0).delay_s == 0


def test_failing_for_weeks_does_not_overflow() -> None:
    assert Backoff(failures=10**6).after_run(0).delay_s == Backoff().longest_s
