"""What jackaudiosrc does not do: names for ports, connections, and exact time. libjack through ctypes.

A second client without ports, never activated, so patch bays do not show it. Its library is the one jackaudiosrc
uses, already in the process; a package would bring nothing that these dozen functions lack.
"""

from __future__ import annotations

import ctypes
import errno
import fnmatch
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.gst import libjack
from aes67_sender.gst.errors import SourceError
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_START_SERVER: Final = 0x01
_SERVER_NAME: Final = 0x04
_IS_OUTPUT: Final = 0x02
_IS_INPUT: Final = 0x01
_AUDIO: Final = b"32 bit float mono audio"
_TRIES: Final = 3
_HINT: Final = "Start the JACK server; the sender never starts one itself."


@dataclass(frozen=True, slots=True)
class JackCycle:
    """The current cycle: its first frame (32 bits, from the server's start), and when it began.

    ``woken_ns`` is monotonic, never early, and right to a frame. JACK also tells a time smoothed by its delay-locked
    loop; but on a busy machine that is late by 100 us for seconds, and after a stall of 50 ms wrong by as much.
    ``xrun_mark``: how late the last xrun was in us; a number that changes with nearly every xrun, at once.
    """

    frame: int
    woken_ns: int
    xrun_mark: float


def let_libjack_finish() -> None:
    """Return when libjack's own threads are most likely idle (jackaudio/jack2 issue 395). Takes 50 ms.

    A thread of every client hears of clients that come and go and of the server's end, and holds a lock of the whole
    process meanwhile. Closing a client cancels that thread wherever it is; if it holds the lock, no client of this
    process can be opened or closed ever again. So no client should be closed right after there were news.

    In small pieces, because of a stalled process only one of them passes, not all before any other thread runs.
    """
    for _ in range(10):
        time.sleep(0.005)


class JackControl:
    """A connection to a running JACK server. Any thread, one at a time.

    Raises:
        MachineError: at construction, when libjack is not installed.
        SourceError: at construction, when no server runs.
    """

    def __init__(self, client_name: str, server_name: str | None = None) -> None:
        self._lib = libjack.load()
        options = _NO_START_SERVER | (_SERVER_NAME if server_name is not None else 0)
        status = ctypes.c_int()
        arguments = [] if server_name is None else [ctypes.c_char_p(server_name.encode())]
        self._client: int | None = self._lib.jack_client_open(
            client_name.encode(), options, ctypes.byref(status), *arguments
        )
        if self._client is None:
            which = f"named {server_name} " if server_name is not None else ""
            raise SourceError(f"No JACK server {which}is running.", hint=_HINT)

    @property
    def rate_hz(self) -> int:
        """The server's sample rate."""
        return int(self._lib.jack_get_sample_rate(self._client))

    @property
    def period_frames(self) -> int:
        """The server's period."""
        return int(self._lib.jack_get_buffer_size(self._client))

    def output_ports(self) -> tuple[str, ...]:
        """Audio ports that give sound, in JACK's order, as ``client:port``."""
        return self._ports(_IS_OUTPUT)

    def input_ports(self) -> tuple[str, ...]:
        """Audio ports that take sound."""
        return self._ports(_IS_INPUT)

    def _ports(self, flags: int) -> tuple[str, ...]:
        found = self._lib.jack_get_ports(self._client, None, _AUDIO, flags)
        if not found:
            return ()
        names: list[str] = []
        while (name := found[len(names)]) is not None:
            names.append(name.decode(errors="replace"))
        self._lib.jack_free(found)
        return tuple(names)

    def rename(self, port: str, short_name: str) -> bool:
        """Give any client's port another name behind the colon."""
        handle = self._lib.jack_port_by_name(self._client, port.encode())
        return bool(handle) and self._lib.jack_port_rename(self._client, handle, short_name.encode()) == 0

    def connect(self, output: str, target: str) -> bool:
        """Connect two ports by their full names, unless they are."""
        result = int(self._lib.jack_connect(self._client, output.encode(), target.encode()))
        return result in (0, errno.EEXIST)

    def cycle(self) -> JackCycle | None:
        """The current cycle on the monotonic clock, ``None`` when the server would not tell."""
        for _ in range(_TRIES):
            frame = self._cycle_frame()
            since_frames = self._lib.jack_frames_since_cycle_start(self._client)
            # After it: a thread that is held up in between reads late, never early.
            now_ns = monotonic_ns()
            if frame is None or frame != self._cycle_frame():
                # The next cycle has begun meanwhile.
                continue
            woken_ns = now_ns - since_frames * NS_PER_S // self.rate_hz
            return JackCycle(frame, woken_ns, self._lib.jack_get_xrun_delayed_usecs(self._client))
        return None

    def _cycle_frame(self) -> int | None:
        frame, start_us, next_us = ctypes.c_uint32(), ctypes.c_uint64(), ctypes.c_uint64()
        period_us = ctypes.c_float()
        failed = self._lib.jack_get_cycle_times(
            self._client, ctypes.byref(frame), ctypes.byref(start_us), ctypes.byref(next_us), ctypes.byref(period_us)
        )
        return None if failed else frame.value

    def close(self) -> None:
        """Leave the server; safe to call twice, and after the server is gone."""
        client, self._client = self._client, None
        if client is not None:
            self._settle(client)
            self._lib.jack_client_close(client)

    def _settle(self, client: int) -> None:
        """Wait until libjack has dealt with the news for this client, such as that jackaudiosrc has just left.

        The server answers activation through the thread that hears of them, so those before have been dealt with.
        """
        if self._lib.jack_activate(client):
            # The server is gone and says no more.
            let_libjack_finish()


def choose_outputs(patterns: Sequence[str], outputs: Sequence[str]) -> tuple[str | None, ...]:
    """What feeds input 1, 2, …: the outputs that each pattern matches, in order.

    A pattern without wildcard keeps its place when its port is not there; a port is not taken twice by wildcards.
    """
    chosen: list[str | None] = []
    for pattern in patterns:
        if not re.search(r"[*?\[]", pattern):
            chosen.append(pattern if pattern in outputs else None)
            continue
        chosen += [name for name in outputs if fnmatch.fnmatchcase(name, pattern) and name not in chosen]
    return tuple(chosen)


def short_port_names(names: Sequence[str], channels: int) -> tuple[str, ...]:
    """Legal and distinct port names: the channels' names, ``in_<n>`` where there is none."""
    given: list[str] = []
    for index in range(channels):
        wanted = (names[index] if index < len(names) else "").replace(":", "-").strip()[:64] or f"in_{index + 1}"
        name, count = wanted, 1
        while name in given:
            count += 1
            name = f"{wanted} ({count})"
        given.append(name)
    return tuple(given)
