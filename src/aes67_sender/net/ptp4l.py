"""A read-only client of ptp4l's management socket, as ``pmc -u`` is one (linuxptp 1.6 and later)."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Any, Final

from aes67_sender.logic.ptp_daemon import DaemonConversation, DaemonView
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

_LONGEST_DATAGRAM: Final = 1500
#: Reads per poll; a flood must not hold the caller.
_MOST_READS: Final = 64
#: Our own socket's name may have been swept away with other temporary files: make a new one then.
_REOPEN_AFTER_NS: Final = 10 * NS_PER_S
#: ``None`` on Windows, which has no datagrams between processes, and no ptp4l.
_UNIX: Final[Any] = getattr(socket, "AF_UNIX", None)


def is_listening(path: str) -> bool:
    """Whether a daemon holds the socket at ``path`` or ``path`` + ``ro``; a dead one leaves the file behind."""
    if _UNIX is None:
        return False
    for each in (path, f"{path}ro"):
        with contextlib.suppress(OSError), socket.socket(_UNIX, socket.SOCK_DGRAM) as probe:
            probe.connect(each)
            return True
    return False


class Ptp4lClient:
    """Polls one daemon through ``path``. Not thread-safe; never blocks, never raises.

    Where ``path`` is forbidden, ``path`` + ``ro`` is tried: linuxptp 4 opens that one to everybody.
    """

    def __init__(self, path: str, domain: int) -> None:
        self.path = path
        self._paths = (path, f"{path}ro")
        self._conversation = DaemonConversation(domain, PortIdentity(ClockIdentity(bytes(8)), os.getpid() & 0xFFFF))
        self._socket: socket.socket | None = None
        self._own_path: Path | None = None
        self._opened_ns = 0
        self._closed = False

    def poll(self, now_ns: int) -> DaemonView:
        """Read what has come, ask what is due; ``now_ns`` is monotonic."""
        if self._closed or _UNIX is None:
            return DaemonView(link="absent")
        self._reopen_if_deaf(now_ns)
        self._read(now_ns)
        for question in self._conversation.questions(now_ns):
            if not self._send(question):
                break
        return self._conversation.view(now_ns)

    def close(self) -> None:
        """Close the socket and remove its name; safe to call twice."""
        self._closed = True
        self._drop()

    def _reopen_if_deaf(self, now_ns: int) -> None:
        deaf = self._conversation.silent_for_ns(now_ns) > _REOPEN_AFTER_NS
        if self._socket is not None and not (deaf and now_ns - self._opened_ns > _REOPEN_AFTER_NS):
            return
        self._drop()
        # A name of its own in the temporary folder: ptp4l answers to the name that asked.
        own = Path(tempfile.gettempdir()) / f"aes67-sender-{os.getpid()}-{secrets.token_hex(4)}.ptp"
        opened = socket.socket(_UNIX, socket.SOCK_DGRAM)
        try:
            opened.bind(str(own))
            own.chmod(0o600)
        except OSError:
            opened.close()
            self._conversation.unreachable("forbidden")
            return
        opened.settimeout(0)
        self._socket, self._own_path, self._opened_ns = opened, own, now_ns

    def _read(self, now_ns: int) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            for _ in range(_MOST_READS):
                self._conversation.answer(self._socket.recv(_LONGEST_DATAGRAM), now_ns)

    def _send(self, question: bytes) -> bool:
        """Whether it makes sense to send more."""
        if self._socket is None:
            return False
        forbidden = False
        for path in self._paths:
            try:
                self._socket.sendto(question, path)
            except BlockingIOError:
                return False
            except PermissionError:
                forbidden = True
            except OSError:
                # No such name, or a name left behind by a daemon that is dead.
                continue
            else:
                return True
        self._conversation.unreachable("forbidden" if forbidden else "absent")
        return False

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._own_path is not None:
            self._own_path.unlink(missing_ok=True)
        self._socket = self._own_path = None
