"""Receives a stream from the network for some seconds, beside a follower of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from aes67_sender.net.interfaces import choose_interface, list_interfaces
from aes67_sender.net.receive_socket import Wanted, open_receive_socket, open_tap
from aes67_sender.verify.clock import NetworkClock
from aes67_sender.verify.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.logic.verify.expectation import Expectation
    from aes67_sender.logic.verify.verifier import Verification

#: The kernel stamps what comes, so that nothing is lost by reading it in batches.
_BATCH_S: Final = 0.05
#: A follower locks within two or three seconds where there is a master.
_CLOCK_PATIENCE_S: Final = 10.0
_NOTHING_S: Final = 5.0


def verify_live(
    expected: Expectation,
    seconds: float,
    *,
    interface_name: str | None,
    sender_url: str,
    tell: Callable[[str], None] = lambda _: None,
) -> Verification:
    """Receive for ``seconds`` and judge; ``tell`` is told what is being waited for. Blocks.

    Raises:
        ConfigError, MachineError: the interface is unknown, or the stream cannot be received by it.
    """
    interfaces = list_interfaces()
    own = next((each for each in interfaces if each.address in {expected.origin, *expected.sources}), None)
    wished = interface_name or (own.name if own and own.up else None)
    interface = choose_interface(wished, interfaces)
    wanted = Wanted(expected.address, expected.port, interface, expected.sources)
    intake = Intake(expected)
    with (
        open_tap(wanted) if own else open_receive_socket(wanted) as receiving,
        NetworkClock(interface, expected.domain or 0, sender_url) as clock,
    ):
        tell(f"Following the clock on {interface.name} …")
        clock.wait(_CLOCK_PATIENCE_S, receiving.receive)
        receiving.receive()
        lost_before = receiving.lost
        tell(f"Receiving {expected.address}:{expected.port} on {interface.name} for {seconds:g} s …")
        begun_s = time.monotonic()
        while (elapsed_s := time.monotonic() - begun_s) < seconds:
            time.sleep(min(_BATCH_S, seconds - elapsed_s))
            mapping, accuracy_ns = clock.read()
            intake.take(receiving.receive(), mapping, accuracy_ns)
            if not intake.packets and elapsed_s > _NOTHING_S:
                break
        lost = None if receiving.lost is None else receiving.lost - (lost_before or 0)
        found = intake.finish(clock.facts, lost, _hint(interface.name))
    assert found is not None, "what is described is always judged"  # noqa: S101
    return found


def _hint(interface: str) -> str:
    return (
        f"See that the sender sends, that {interface} is in its network (--interface chooses another), that the switch "
        "has an IGMP querier if it snoops, and that no firewall holds off UDP."
    )
