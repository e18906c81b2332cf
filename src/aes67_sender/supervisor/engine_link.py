"""Keeps an engine running: a second one waits, warm, to take over within a fraction of a second."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError, WireError
from aes67_sender.logic.backoff import Backoff
from aes67_sender.logic.codec import decode_line
from aes67_sender.logic.fold import EngineDied, EngineHandedOver, EngineReported
from aes67_sender.model.protocol import Report, SetClock, SetConfig, Stop
from aes67_sender.supervisor.process import ENGINE_COMMAND, EngineProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from aes67_sender.model.protocol import Start, StreamHandover

_log = logging.getLogger(__name__)
#: Silence is counted in slices, so that a machine that stood still for seconds costs one of them and no engine.
_SLICE_S: Final = 0.25
EngineEvent = EngineReported | EngineDied | EngineHandedOver


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds.

    ``first_report_s`` covers a cold start, in which the transmit loop may have to be compiled; ``standby_report_s`` the
    first report of an engine that was ready and waiting; ``config_s`` the answer to another config; ``warm_s`` a
    standby that can take over on request.
    """

    first_report_s: float = 90.0
    standby_report_s: float = 10.0
    report_s: float = 2.0
    standby_after_s: float = 2.0
    stop_s: float = 0.5
    config_s: float = 3.0
    warm_s: float = 5.0


class EngineLink:
    """Runs engines one after the other until cancelled; all calls from the event loop's thread.

    Every report and every death goes to ``on_event`` at once.
    """

    def __init__(
        self,
        start: Start,
        on_event: Callable[[EngineEvent], None],
        *,
        command: Sequence[str] = ENGINE_COMMAND,
        patience: Patience | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._start = start
        self._on_event = on_event
        self._command = tuple(command)
        self._patience = patience or Patience()
        self._backoff = backoff or Backoff()
        self._active: EngineProcess | None = None
        self._standby: EngineProcess | None = None
        self._standby_since_s = 0.0
        self._reporting = asyncio.Event()
        self._answer: asyncio.Future[str] | None = None
        self._ending_by_s: float | None = None
        self._handed_over = asyncio.Event()

    @property
    def standby_pid(self) -> int | None:
        """Process id of the engine that waits, if there is one."""
        return self._standby.pid if self._standby is not None else None

    def set_clock(self, mode: str) -> None:
        """Let the engine, and every engine after it, follow another clock."""
        config = {**self._start.config, "clock": {**self._start.config["clock"], "mode": mode}}
        self._start = replace(self._start, config=config)
        if self._active is not None:
            self._active.send(SetClock(mode))

    @property
    def handovers(self) -> dict[str, StreamHandover]:
        """What the streams keep, by stream id."""
        return {stream.id: stream for stream in self._start.streams}

    @property
    def has_stdin(self) -> bool:
        """Whether engines inherit the user's standard input."""
        return self._start.stdin_fd is not None

    async def set_config(self, config: dict[str, Any], streams: tuple[StreamHandover, ...]) -> str:
        """Let the engine, and every engine after it, send another config. One at a time.

        Returns:
            Why the engine that runs cannot, as a sentence: ``hand_over`` helps. Empty if it does, or if there is none
            and the next one begins with it.
        """
        serial = self._start.serial + 1
        self._start = replace(self._start, config=config, streams=streams, serial=serial)
        if self._active is None:
            return ""
        self._active.send(SetConfig(config, streams, serial))
        if not self._reporting.is_set():
            return ""
        self._answer = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([self._answer], timeout=self._patience.config_s)
        answer, self._answer = self._answer, None
        return answer.result() if done else f"The engine gave no answer for {self._patience.config_s:g} s."

    async def hand_over(self, start: Start) -> None:
        """Let the standby go on with ``start``, as after a failure, but with no failure told.

        Returns once it reports, or after a while.
        """
        self._start = replace(start, serial=self._start.serial + 1)
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._patience.warm_s
        # The streams pause for as long as the next engine takes to begin.
        while not self._standby_is_warm(loop.time()) and loop.time() < deadline_s:  # noqa: ASYNC110  two things must be so
            await asyncio.sleep(_SLICE_S)
        if self._active is None:
            return
        self._ending_by_s = loop.time() + self._patience.stop_s
        self._handed_over.clear()
        self._active.send(Stop())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience.config_s):
                await self._handed_over.wait()
                await self._reporting.wait()

    def _standby_is_warm(self, now_s: float) -> bool:
        return self._standby is not None and now_s - self._standby_since_s >= self._patience.standby_after_s

    @property
    def start(self) -> Start:
        """What the next engine would begin with."""
        return self._start

    async def run(self) -> None:
        """Keep an engine running. Cancel it to stop: it returns when all processes are gone.

        Raises:
            MachineError: not even the first engine process can be started.
        """
        loop = asyncio.get_running_loop()
        engine, warm, backoff = await self._spawn(), False, self._backoff
        try:
            while True:
                started_s = loop.time()
                why = await self._run_one(engine, warm=warm)
                if self._ending_by_s is not None:
                    self._ending_by_s = None
                    self._handed_over.set()
                    self._on_event(EngineHandedOver(loop.time()))
                    _log.info("The engine is replaced by the standby one, for another config.")
                    try:
                        engine, warm = await self._next_engine()
                        continue
                    except MachineError as error:
                        why = str(error).rstrip(".")
                while True:
                    self._on_event(EngineDied(loop.time(), why))
                    backoff = backoff.after_run(loop.time() - started_s)
                    _log.warning("The engine stopped: %s. Restart in %.2f s.", why, backoff.delay_s)
                    await asyncio.sleep(backoff.delay_s)
                    try:
                        engine, warm = await self._next_engine()
                        break
                    except MachineError as error:
                        why = str(error).rstrip(".")
        finally:
            if self._standby is not None:
                await self._standby.end(0)

    async def _next_engine(self) -> tuple[EngineProcess, bool]:
        """The standby if there is one, else a new process; and whether it is warm."""
        standby, self._standby = self._standby, None
        if standby is not None:
            if standby.running:
                return standby, True
            await standby.end(0)
        return await self._spawn(), False

    async def _spawn(self) -> EngineProcess:
        return await EngineProcess.spawn(self._command, self._start.stdin_fd)

    async def _run_one(self, engine: EngineProcess, *, warm: bool) -> str:
        """Let one engine send until it fails; why it did. Cancelled, it stops the engine in order."""
        # At the first start the machine has enough to do; after a failure the next one may come soon.
        standby = asyncio.create_task(self._keep_standby(0.0 if warm else self._patience.standby_after_s))
        try:
            engine.send(self._start)
            self._active = engine
            first_s = self._patience.standby_report_s if warm else self._patience.first_report_s
            why = await self._listen(engine, first_s)
            # It must be gone before the next one starts: both would send the same streams.
            how = await engine.end(0 if why else 0.1)
        except asyncio.CancelledError:
            engine.send(Stop())
            await engine.end(self._patience.stop_s)
            raise
        else:
            return why or how
        finally:
            self._active = None
            self._reporting.clear()
            if self._answer is not None and not self._answer.done():
                self._answer.set_result("")  # the next engine begins with the new config
            standby.cancel()
            await asyncio.wait([standby])

    async def _keep_standby(self, wait_s: float) -> None:
        """Once the active engine reports, and ``wait_s`` later, keep one more process waiting beside it."""
        await self._reporting.wait()
        await asyncio.sleep(wait_s)
        backoff = self._backoff
        while True:
            started_s = asyncio.get_running_loop().time()
            try:
                self._standby = standby = await self._spawn()
                self._standby_since_s = asyncio.get_running_loop().time()
                await standby.wait()
            except MachineError as error:
                _log.warning("There is no standby engine: %s", error)
            else:
                self._standby = None
                _log.warning("The standby engine ended: %s.", await standby.end(0))
            backoff = backoff.after_run(asyncio.get_running_loop().time() - started_s)
            await asyncio.sleep(max(1.0, backoff.delay_s))

    async def _listen(self, engine: EngineProcess, patience_s: float) -> str:
        """Take reports until something is wrong; what, or nothing if the engine closed its end."""
        loop = asyncio.get_running_loop()
        silent_s, since_s, garbage = 0.0, loop.time(), 0
        while silent_s < patience_s:
            if self._ending_by_s is not None and loop.time() > self._ending_by_s:
                return "it did not stop when told to"
            try:
                async with asyncio.timeout(_SLICE_S):
                    line = await engine.read_line()
                if not line:
                    return ""
                message = decode_line(line)
            except TimeoutError:
                pass
            except (WireError, ValueError) as error:
                garbage += 1
                if garbage == 1:
                    _log.warning("The engine wrote something that is no report: %s", error)
            else:
                if isinstance(message, Report):
                    self._take(message)
                    silent_s, patience_s = 0.0, self._patience.report_s
                    since_s = loop.time()
                    continue
            now_s = loop.time()
            silent_s += min(now_s - since_s, _SLICE_S)
            since_s = now_s
        return f"it gave no report for {patience_s:g} s"

    def _take(self, report: Report) -> None:
        # Streams that the engine sends by an earlier config may have had another SSRC.
        current = report.serial == self._start.serial
        handovers = {stream.id: stream.handover for stream in report.streams} if current else {}
        if current and self._answer is not None and not self._answer.done():
            self._answer.set_result(report.refused)
        self._start = replace(
            self._start,
            mapping=report.mapping or self._start.mapping,
            grandmaster=report.clock.grandmaster or self._start.grandmaster,
            streams=tuple(handovers.get(stream.id, stream) for stream in self._start.streams),
        )
        self._reporting.set()
        self._on_event(EngineReported(asyncio.get_running_loop().time(), report))
