"""What the packet path asks of the system it runs on; each name has the same meaning everywhere.

``now_ns``: the monotonic clock; ``sleep_until``: it may wake early, never counts on it. ``send_streams``: the packets
of one socket. ``MessageTable``: what that reads. ``system_calls``: what all of them are given.
"""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

if sys.platform == "win32":
    from aes67_sender.engine.transmit.mmcss import become_realtime
    from aes67_sender.engine.transmit.sendto import PacketTable as MessageTable
    from aes67_sender.engine.transmit.sendto import send_streams
    from aes67_sender.engine.transmit.windows import WindowsCalls as SystemCalls
    from aes67_sender.engine.transmit.windows import now_ns, sleep_until, system_calls
elif sys.platform == "darwin":
    from aes67_sender.engine.transmit.darwin import DarwinCalls as SystemCalls
    from aes67_sender.engine.transmit.darwin import now_ns, sleep_until, system_calls
    from aes67_sender.engine.transmit.machtime import become_realtime
    from aes67_sender.engine.transmit.sendto import PacketTable as MessageTable
    from aes67_sender.engine.transmit.sendto import send_streams
else:
    from aes67_sender.engine.transmit.fifo import become_realtime
    from aes67_sender.engine.transmit.libc import MessageTable, SystemCalls, system_calls
    from aes67_sender.engine.transmit.linux import now_ns, send_streams, sleep_until

#: What ``MessageTable.handle`` gives; only ``send_streams`` looks into it.
Messages: TypeAlias = Any

__all__ = [
    "MessageTable",
    "Messages",
    "SystemCalls",
    "become_realtime",
    "now_ns",
    "send_streams",
    "sleep_until",
    "system_calls",
]
