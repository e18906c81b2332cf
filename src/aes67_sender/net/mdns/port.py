"""The multicast DNS port of one interface, and what of zeroconf must be put right for RAVENNA."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from typing import TYPE_CHECKING, Final

from zeroconf import IPVersion, Zeroconf
from zeroconf.asyncio import AsyncZeroconf

from aes67_sender.errors import MachineError
from aes67_sender.wire.mdns import join_instance_labels

if TYPE_CHECKING:
    from zeroconf import DNSOutgoing
    from zeroconf._transport import _WrappedTransport

#: What RAVENNA sessions are announced as, and the subtype that tells them from cameras.
SERVICE: Final = "_rtsp._tcp.local."
RAVENNA_SESSION: Final = f"_ravenna_session._sub.{SERVICE}"
#: linux/in.h; Python has no name for it before 3.14.
_IP_MULTICAST_ALL: Final = 49


class _Zeroconf(Zeroconf):
    def async_send(
        self,
        out: DNSOutgoing,
        addr: str | None = None,
        port: int = 5353,
        v6_flow_scope: tuple[()] | tuple[int, int] = (),
        transport: _WrappedTransport | None = None,
    ) -> None:
        """Send, each instance name as one label, whatever dots are in it."""
        # A message that is finished gives the same list every time.
        packets = out.packets()
        packets[:] = map(join_instance_labels, packets)
        super().async_send(out, addr, port, v6_flow_scope, transport)


def _without_traceback(record: logging.LogRecord) -> bool:
    """The message says what has happened; an interface that loses its address is no fault of the program."""
    record.exc_info = None
    return True


async def open_mdns(address: str) -> AsyncZeroconf:
    """Multicast DNS on the interface with this IPv4 address alone; in the running loop.

    Raises:
        MachineError: the address is not ours now, or the port cannot be shared.
    """
    logging.getLogger("zeroconf").addFilter(_without_traceback)
    try:
        inner = _Zeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    except OSError as error:
        raise _refused(address, error.strerror or str(error)) from error
    opened = AsyncZeroconf(zc=inner)
    try:
        await inner.async_wait_for_start()
    except asyncio.CancelledError:
        await opened.async_close()
        raise
    if not inner.engine.senders:
        await opened.async_close()
        raise _refused(address, "no interface has this address and multicast")
    if sys.platform == "linux":
        for reader in inner.engine.readers:
            # Without this, it also hears what other programs of this machine have joined elsewhere.
            reader.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    return opened


def label_of(name: str) -> str:
    """The instance's own label of a full name."""
    return name[: -len(SERVICE) - 1]


def _refused(address: str, why: str) -> MachineError:
    return MachineError(
        f"Multicast DNS cannot be used on {address}: {why}.",
        hint="Another mDNS program must share UDP port 5353 (avahi: disallow-other-stacks=no).",
    )
