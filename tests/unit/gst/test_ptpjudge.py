from __future__ import annotations

from aes67_sender.gst.ptpjudge import DomainFound, MasterSelected, PathDelayMeasured, PtpJudge, TimeUpdated

S = 1_000_000_000
GM = "00-1d-c1-ff-fe-12-34-56"


def locked(*, until_s: int, offset_ns: int = 0) -> PtpJudge:
    judge = PtpJudge("eth0", 0)
    judge.fold(MasterSelected(0, GM))
    judge.fold(PathDelayMeasured(0, 60_000))
    for eighth in range(until_s * 8 + 1):
        judge.fold(TimeUpdated(0, eighth * S // 8, offset_ns if eighth % 2 else -offset_ns, synced=True))
    return judge


def test_silence_names_its_causes() -> None:
    judgement = PtpJudge("eth0", 0).judge(5 * S, synced_once=False)
    assert judgement.state == "listening"
    assert judgement.why.startswith("No PTP master is heard on eth0, domain 0: it may be on another interface")


def test_a_master_on_another_domain_is_named() -> None:
    judge = PtpJudge("eth0", 0)
    judge.fold(DomainFound(5))
    judge.fold(DomainFound(1))
    assert judge.judge(0, synced_once=False).why == "A master is on domain 1 and 5, this sender listens on domain 0."


def test_a_master_that_does_not_answer() -> None:
    judge = PtpJudge("eth0", 0)
    judge.fold(DomainFound(0))
    judgement = judge.judge(0, synced_once=False)
    assert judgement.state == "locking"
    assert "has not answered a delay request" in judgement.why


def test_locking_until_gstreamer_says_synced() -> None:
    judge = locked(until_s=1)
    assert judge.judge(S, synced_once=False).state == "locking"
    judgement = judge.judge(S, synced_once=True)
    assert (judgement.state, judgement.usable) == ("locked", True)
    assert GM in judgement.why


def test_a_silent_master_is_holdover_after_three_seconds() -> None:
    judge = locked(until_s=10)
    assert judge.judge(12 * S, synced_once=True).state == "locked"
    judgement = judge.judge(14 * S, synced_once=True)
    assert (judgement.state, judgement.usable) == ("holdover", False)
    assert GM in judgement.why


def test_slow_syncs_are_waited_for() -> None:
    judge = PtpJudge("eth0", 0)
    for index in range(4):
        judge.fold(TimeUpdated(0, index * 2 * S, 0, synced=True))
    assert judge.judge(11 * S, synced_once=True).state == "locked"
    assert judge.judge(13 * S, synced_once=True).state == "holdover"


def test_a_jump_is_holdover_until_gstreamer_has_settled() -> None:
    judge = locked(until_s=10)
    judge.fold(TimeUpdated(0, 10 * S + 1, 9 * S, synced=False))
    assert judge.judge(10 * S + 2, synced_once=True).state == "holdover"
    judge.fold(TimeUpdated(0, 11 * S, 100, synced=True))
    assert judge.judge(11 * S, synced_once=True).state == "locked"


def test_accuracy_is_modest_at_first() -> None:
    assert locked(until_s=10).judge(10 * S, synced_once=True).accuracy_ns == 1_000_000
    assert locked(until_s=31).judge(31 * S, synced_once=True).accuracy_ns == 100_000
    assert locked(until_s=31, offset_ns=50_000).judge(31 * S, synced_once=True).accuracy_ns == 60_000 + 150_000


def test_after_a_long_absence_accuracy_is_modest_again() -> None:
    judge = locked(until_s=40)
    judge.fold(TimeUpdated(0, 60 * S, 0, synced=True))
    assert judge.judge(60 * S, synced_once=True).accuracy_ns == 1_000_000


def test_other_domains_do_not_count_as_news() -> None:
    judge = locked(until_s=10)
    judge.fold(TimeUpdated(1, 14 * S, 0, synced=True))
    judge.fold(PathDelayMeasured(1, 5))
    assert judge.judge(14 * S, synced_once=True).state == "holdover"
    assert judge.path_delay_ns == 60_000
