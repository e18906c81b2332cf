"""A real terminal with a shell in it, by tmux: types, looks at the screen, changes its size."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_POLL_S: Final = 0.05
PROMPT: Final = "ready>"


def why_unavailable() -> str | None:
    return None if shutil.which("tmux") else "needs tmux"


class Terminal:
    """So many columns and rows; a context manager, gone afterwards with all that runs in it."""

    def __init__(
        self, directory: Path, *, columns: int = 80, rows: int = 24, environment: Mapping[str, str] | None = None
    ) -> None:
        self._socket = f"aes67-{secrets.token_hex(4)}"
        self._environment = {**os.environ, "TMUX_TMPDIR": str(directory), **(environment or {})}
        self._environment.pop("TMUX", None)
        self._start = ["-f", os.devnull, "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(directory)]

    def __enter__(self) -> Self:
        shell = f"env PS1='{PROMPT} ' bash --norc --noprofile"
        self._tmux(*self._start, shell)
        # Programs may put text into its clipboard, which ``clipboard`` reads.
        self._tmux("set-option", "-s", "set-clipboard", "on")
        self.wait_for(PROMPT)
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    def run(self, command: Sequence[str]) -> None:
        """Type a command line."""
        self.type(shlex.join(command))
        self.press("Enter")

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: ``Up``, ``C-c``, ``q``."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def coloured_screen(self) -> str:
        """The screen with the escape sequences of its colours."""
        return self._tmux("capture-pane", "-p", "-e")

    def clipboard(self) -> str:
        return self._tmux("show-buffer")

    def cursor_is_visible(self) -> bool:
        return self._tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def shell_pid(self) -> int:
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def wait_for(self, pattern: str, within_s: float = 30) -> str:
        """The screen once it matches."""
        return self.wait_until(lambda screen: re.search(pattern, screen) is not None, pattern, within_s)

    def wait_until(self, condition: Callable[[str], bool], what: str, within_s: float = 30) -> str:
        deadline_s = time.monotonic() + within_s
        while not condition(screen := self.screen()):
            assert time.monotonic() < deadline_s, f"{what} not within {within_s} s:\n{screen}"
            time.sleep(_POLL_S)
        return screen

    def mode(self) -> set[str]:
        """What ``stty`` says, as words: ``icanon`` and ``echo`` where lines are typed, ``-icanon`` where keys are read.

        The shell must have the terminal.
        """
        first, last = f"<{secrets.token_hex(4)}", f"{secrets.token_hex(4)}>"
        # The markers in pieces, so that the command line itself is not taken for them.
        self.type(f"clear; echo '{first[:3]}''{first[3:]}'; stty -a; echo '{last[:3]}''{last[3:]}'")
        self.press("Enter")
        return set(re.split(r"[\s;]+", self.wait_for(rf"{first}[\s\S]*{last}").split(first)[1].split(last)[0]))

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout
