"""What is found out about this user's rights."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aes67_sender.doctor.rights import device_facts, has_capability
from aes67_sender.doctor.software import helper_facts

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_only_what_records_counts_as_a_sound_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("controlC0", "pcmC0D0c", "pcmC0D0p", "pcmC1D0c", "timer"):
        (tmp_path / name).touch()
    assert device_facts(tmp_path).devices == 2
    assert device_facts(tmp_path / "none").devices == 0
    monkeypatch.setattr(os, "access", lambda path, _mode: path.name != "pcmC1D0c")
    assert device_facts(tmp_path).forbidden == (str(tmp_path / "pcmC1D0c"),)


def test_a_capability_is_had_or_not() -> None:
    # Of the 64 that fit, no kernel has the last one.
    assert has_capability(1 << 63) is False


def test_the_helper_that_the_environment_names_is_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "gst-ptp-helper"
    monkeypatch.setenv("GST_PTP_HELPER", str(helper))
    monkeypatch.delenv("GST_PTP_HELPER_1_0", raising=False)
    monkeypatch.setattr("aes67_sender.doctor.software.has_capability", lambda _: False)
    assert helper_facts(1024).path == ""
    helper.touch()
    assert (helper_facts(1024).path, helper_facts(1024).may_bind) == (str(helper), False)
    # Where anybody may open port 319, so may the helper.
    assert helper_facts(319).may_bind
    monkeypatch.setattr("aes67_sender.doctor.software.has_capability", lambda _: True)
    assert helper_facts(1024).may_bind
    helper.chmod(0o4755)
    assert helper_facts(1024).setuid_root == (os.getuid() == 0)
