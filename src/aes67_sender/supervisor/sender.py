"""A sender: an engine that is kept running, its status, its SDP files and its REST interface."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from aes67_sender.errors import ConfigError
from aes67_sender.logic import fold, instant
from aes67_sender.model.clock import ClockMode
from aes67_sender.model.problem import Problem
from aes67_sender.model.protocol import Start
from aes67_sender.net.interfaces import find_interface
from aes67_sender.net.listen import port_of
from aes67_sender.supervisor.announcements import Announcements
from aes67_sender.supervisor.config_watch import watching
from aes67_sender.supervisor.document import document_of
from aes67_sender.supervisor.engine_link import EngineLink
from aes67_sender.supervisor.identities import handovers_after, new_handover
from aes67_sender.supervisor.import_beside import import_beside
from aes67_sender.supervisor.interface_watch import looks
from aes67_sender.supervisor.live_config import WITHOUT_TOKEN, LiveConfig
from aes67_sender.supervisor.notify import keep_informed
from aes67_sender.supervisor.port import open_port
from aes67_sender.supervisor.process import ENGINE_COMMAND
from aes67_sender.supervisor.sdp_files import SdpFiles
from aes67_sender.supervisor.surroundings import stop_signals, user_stdin
from aes67_sender.ui.offsets import Offsets

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from aes67_sender.config.model import Config, WebSettings
    from aes67_sender.logic.changes import Changes
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.model.snapshot import ClockStatus, Snapshot
    from aes67_sender.net.listen import Listening
    from aes67_sender.supervisor.document import Document
    from aes67_sender.supervisor.engine_link import EngineEvent
    from aes67_sender.supervisor.fit import Fitted
    from aes67_sender.supervisor.interface_watch import Look
    from aes67_sender.supervisor.notify import Manager


_log = logging.getLogger(__name__)
_AFTER_FAULT_S = 5.0
_REMEMBERED_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What a sender is started with. ``interface`` has an address; ``web`` says whether to serve REST.

    ``warnings`` are what the config asks for and this machine or version does not do. ``document`` is what the config
    was made from; if it names a file, that is watched, and changes are written to it. ``look`` tells the interface of a
    name as it is now, in a thread. ``manager`` is who started the process as a service, to be kept informed.
    """

    config: Config
    interface: Interface
    sdp_dir: Path
    web: bool = True
    engine_command: Sequence[str] = ENGINE_COMMAND
    warnings: tuple[Problem, ...] = ()
    document: Document | None = None
    look: Look = find_interface
    manager: Manager | None = None


class Sender:
    """Runs once; lives in one event loop."""

    def __init__(self, setup: Setup) -> None:
        self._setup = replace(setup, config=setup.config.model_copy(update={"interface": setup.interface.name}))
        document = setup.document or document_of(
            self.config.model_dump(mode="json"), base_dir=Path(), name="The config"
        )
        self._live = LiveConfig(document, self)
        self._history = fold.History(time.monotonic())
        self._sdp_files = SdpFiles(setup.config, setup.interface, setup.sdp_dir)
        self._announcements = Announcements(setup.interface)
        self._web_problems: tuple[Problem, ...] = ()
        self._page = ""
        self._course = Offsets()
        self._stop = asyncio.Event()
        self._link: EngineLink | None = None
        self._told_fault = ""

    def snapshot(self) -> Snapshot:
        """Everything about the sender, now."""
        found = instant.snapshot(
            self._history,
            self._setup.config,
            self._sdp_files.versions(),
            (
                *self._setup.warnings,
                *self._live.problems(),
                *self._web_problems,
                *self._sdp_files.problems(),
                *self._announcements.problems(),
            ),
            instant.Now(time.monotonic(), time.time()),
        )
        return replace(found, page=self._page)

    def engine_silent_s(self) -> float:
        """For how long no engine has reported, in seconds; infinite if none runs."""
        history = self._history
        return time.monotonic() - history.reported_s if history.alive else math.inf

    def sdp(self, stream_id: str) -> str | None:
        """The SDP text of a stream, ``None`` before the first one.

        Raises:
            KeyError: no stream has this id.
        """
        if stream_id not in {stream.id for stream in self._setup.config.streams}:
            raise KeyError(stream_id)
        return self._sdp_files.text(stream_id)

    def offsets(self) -> tuple[tuple[float, float | None], ...]:
        """The clock's offset in ns over the last ten minutes: one sample per second, by uptime in seconds."""
        return tuple(self._course.samples)

    def config_given(self) -> Config:
        """The config as its user gave it; another object whenever it has changed."""
        return self._live.document.given

    @property
    def web(self) -> WebSettings:
        """The settings of the web interface, as they are now."""
        return self._setup.config.web

    def discovered(self) -> tuple[DiscoveredSession, ...]:
        """The sessions that are announced on the network, our own among them."""
        return self._announcements.discovered()

    @property
    def config(self) -> Config:
        """The config in use, its interface named and its paths absolute."""
        return self._setup.config

    @property
    def interface(self) -> Interface:
        """The interface in use."""
        return self._setup.interface

    @property
    def has_stdin(self) -> bool:
        """Whether sources can read the user's standard input."""
        return self._link is not None and self._link.has_stdin

    @property
    def live(self) -> LiveConfig:
        """Where the config is changed."""
        return self._live

    async def send(self, fitted: Fitted, found: Changes) -> tuple[str, ...]:
        """Send another config from now on; only what it changes is touched. Gives what is worth telling beyond."""
        before = self._setup
        folder = Path(fitted.config.announce.sdp_dir)
        if fitted.config.announce.sdp_dir == before.config.announce.sdp_dir:
            folder = before.sdp_dir
        self._setup = replace(
            before, config=fitted.config, interface=fitted.interface, sdp_dir=folder, warnings=fitted.warnings
        )
        self._sdp_files.change(fitted.config, fitted.interface, folder)
        self._announce()
        link = self._link
        if link is None:
            return ()
        config = fitted.config.model_dump(mode="json", exclude=WITHOUT_TOKEN)
        streams = handovers_after(before.config, fitted.config, fitted.interface, link.handovers)
        if found.clock_mode:
            link.set_clock(found.clock_mode)
        if found.new_engine:
            where = fitted.interface.name, fitted.interface.address or ""
            await link.hand_over(
                replace(link.start, config=config, streams=streams, interface=where[0], source_address=where[1])
            )
        elif why := await link.set_config(config, streams):
            _log.warning("%s The engine is replaced for it.", why)
            await link.hand_over(link.start)
            return (f"{why} The engine was replaced: all streams paused for a moment and kept SSRC and time stamps.",)
        return ()

    def set_clock_mode(self, mode: str) -> ClockStatus:
        """Follow another clock from now on, until the end of this run; gives the clock's status.

        The clock in use goes on until the other has locked: no packet waits.

        Raises:
            ConfigError: there is no such mode.
        """
        if mode not in get_args(ClockMode):
            known = ", ".join(get_args(ClockMode))
            raise ConfigError(f"There is no clock mode {mode!r}.", hint=f"Choose one of {known}.")
        clock = self._setup.config.clock.model_copy(update={"mode": mode})
        self._setup = replace(self._setup, config=self._setup.config.model_copy(update={"clock": clock}))
        if self._link is not None:
            self._link.set_clock(mode)
        return replace(self.snapshot().clock, mode=mode)

    def stop(self) -> None:
        """Ask for the end; ``run`` returns within a second. Any number of times, in the loop's thread."""
        self._stop.set()

    async def run(self, show: Callable[[Sender], Coroutine[None, None, None]], duration_s: float | None = None) -> None:
        """Send until ``stop``, SIGINT, SIGTERM, the end of ``duration_s`` or of ``show``, which runs beside.

        Raises:
            MachineError: the port is taken, or no engine can be started.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(stop_signals(self.stop))
            stdin_fd = stack.enter_context(user_stdin(self._setup.config))
            listening = await self._listen()
            link = self._link = EngineLink(self._start(stdin_fd), self._take, command=self._setup.engine_command)
            tasks = [asyncio.create_task(link.run()), asyncio.create_task(show(self))]
            tasks += [asyncio.create_task(self._announcements.run()), asyncio.create_task(self._follow_interface())]
            if listening is not None:
                tasks.append(asyncio.create_task(self._serve(listening)))
            if self._setup.manager is not None:
                tasks.append(asyncio.create_task(keep_informed(self._setup.manager, self)))
            if (path := self._live.document.path) is not None:
                news: asyncio.Queue[str | ConfigError] = asyncio.Queue()
                stack.enter_context(watching(path, self._live.document.text, news.put_nowait))
                tasks.append(asyncio.create_task(self._follow_file(news)))
            stopping = asyncio.create_task(self._stop.wait())
            try:
                await asyncio.wait([*tasks, stopping], timeout=duration_s, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._history = fold.fold(self._history, fold.StopAsked(time.monotonic()))
                for task in (*tasks, stopping):
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
            for outcome in ended:
                if isinstance(outcome, Exception):
                    raise outcome

    async def _listen(self) -> Listening | None:
        web = self._setup.config.web
        if not self._setup.web:
            return None
        listening = await open_port(web)
        self._page = web.url(everywhere=self.interface.address or "127.0.0.1", port=port_of(listening)) + "/"
        return listening

    async def _serve(self, listening: Listening) -> None:
        """Serve REST for as long as the sender runs. Should it fail, the streams go on without."""
        try:
            web = await import_beside("aes67_sender.supervisor.web")
            await web.serve(web.make_app(self), listening)
        except Exception as error:  # noqa: BLE001  whatever it is, the streams must go on
            _log.exception("the REST interface has failed")
            self._page = ""
            text = f"The web page and REST have failed: {error!r}. The streams go on."
            self._web_problems = (Problem("web.failed", "warning", text, "Restart the sender when nobody listens."),)
        finally:
            listening.close()
        await asyncio.Event().wait()

    async def _follow_file(self, news: asyncio.Queue[str | ConfigError]) -> None:
        """Send what the config file says whenever it is changed by hand."""
        while True:
            seen = await news.get()
            try:
                await self._live.take_file(seen)
            except Exception:  # noqa: BLE001  whatever it is, the streams must go on
                _log.exception("the changed config file could not be dealt with; the streams go on")

    async def _follow_interface(self) -> None:
        """Announce by the interface as it is, and send from its new address when it has got another, as by DHCP."""
        async for now in looks(lambda: self.interface.name, self._setup.look):
            try:
                self._announcements.found(now)
                if now is not None and now.address and now.address != self.interface.address:
                    _log.warning("%s has the address %s now; the engine is replaced.", now.name, now.address)
                    await self._live.take_interface(now)
            except Exception as error:  # noqa: BLE001  whatever it is, the streams must go on
                _log.warning("The interface's new address cannot be taken, and is tried again: %r.", error)
                await asyncio.sleep(_AFTER_FAULT_S)

    def _take(self, event: EngineEvent) -> None:
        self._history = fold.fold(self._history, event)
        if isinstance(event, fold.EngineReported):
            self._remember(event)
            try:
                self._sdp_files.follow(event.report)
                self._announce()
            except Exception as error:  # noqa: BLE001  whatever it is, the streams must go on
                if (fault := repr(error)) != self._told_fault:
                    self._told_fault = fault
                    _log.warning("The sessions cannot be described or announced: %s.", fault)

    def _remember(self, event: fold.EngineReported) -> None:
        """Keep one offset per second, for who looks at the page only later."""
        at_s = round(event.at_s - self._history.started_s, 1)
        last_s = self._course.last_s
        if last_s is None or at_s - last_s >= _REMEMBERED_EVERY_S:
            self._course.add(at_s, event.report.clock.offset_ns)

    def _announce(self) -> None:
        setup = self._setup
        self._announcements.follow(self._sdp_files.sessions, setup.config.announce, setup.interface)

    def _start(self, stdin_fd: int | None) -> Start:
        interface = self._setup.interface
        return Start(
            config=self.config.model_dump(mode="json", exclude=WITHOUT_TOKEN),
            interface=interface.name,
            source_address=interface.address or "",
            streams=tuple(new_handover(interface, stream) for stream in self.config.streams),
            stdin_fd=stdin_fd,
        )
