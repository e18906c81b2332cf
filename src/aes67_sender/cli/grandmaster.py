"""``grandmaster``: be the PTP grandmaster."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from aes67_sender.cli.options import interface_option, json_option, verbose_option
from aes67_sender.monotonic import monotonic_ns

if TYPE_CHECKING:
    from aes67_sender.engine.clock.ptp_node import PtpNode
    from aes67_sender.logic.ptp.grandmaster import Grandmaster

_LINE_S: Final = 1.0
_LOOK_S: Final = 0.1


@click.command()
@interface_option
@click.option("--domain", type=click.IntRange(0, 127), default=0, show_default=True, help="PTP domain.")
@click.option(
    "--priority1",
    type=click.IntRange(0, 255),
    default=128,
    show_default=True,
    help="The lower wins, before all that clocks say of their quality.",
)
@click.option(
    "--priority2",
    type=click.IntRange(0, 255),
    default=128,
    show_default=True,
    help="The lower wins among clocks of equal quality.",
)
@click.option(
    "--clock-class",
    type=click.IntRange(1, 254),
    default=248,
    show_default=True,
    help="Announced quality of the time: 6 with a satellite receiver, 248 for any clock.",
)
@click.option(
    "--tai-utc-offset",
    type=click.IntRange(0, 255),
    metavar="S",
    help="TAI minus UTC, which followers that keep UTC need; 37 s since 2017. Not given: the kernel's, else 37 s, "
    "announced as not certain.",
)
@click.option(
    "--peer-delay",
    is_flag=True,
    help="Answer Pdelay_Req too: for peer-to-peer networks only, since in others ptp4l goes faulty by it.",
)
@click.option("--seconds", type=click.FloatRange(min=0), metavar="S", help="Stop after S seconds.")
@json_option
@verbose_option
def grandmaster(  # noqa: PLR0913  an argument for each option
    interface_name: str | None,
    *,
    domain: int,
    priority1: int,
    priority2: int,
    clock_class: int,
    tai_utc_offset: int | None,
    peer_delay: bool,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Be the PTP grandmaster until Ctrl-C, with the intervals of the AES67 media profile.

    Gives way to any better clock and comes back when that has gone. The time served is this computer's at the start
    (as TAI), counted on from there: setting the computer's clock later does not make the network's time jump.
    """
    from aes67_sender.engine.clock.ptp_node import PtpNode
    from aes67_sender.engine.clock.served import computer_time
    from aes67_sender.logic.ptp.grandmaster import ANY_CLOCK, Grandmaster, GrandmasterSettings
    from aes67_sender.net.interfaces import choose_interface, list_interfaces
    from aes67_sender.wire.ptp_messages import ClockQuality

    served = computer_time("auto" if tai_utc_offset is None else tai_utc_offset)
    quality = ClockQuality(clock_class, ANY_CLOCK.accuracy, ANY_CLOCK.variance)
    settings = GrandmasterSettings(
        domain,
        priority1,
        quality,
        priority2,
        utc_offset_s=served.utc_offset_s,
        flags=served.flags,
        peer_delay=peer_delay,
    )
    node = PtpNode(choose_interface(interface_name, list_interfaces()), domain)
    clock = Grandmaster(node.new_port_identity(1), settings, served.mapping, monotonic_ns())
    try:
        node.start()
        node.add(clock)
        if not as_json:
            click.echo(f"Time starts at this computer's clock. {served.sentence}")
        _Teller(node, clock, as_json=as_json).tell(seconds)
    finally:
        node.close()


@dataclass
class _Teller:
    """Tells what happens. The node's thread serves the time meanwhile, also while the terminal is stopped."""

    node: PtpNode
    clock: Grandmaster
    as_json: bool
    told: set[str] = field(default_factory=set)
    story: str = ""

    def tell(self, seconds: float | None) -> None:
        start_s = line_s = time.monotonic()
        while seconds is None or time.monotonic() - start_s < seconds:
            self._tell_changes()
            now_s = time.monotonic()
            if now_s - line_s >= _LINE_S:
                # After a stall the lines missed are left out.
                line_s += (now_s - line_s) // _LINE_S * _LINE_S
                self._tell_figures(now_s - start_s)
            time.sleep(_LOOK_S)

    def _tell_changes(self) -> None:
        if self.as_json:
            return
        if (story := self._story()) != self.story:
            self.story = story
            click.echo(story)
        for problem in self.node.problems:
            if problem.text not in self.told:
                self.told.add(problem.text)
                hint = f"\nHint: {problem.hint}" if problem.hint else ""
                click.echo(f"{problem.severity.capitalize()}: {problem.text}{hint}", err=True)

    def _story(self) -> str:
        with self.node.lock:
            state, better = self.clock.state, self.clock.yields_to
        match state:
            case "listening":
                return "Listening whether there is a better clock."
            case "master":
                return f"Master: this computer gives the time, as {self.clock.port.clock}."
            case "yielding":
                who = f"{better.candidate.grandmaster} at {better.source}" if better else "nobody"
                return f"Yielding to a better clock, {who}: sending nothing."

    def _tell_figures(self, elapsed_s: float) -> None:
        _, sent = self.node.rates()
        with self.node.lock:
            facts = self._facts(sent)
        if self.as_json:
            click.echo(json.dumps({**facts, "problems": [problem.text for problem in self.node.problems]}))
            return
        followers = facts["followers"]
        words = [
            f"{elapsed_s:6.1f} s",
            f"{facts['state']:<9}",
            f"domain {facts['domain']}",
            f"{followers} follower{'' if followers == 1 else 's'}",
            f"{sum(sent.values()):.0f} messages/s",
            f"{facts['stamps']} stamps",
        ]
        if facts["unstamped_syncs"]:
            words.append(f"{facts['unstamped_syncs']} Syncs without a stamp")
        click.echo("  ".join(words))

    def _facts(self, sent: dict[str, float]) -> dict[str, Any]:
        better = self.clock.yields_to
        return {
            "state": self.clock.state,
            "identity": str(self.clock.port.clock),
            "domain": self.clock.settings.domain,
            "yields_to": str(better.candidate.grandmaster) if better else None,
            "yields_to_address": better.source if better else None,
            "followers": self.clock.followers(monotonic_ns()),
            "sent": sent,
            "stamps": self.node.stamp_kind,
            "unstamped_syncs": self.clock.unstamped_syncs,
            "send_failures": self.node.send_failures,
        }
