"""``aes67-sender clock`` in a network with masters."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from support.ptp4l import grandmaster, grandmaster_identity
from support.sender import PROGRAM, Sender, follow_on_eth0

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host

NOBODY = ("setpriv", "--reuid=nobody", "--clear-groups")


def follow(host: Host, folder: Path, *options: str) -> Sender:
    """Start it; its looks are read as a sender's snapshots are."""
    command = [PROGRAM, "clock", "--interface", host.interface, "--json", *options]
    return Sender(host.start(command, folder / "clock.log", stdout=folder / "clock.jsonl"))


def test_it_locks_and_shows_every_master_and_what_goes_by(gm: Host, tx: Host, rx: Host, tmp_path: Path) -> None:
    with (
        follow(tx, tmp_path, "--provider", "builtin") as clock,
        grandmaster(gm, tmp_path) as ours,
        grandmaster(rx, tmp_path, domain=5) as other,
    ):
        identity = grandmaster_identity(ours)
        # ptp4l sends eight Syncs for each Announce; a stall of the machine stops both.
        look = clock.wait_for(
            lambda look: (
                look["state"] == "locked"
                and len(look["masters"]) == 2
                and 5 < look["messages_seen"].get("Sync", 0) / look["messages_seen"].get("Announce", 1) < 12
                and look["messages_sent"].get("Delay_Req", 0) > 0
            ),
            60,
        )
        followed, elsewhere = look["masters"]
        assert look["grandmaster"] == identity
        assert look["offset_ns"] is not None
        assert look["path_delay_ns"] > 0
        assert (followed["grandmaster"], followed["domain"], followed["followed"]) == (identity, 0, True)
        assert (followed["address"], followed["priority1"], followed["priority2"]) == (gm.address, 1, 128)
        assert elsewhere["grandmaster"] == grandmaster_identity(other)
        assert (elsewhere["domain"], elsewhere["address"], elsewhere["followed"]) == (5, rx.address, False)
        assert "locked" in look["last_change"]["text"]

        ours.kill()
        lost = clock.wait_for(lambda look: look["state"] == "holdover", 30)
        assert lost["offset_ns"] is None
        assert lost["grandmaster"] == identity
        clock.wait_for(lambda look: [master["domain"] for master in look["masters"]] == [5], 30)
        assert clock.stop() == 0


def test_a_master_of_another_domain_only_is_named(gm: Host, tx: Host, tmp_path: Path) -> None:
    with grandmaster(gm, tmp_path, domain=5), follow(tx, tmp_path, "--provider", "builtin") as clock:
        look = clock.wait_for(lambda look: look["masters"], 30)
        assert look["state"] == "listening"
        assert "domain 5" in look["why"]
        assert look["messages_seen"] == {}


@pytest.mark.parametrize("provider", ["builtin", "gstreamer", "system"])
def test_ctrl_c_ends_every_provider(gm: Host, tx: Host, tmp_path: Path, provider: str) -> None:
    follow_on_eth0(tx)
    with grandmaster(gm, tmp_path), follow(tx, tmp_path, "--provider", provider) as clock:
        clock.wait_for(lambda look: look["provider"] == provider, 30)
        asked_s = time.monotonic()
        assert clock.stop() == 0
        # A second is promised; the rest is for a machine that stalls.
        assert time.monotonic() - asked_s < 5


def test_without_the_right_to_the_ports_the_remedy_is_shown_once(tx: Host) -> None:
    if tx.run(*NOBODY, PROGRAM, "--version").returncode:
        pytest.skip("the repository lies where only its owner can read")
    done = tx.run(*NOBODY, PROGRAM, "clock", "--interface", tx.interface, "--provider", "builtin", "--seconds", "4")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^error: .*319", done.stdout, re.MULTILINE)
    assert done.stdout.count("→") == done.stdout.count("net.ipv4.ip_unprivileged_port_start=319") == 1
    auto = tx.run(*NOBODY, PROGRAM, "clock", "--interface", tx.interface, "--json", "--seconds", "4")
    look = json.loads(auto.stdout.splitlines()[-1])
    assert look["provider"] in {"gstreamer", "free-run"}
    assert "319" in look["choice"]
