"""The engine process: reads ``Start``, sends until ``Stop`` or the end of its input, reports twenty times a second."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Final

import psutil

from aes67_sender.config.model import Config
from aes67_sender.engine import resample
from aes67_sender.engine.assembly import needs_gstreamer
from aes67_sender.engine.clock.keeper import ClockKeeper
from aes67_sender.engine.clock.providers import Providers
from aes67_sender.engine.scheduling import sharpen_process
from aes67_sender.engine.studio import Studio
from aes67_sender.engine.timebase import Timebase
from aes67_sender.engine.transmit.transmitter import Transmitter
from aes67_sender.errors import MachineError, SenderError
from aes67_sender.logic.codec import decode_line, encode_line
from aes67_sender.model.levels import METER_WINDOWS_PER_S
from aes67_sender.model.problem import Problem
from aes67_sender.model.protocol import Report, SetClock, SetConfig, Start
from aes67_sender.net.interfaces import chosen_interface
from aes67_sender.winapi import reader_is_gone

if sys.platform == "win32":
    import msvcrt

if TYPE_CHECKING:
    from aes67_sender.gst.mediaclock import MediaGstClock
    from aes67_sender.model.clock import ClockMapping

logger = logging.getLogger(__name__)

#: As often as there are levels.
REPORT_S: Final = 1 / METER_WINDOWS_PER_S
#: The system counts a process's time in steps of 10 ms: a shorter while says nothing.
CPU_S: Final = 1.0


class Engine:
    """All that runs between ``Start`` and ``Stop``."""

    def __init__(self, start: Start) -> None:
        config = Config.model_validate(start.config)
        self._timebase = Timebase()
        self._problems: tuple[Problem, ...] = ()
        self._has_gstreamer = needs_gstreamer(config) and self._load_gstreamer()
        self._clock: MediaGstClock | None = None
        start = replace(start, stdin_fd=_stdin_descriptor(start.stdin_fd))
        self._studio = Studio(config, start, self._timebase, lambda: self._clock)
        self._serial = self._asked_serial = start.serial
        self._refused = ""
        self._keeper = ClockKeeper(
            config.clock,
            Providers(config.clock, chosen_interface(start.interface, start.source_address)),
            self._publish,
            mapping=start.mapping,
            grandmaster=start.grandmaster,
        )
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._cpu_percent, self._cpu_at_s = 0.0, time.monotonic()

    def _load_gstreamer(self) -> bool:
        from aes67_sender.gst import runtime  # noqa: PLC0415  loads GStreamer

        try:
            runtime.load()
        except MachineError as error:
            self._problems = (Problem("gstreamer.missing", "error", str(error), error.hint),)
            return False
        return True

    def _publish(self, mapping: ClockMapping) -> None:
        self._studio.transmitter.publish(mapping)
        self._publish_to_gstreamer(mapping)
        # Last: from here on sources run, and they need the clock.
        self._timebase.mapping = mapping

    def _publish_to_gstreamer(self, mapping: ClockMapping) -> None:
        if self._clock:
            self._clock.apply(mapping)
        elif self._has_gstreamer:
            from aes67_sender.gst.mediaclock import MediaGstClock  # noqa: PLC0415  loads GStreamer

            self._clock = MediaGstClock(mapping)

    def start(self) -> None:
        """Send as soon as there is a clock."""
        self._studio.start()
        self._keeper.start()

    def stop(self) -> None:
        """Fade out, send no more, release devices; bounded in time."""
        self._studio.stop()
        self._keeper.stop()

    def take(self, line: bytes) -> bool:
        """Do what a line from the supervisor says; whether to go on. Its end, and ``Stop``, mean to stop."""
        match decode_line(line) if line else None:
            case SetClock(mode):
                self._keeper.set_mode(mode)
            case SetConfig() as asked:
                self._apply(asked)
            case _:
                return False
        return True

    def _apply(self, asked: SetConfig) -> None:
        self._asked_serial = asked.serial
        try:
            config = Config.model_validate(asked.config)
            if needs_gstreamer(config) and not self._has_gstreamer:
                self._take_up_gstreamer()
            self._studio.apply(config, asked.streams)
        except SenderError as error:
            self._refused = str(error)
        except Exception as error:
            # What is sent goes on until another engine takes over.
            logger.exception("the config cannot be changed while it is sent")
            self._refused = f"Internal error while the config was changed: {error!r}."

    def _take_up_gstreamer(self) -> None:
        self._problems = ()
        if self._load_gstreamer():
            # From now on the clock is kept where it is published; what was published before is made up for here.
            self._has_gstreamer = True
            if self._timebase.mapping:
                self._publish_to_gstreamer(self._timebase.mapping)

    def tick(self) -> None:
        """Go on with changes that wait for the transmit loop or a source; about twenty times a second."""
        self._studio.tick()
        if self._studio.is_complete or self._refused or self._studio.refused:
            self._serial = self._asked_serial

    def report(self) -> Report:
        """What the supervisor is told."""
        transmitter, now_s = self._studio.transmitter, time.monotonic()
        if now_s - self._cpu_at_s >= CPU_S:
            self._cpu_percent, self._cpu_at_s = self._process.cpu_percent(), now_s
        return Report(
            clock=self._keeper.status(),
            mapping=self._keeper.handover,
            sources=self._studio.sources(),
            streams=transmitter.reports(now_s),
            realtime=transmitter.realtime.granted,
            realtime_why=f"{transmitter.realtime.why} {transmitter.realtime.hint}".strip(),
            cpu_percent=self._cpu_percent,
            problems=(
                *self._problems,
                *self._studio.problems(),
                *self._keeper.problems(),
            ),
            serial=self._serial,
            refused=self._refused or self._studio.refused,
        )


def _stdin_descriptor(number: int | None) -> int | None:
    """Where to read what the user's standard input gives; ``number`` is what the supervisor calls it."""
    if sys.platform == "win32" and number is not None:
        return msvcrt.open_osfhandle(number, os.O_RDONLY)
    return number


def _take_stdout() -> BinaryIO:
    """Keep standard output for reports alone: libraries that print to it reach standard error instead."""
    reports = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return reports


def _listen(inbox: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        inbox.put(line)
    inbox.put(b"")


def run() -> None:
    """Be an engine. Ends the process itself: a device that hangs must not keep it."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s: %(message)s")
    reports = _take_stdout()
    sharpen_process()
    # Load the compiled loop now, while nobody waits.
    Transmitter((), ()).prepare()
    resample.prepare()
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(inbox,), name="commands", daemon=True).start()
    try:
        code = _serve(inbox, reports)
    except SenderError as error:
        logger.error("%s %s", error, error.hint)  # noqa: TRY400  a sentence, not a traceback
        code = error.exit_code
    except Exception as error:
        code = 0
        if not reader_is_gone(error):
            logger.exception("the engine failed")
            code = SenderError.exit_code
    sys.stderr.flush()
    os._exit(code)


def _serve(inbox: queue.SimpleQueue[bytes], reports: BinaryIO) -> int:
    line = inbox.get()
    if not line:
        return 0
    message = decode_line(line)
    if not isinstance(message, Start):
        return 0
    engine = Engine(message)
    engine.start()
    due_s = time.monotonic()
    try:
        while True:
            engine.tick()
            reports.write(encode_line(engine.report()))
            # In step, and not in a hurry after a stall.
            now_s = time.monotonic()
            due_s = max(due_s + REPORT_S, now_s)
            try:
                line = inbox.get(timeout=due_s - now_s)
            except queue.Empty:
                continue
            if not engine.take(line):
                return 0
            due_s = time.monotonic()
    finally:
        engine.stop()
