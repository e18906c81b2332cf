"""Receives streams from the network for some seconds, beside a follower of its own."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from aes67_sender.net.interfaces import choose_interface, list_interfaces
from aes67_sender.net.receive_socket import Wanted, open_receive_socket, open_tap
from aes67_sender.verify.clock import NetworkClock
from aes67_sender.verify.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aes67_sender.logic.verify.expectation import Expectation
    from aes67_sender.logic.verify.verifier import Verification
    from aes67_sender.model.clock import ClockMapping
    from aes67_sender.model.interface import Interface
    from aes67_sender.supervisor.client import Door

#: The kernel stamps what comes, so that nothing is lost by reading it in batches.
_BATCH_S: Final = 0.05
#: A follower locks within two or three seconds where there is a master.
_CLOCK_PATIENCE_S: Final = 10.0
_NOTHING_S: Final = 5.0


def verify_live(
    expected: Sequence[Expectation],
    seconds: float,
    *,
    interface_name: str | None,
    sender_url: str | Door,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Verification, ...]:
    """Receive all the streams (or legs of one) for ``seconds`` and judge each, by the clock of the first. Blocks.

    ``tell`` is told what is being waited for.

    Raises:
        ConfigError, MachineError: the interface is unknown, or a stream cannot be received by it.
    """
    interfaces = list_interfaces()
    with contextlib.ExitStack() as stack:
        receptions = [_Reception(each, interfaces, interface_name, stack) for each in expected]
        first = receptions[0].interface
        clock = stack.enter_context(NetworkClock(first, expected[0].domain or 0, sender_url))
        tell(f"Following the clock on {first.name} …")

        def forget() -> None:
            for each in receptions:
                each.forget()

        clock.wait(_CLOCK_PATIENCE_S, forget)
        forget()
        for each in receptions:
            tell(f"Receiving {each.stream} on {each.interface.name} for {seconds:g} s …")
        begun_s = time.monotonic()
        while (elapsed_s := time.monotonic() - begun_s) < seconds:
            time.sleep(min(_BATCH_S, seconds - elapsed_s))
            mapping, accuracy_ns = clock.read()
            for each in receptions:
                each.take(mapping, accuracy_ns)
            if elapsed_s > _NOTHING_S and not any(each.packets for each in receptions):
                break
        return tuple(each.finish(clock) for each in receptions)


class _Reception:
    """One stream and its socket, which ``stack`` closes."""

    def __init__(
        self, expected: Expectation, interfaces: Sequence[Interface], wished: str | None, stack: contextlib.ExitStack
    ) -> None:
        own = next((each for each in interfaces if each.address in {expected.origin, *expected.sources}), None)
        self.interface = choose_interface(wished or (own.name if own and own.up else None), interfaces)
        self.stream = f"{expected.address}:{expected.port}"
        wanted = Wanted(expected.address, expected.port, self.interface, expected.sources)
        self._socket = stack.enter_context(open_tap(wanted) if own else open_receive_socket(wanted))
        self._intake = Intake(expected)
        self._lost_before = 0

    @property
    def packets(self) -> int:
        return self._intake.packets

    def forget(self) -> None:
        """Drop what came too early to be judged."""
        self._socket.receive()
        self._lost_before = self._socket.lost or 0

    def take(self, mapping: ClockMapping | None, accuracy_ns: int) -> None:
        self._intake.take(self._socket.receive(), mapping, accuracy_ns)

    def finish(self, clock: NetworkClock) -> Verification:
        lost = None if self._socket.lost is None else self._socket.lost - self._lost_before
        found = self._intake.finish(clock.facts, lost, _hint(self.interface.name))
        assert found is not None, "what is described is always judged"  # noqa: S101
        return found


def _hint(interface: str) -> str:
    return (
        f"See that the sender sends, that {interface} is in its network (--interface chooses another), that the switch "
        "has an IGMP querier if it snoops, and that no firewall holds off UDP."
    )
