"""What the keys of a status screen do: by REST to a sender elsewhere, or directly to the one in this process."""

from __future__ import annotations

import asyncio
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.supervisor.client import fetch_sdp, patch_stream, set_clock_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from aes67_sender.model.snapshot import ClockStatus
    from aes67_sender.supervisor.client import Door
    from aes67_sender.supervisor.sender import Sender

Result = TypeVar("Result")

#: A change may wait for another one, and for an engine.
_PATIENCE_S: Final = 10.0


class RestDesk:
    """Asks the sender at ``url``. Leaving leaves it alone: ``leave`` ends this program only."""

    quit_question = ""

    def __init__(self, url: str | Door, leave: Callable[[], None]) -> None:
        self._url = url
        self.quit = leave

    def set_clock_mode(self, mode: str) -> str:
        """See ``Desk``."""
        return _clock_words(mode, set_clock_mode(self._url, mode))

    def enable_stream(self, stream_id: str, *, enabled: bool) -> str:
        """See ``Desk``."""
        return " ".join(patch_stream(self._url, stream_id, {"enabled": enabled}))

    def sdp(self, stream_id: str) -> str:
        """See ``Desk``."""
        return fetch_sdp(self._url, stream_id)


class DirectDesk:
    """Asks the sender in this process, in its loop; called from other threads."""

    quit_question = "Stop sending and quit? y/n"

    def __init__(self, sender: Sender, loop: asyncio.AbstractEventLoop) -> None:
        self._sender = sender
        self._loop = loop

    def set_clock_mode(self, mode: str) -> str:
        """See ``Desk``."""

        async def change() -> ClockStatus:
            return self._sender.set_clock_mode(mode)

        return _clock_words(mode, self._do(change()))

    def enable_stream(self, stream_id: str, *, enabled: bool) -> str:
        """See ``Desk``."""

        async def change() -> tuple[str, ...]:
            try:
                done, _ = await self._sender.live.patch_stream(stream_id, {"enabled": enabled})
            except KeyError:
                raise _unknown(stream_id) from None
            return done

        return " ".join(self._do(change()))

    def sdp(self, stream_id: str) -> str:
        """See ``Desk``."""

        async def look() -> str | None:
            try:
                return self._sender.sdp(stream_id)
            except KeyError:
                raise _unknown(stream_id) from None

        text = self._do(look())
        if text is None:
            raise ConfigError(f"{stream_id} has no SDP: it has not been sent yet.")
        return text

    def quit(self) -> None:
        """End the sender."""
        self._loop.call_soon_threadsafe(self._sender.stop)

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)
        except FutureTimeoutError:
            raise MachineError("The sender is busy.", hint="Try again in a moment.") from None


def _unknown(stream_id: str) -> ConfigError:
    return ConfigError(f"There is no stream {stream_id!r} any more.")


def _clock_words(mode: str, clock: ClockStatus) -> str:
    until = f"; {clock.provider} goes on until another clock has locked" if clock.provider else ""
    return f'The clock mode is "{mode}" now{until}.'
