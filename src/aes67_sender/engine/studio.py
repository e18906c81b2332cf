"""Everything of one engine that has to do with sound: sources, rings, streams, sockets; and their change on the air."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.assembly import make_player
from aes67_sender.engine.outlets import Outlets
from aes67_sender.engine.sources.runner import SourceRunner
from aes67_sender.engine.transmit.plan import FeedPlan, Spare, StreamPlan
from aes67_sender.engine.transmit.transmitter import Transmitter
from aes67_sender.engine.voice import Voice
from aes67_sender.errors import SenderError
from aes67_sender.logic.changes import changes, on_air, uses
from aes67_sender.model.protocol import Start, StreamHandover

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aes67_sender.config.model import Config, StreamSettings
    from aes67_sender.engine.assembly import ClockGetter
    from aes67_sender.engine.timebase import Timebase
    from aes67_sender.logic.changes import Use
    from aes67_sender.model.problem import Problem
    from aes67_sender.model.snapshot import SourceStatus

#: A stream goes over to a source that has just been started when that sounds, or after so long.
PATIENCE_S: Final = 2.0
#: A ring that a source was told to leave is not given away before its thread has surely heard of it.
_LET_GO_S: Final = 1.0

#: Slot of a ring, and per stream channel a channel of it, from 0 on, or -1 for silence.
Route = tuple[int, tuple[int, ...]]


class Studio:
    """Runs what a config says. ``start``, ``apply``, ``tick`` and ``stop`` are called by one thread.

    What a change does not concern is not touched. Streams change over with a cross-fade in the transmit loop; a source
    that is started anew plays beside the old one until it is heard, unless both need the same device.
    """

    def __init__(self, config: Config, start: Start, timebase: Timebase, clock: ClockGetter) -> None:
        """Open the sockets and lay out rings and streams; nothing runs yet.

        ``clock`` gives GStreamer's view of the media clock, once there is one.

        Raises:
            MachineError: the interface has gone, or this system cannot run the transmit loop.
        """
        self._config = config
        self._handovers = {handover.id: handover for handover in start.streams}
        self._stdin_fd = start.stdin_fd
        self._timebase = timebase
        self._clock = clock
        self._outlets = Outlets(start.interface, start.source_address)
        self._running = False
        #: Streams to be added once a stream of the same name has left; a sentence on why one cannot be.
        self._adding: list[str] = []
        self.refused = ""
        self._retired: list[Voice] = []
        self._loose_slots: dict[int, float] = {}
        #: What each stream was told last, and since when it should take another route.
        self._routes: dict[str, Route] = {}
        self._waiting_since_s: dict[str, float] = {}
        wanted = uses(config)
        feeds = [FeedPlan(rate, width) for use in wanted.values() for rate, width in use.channels.items()]
        numbers = iter(range(len(feeds)))
        slots = {id_: {rate: next(numbers) for rate in use.channels} for id_, use in wanted.items()}
        streams = on_air(config).values()
        plans = [self._plan(each, slots[each.source], wanted[each.source].channels) for each in streams]
        self.transmitter = Transmitter(plans, feeds, Spare())
        self._voices = {id_: self._voice(use, slots[id_]) for id_, use in wanted.items()}

    @property
    def is_complete(self) -> bool:
        """Whether every stream of the config is sent: one that begins anew waits until its old self has left."""
        return not self._adding

    def start(self) -> None:
        """Send as soon as there is a clock."""
        self._running = True
        self.transmitter.start()
        self.tick()

    def stop(self) -> None:
        """Fade out, send no more, release devices; bounded in time."""
        self._running = False
        self.transmitter.stop()
        for voice in (*self._voices.values(), *self._retired):
            voice.stop()

    def apply(self, config: Config, handovers: Iterable[StreamHandover]) -> None:
        """Send another config from now on.

        Raises:
            SenderError: this engine cannot; what it sends is in no defined state then, but goes on.
        """
        found, wanted = changes(self._config, config), uses(config)
        # First what may fail for want of room.
        made = {id_: self._new_voice(wanted[id_]) for id_ in (*found.start, *found.restart)}
        made |= {id_: self._new_voice(wanted[id_]) for id_ in found.refeed if self._voices[id_].is_placeholder}
        for id_ in found.refeed:
            if id_ not in made:
                self._refeed(self._voices[id_], wanted[id_])
        self._config = config
        self._handovers = {handover.id: handover for handover in handovers}
        self._retired += [self._voices.pop(id_) for id_ in (*made, *found.stop) if id_ in self._voices]
        self._voices |= made
        for id_ in (*found.remove, *found.replace):
            self._routes.pop(id_, None)
            if id_ in self._adding:
                self._adding.remove(id_)
            else:
                self.transmitter.remove_stream(id_)
        self._adding += [*found.add, *found.replace]
        for id_ in found.regain:
            if id_ not in self._adding:
                self.transmitter.set_gains(id_, on_air(config)[id_].gains)
        self.tick()

    def tick(self) -> None:
        """Go on with what waits; call it about twenty times a second."""
        self.transmitter.tend()
        self._start_voices()
        try:
            self._add_streams()
        except SenderError as error:
            self.refused = str(error)
        self._route_streams(time.monotonic())
        self._let_go(time.monotonic())

    def sources(self) -> tuple[SourceStatus, ...]:
        """The status of every source of the config, levels since the last call."""
        return tuple(self._voices[source.id].status() for source in self._config.sources)

    def problems(self) -> tuple[Problem, ...]:
        """What the user should know of sockets and sources."""
        runners = (problem for voice in self._voices.values() for problem in voice.runner.problems())
        return (*self._outlets.problems, *runners)

    def _voice(self, use: Use, slots: dict[int, int]) -> Voice:
        latency_ms = self._config.latency_ms
        player = make_player(
            use.source,
            self._clock,
            latency_ms=None if latency_ms == "auto" else latency_ms,
            stdin_fd=self._stdin_fd,
            used=bool(slots),
        )
        feeds = {rate: self.transmitter.feed(slot) for rate, slot in slots.items()}
        runner = SourceRunner(use.source.id, use.source.kind, feeds, self._timebase, player)
        return Voice(use.source, runner, slots, is_placeholder=not slots)

    def _new_voice(self, use: Use) -> Voice:
        return self._voice(
            use, {rate: self.transmitter.add_feed(FeedPlan(rate, width)) for rate, width in use.channels.items()}
        )

    def _refeed(self, voice: Voice, use: Use) -> None:
        """Give a source that goes on the rings that are wanted now."""
        fitting = {
            rate: slot
            for rate, slot in voice.slots.items()
            if use.channels.get(rate, 0) <= self.transmitter.feed(slot).channels and rate in use.channels
        }
        new = {
            rate: self.transmitter.add_feed(FeedPlan(rate, width))
            for rate, width in use.channels.items()
            if rate not in fitting
        }
        dropped = set(voice.slots.values()) - set(fitting.values())
        voice.take_slots(fitting | new)
        voice.runner.set_feeds({rate: self.transmitter.feed(slot) for rate, slot in voice.slots.items()})
        self._loose_slots |= dict.fromkeys(dropped, time.monotonic())

    def _start_voices(self) -> None:
        wanted = {voice.holds for voice in self._voices.values() if not voice.started}
        for voice in self._retired:
            # Two runs of one device cannot be: the old one goes first, and silence is sent meanwhile.
            if voice.holds is not None and voice.holds in wanted:
                voice.stop()
        held = {voice.holds for voice in self._retired if not voice.is_over} - {None}
        for voice in self._voices.values():
            if self._running and not voice.started and voice.holds not in held:
                voice.start()

    def _add_streams(self) -> None:
        leaving = {plan.handover.id for plan in self.transmitter.leaving}
        streams = on_air(self._config)
        ready = [streams[id_] for id_ in self._adding if id_ not in leaving]
        if ready:
            plans = []
            for stream in ready:
                voice = self._voices[stream.source]
                widths = {rate: self.transmitter.feed(slot).channels for rate, slot in voice.slots.items()}
                plans.append(self._plan(stream, voice.slots, widths))
            self.transmitter.add_streams(plans)
            self._adding = [id_ for id_ in self._adding if id_ in leaving]

    def _plan(self, stream: StreamSettings, slots: Mapping[int, int], widths: Mapping[int, int]) -> StreamPlan:
        handover = self._handovers[stream.id]
        socket = self._outlets.take(stream, handover.source_port)
        route = self._routes[stream.id] = slots[stream.rate], _channel_map(stream, widths[stream.rate])
        return StreamPlan(
            handover=StreamHandover(stream.id, handover.ssrc, handover.sequence_offset, socket.source_port),
            packet=stream.packet_format,
            payload_type=stream.payload_type,
            feed=route[0],
            channel_map=route[1],
            socket=socket.fileno(),
            destination=socket.reach(stream.address, stream.port),
            gains=stream.gains,
        )

    def _route_streams(self, now_s: float) -> None:
        """Let streams take what they should as soon as that is heard."""
        for stream in on_air(self._config).values():
            if stream.id in self._adding:
                continue
            voice = self._voices[stream.source]
            slot = voice.slots[stream.rate]
            route = slot, _channel_map(stream, self.transmitter.feed(slot).channels)
            if route == self._routes[stream.id]:
                self._waiting_since_s.pop(stream.id, None)
                continue
            waits_s = now_s - self._waiting_since_s.setdefault(stream.id, now_s)
            if waits_s >= PATIENCE_S or voice.is_heard(stream.rate, self.transmitter, self._timebase):
                self.transmitter.route(stream.id, *route)
                self._routes[stream.id] = route
                del self._waiting_since_s[stream.id]

    def _let_go(self, now_s: float) -> None:
        """Stop sources that nobody hears any more; free their rings, and sockets."""
        busy = self.transmitter.busy_feeds()
        for voice in list(self._retired):
            if busy.isdisjoint(voice.slots.values()):
                voice.stop()
            if voice.is_over:
                self._loose_slots |= dict.fromkeys(voice.slots.values(), -_LET_GO_S)
                self._retired.remove(voice)
        for slot, since_s in list(self._loose_slots.items()):
            if slot not in busy and now_s - since_s >= _LET_GO_S:
                del self._loose_slots[slot]
                self.transmitter.remove_feed(slot)
        self._outlets.close_all_but(on_air(self._config).values(), {plan.socket for plan in self.transmitter.leaving})


def _channel_map(stream: StreamSettings, width: int) -> tuple[int, ...]:
    return tuple(channel - 1 if channel <= width else -1 for channel in stream.channels)
