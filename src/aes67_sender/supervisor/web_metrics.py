"""The snapshot for Prometheus, computed when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, StateSetMetricFamily
from prometheus_client.registry import Collector

from aes67_sender.model.clock import ClockState
from aes67_sender.model.problem import Severity
from aes67_sender.model.snapshot import SenderState, SourceState, StreamState
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from aes67_sender.model.snapshot import ClockStatus, Snapshot, SourceStatus, StreamStatus

_US_PER_S: Final = 1_000_000
_MS_PER_S: Final = 1_000


class SnapshotCollector(Collector):
    """Gives the metrics of the snapshot of the moment."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Every metric family."""
        return families(self._snapshot())

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: what there is depends on the config."""
        return ()


def add_metrics_route(app: FastAPI, snapshot: Callable[[], Snapshot]) -> None:
    """Let Prometheus scrape."""
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(snapshot))

    @app.get(
        "/metrics",
        summary="The same figures for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    async def get_metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def families(snapshot: Snapshot) -> Iterator[Metric]:
    """What a snapshot holds, in base units: seconds; dBFS and ppm as they are."""
    yield _info("aes67_sender", "The sender.", {"name": snapshot.name})
    yield _states("aes67_sender_state", "What the sender does.", (), [((), snapshot.state)], get_args(SenderState))
    yield _gauge("aes67_sender_uptime_seconds", "Since its start.", snapshot.uptime_s)
    engine = snapshot.engine
    yield _counter("aes67_engine_restarts", "Engines that had to be replaced.", engine.restarts)
    yield _gauge("aes67_engine_realtime", "Whether packets are sent with real-time priority.", engine.realtime)
    yield _gauge("aes67_engine_cpu_ratio", "CPU of the engine, 1 being a whole core.", engine.cpu_percent / 100)
    severities = [problem.severity for problem in snapshot.problems]
    counts = [(each, severities.count(each)) for each in get_args(Severity)]
    yield _by("aes67_problems", "Problems of the moment.", "severity", counts)
    yield from _clock(snapshot.clock)
    yield from _streams(snapshot.streams)
    yield from _sources(snapshot.sources)


def _clock(clock: ClockStatus) -> Iterator[Metric]:
    told = {
        "mode": clock.mode,
        "provider": clock.provider,
        "grandmaster": clock.grandmaster or "",
        "domain": str(clock.domain),
        "timestamping": clock.timestamping,
    }
    yield _info("aes67_clock", "The media clock, and who gives it.", told)
    yield _states("aes67_clock_state", "How the media clock is.", (), [((), clock.state)], get_args(ClockState))
    spans = {
        "offset": ("From the grandmaster.", clock.offset_ns),
        "path_delay": ("From the grandmaster to here.", clock.path_delay_ns),
        "accuracy": ("How far the clock may be off, by its own estimate.", clock.accuracy_ns),
    }
    for name, (about, span_ns) in spans.items():
        if span_ns is not None:
            yield _gauge(f"aes67_clock_{name}_seconds", about, span_ns / NS_PER_S)
    yield _gauge("aes67_clock_rate_ppm", "How much faster than this computer's clock.", clock.rate_ppm)
    yield _gauge("aes67_clock_state_age_seconds", "Since the state has been what it is.", clock.since_s)
    yield _counter("aes67_clock_anchors", "Epochs of media time; each step begins one.", clock.anchors)
    yield _gauge("aes67_clock_masters", "PTP masters heard, on whatever domain.", len(clock.masters))


def _streams(streams: tuple[StreamStatus, ...]) -> Iterator[Metric]:
    info = InfoMetricFamily("aes67_stream", "A stream, and where it goes.", labels=["stream"])
    for each in streams:
        told = {"name": each.name, "source": each.source, "address": each.address, "format": each.format}
        info.add_metric([_text(each.id)], _texts({**told, "port": str(each.port), "ssrc": str(each.ssrc)}))
    yield info
    states = [((each.id,), each.state) for each in streams]
    yield _states("aes67_stream_state", "What a stream does.", ("stream",), states, get_args(StreamState))
    counters = {
        "packets": ("Packets sent.", [(each.id, each.packets) for each in streams]),
        "missed_packets": ("Packets never sent, being too late.", [(each.id, each.missed) for each in streams]),
        "send_errors": ("Packets the system did not take.", [(each.id, each.send_errors) for each in streams]),
    }
    for name, (about, values) in counters.items():
        yield _by(f"aes67_stream_{name}", about, "stream", values, CounterMetricFamily)
    late = GaugeMetricFamily(
        "aes67_stream_lateness_seconds",
        "How long after their time packets left: the last ten seconds, and 1 since the start.",
        labels=["stream", "quantile"],
    )
    lead = GaugeMetricFamily(
        "aes67_stream_lead_seconds",
        "RTP stamp minus wire time, of the last ten seconds.",
        labels=["stream", "quantile"],
    )
    for each in streams:
        of, lateness = _text(each.id), each.lateness_us
        for quantile, value_us in (("0.5", lateness.p50), ("0.99", lateness.p99), ("1", lateness.max)):
            late.add_metric([of, quantile], value_us / _US_PER_S)
        for quantile, value_us in (("0.5", each.lead_us.p50), ("0.99", each.lead_us.p99)):
            lead.add_metric([of, quantile], value_us / _US_PER_S)
    yield from (late, lead)
    versions = [(each.id, each.sdp_version) for each in streams]
    yield _by("aes67_stream_sdp_version", "Of its session description.", "stream", versions)
    yield from _levels("stream", {each.id: (each.peaks_dbfs, each.rms_dbfs) for each in streams})


def _sources(sources: tuple[SourceStatus, ...]) -> Iterator[Metric]:
    info = InfoMetricFamily("aes67_source", "A source of sound.", labels=["source"])
    for each in sources:
        info.add_metric([_text(each.id)], _texts({"kind": each.kind}))
    yield info
    states = [((each.id,), each.state) for each in sources]
    yield _states("aes67_source_state", "What a source does.", ("source",), states, get_args(SourceState))
    gauges = {
        "ratio_ppm": ("How much faster than the media clock it runs.", [(e.id, e.ratio_ppm) for e in sources]),
        "fill_seconds": ("From capture to the wire.", [(e.id, e.fill_ms / _MS_PER_S) for e in sources]),
        "jitter_seconds": ("How unevenly it delivers.", [(e.id, e.jitter_ms / _MS_PER_S) for e in sources]),
    }
    for name, (about, values) in gauges.items():
        yield _by(f"aes67_source_{name}", about, "source", values)
    xruns, restarts = [(each.id, each.xruns) for each in sources], [(each.id, each.restarts) for each in sources]
    yield _by("aes67_source_xruns", "Losses of sound.", "source", xruns, CounterMetricFamily)
    yield _by("aes67_source_restarts", "Times it was begun anew.", "source", restarts, CounterMetricFamily)
    yield from _levels("source", {each.id: (each.peaks_dbfs, each.rms_dbfs) for each in sources})


def _levels(of: str, levels: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]) -> Iterator[Metric]:
    for index, (name, about) in enumerate((("peak", "Largest magnitude"), ("rms", "Root of the mean square"))):
        family = GaugeMetricFamily(
            f"aes67_{of}_{name}_dbfs", f"{about} of the last 300 ms; -144 is silence.", labels=[of, "channel"]
        )
        for id_, found in levels.items():
            for channel, level_dbfs in enumerate(found[index], start=1):
                family.add_metric([_text(id_), str(channel)], level_dbfs)
        yield family


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=float(value))


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(name, about, value=value)


def _by(
    name: str,
    about: str,
    label: str,
    values: Iterable[tuple[str, float]],
    kind: type[GaugeMetricFamily | CounterMetricFamily] = GaugeMetricFamily,
) -> Metric:
    """One value for each value of a label."""
    family = kind(name, about, labels=[label])
    for of, value in values:
        family.add_metric([_text(of)], value)
    return family


def _info(name: str, about: str, told: Mapping[str, str]) -> Metric:
    return InfoMetricFamily(name, about, value=_texts(told))


def _states(
    name: str,
    about: str,
    labels: tuple[str, ...],
    found: Iterable[tuple[tuple[str, ...], str]],
    known: tuple[str, ...],
) -> Metric:
    """A series for each state there can be: 1 for the one there is."""
    family = StateSetMetricFamily(name, about, labels=labels)
    for of, state in found:
        family.add_metric([_text(each) for each in of], {each: each == state for each in known})
    return family


def _texts(told: Mapping[str, str]) -> dict[str, str]:
    return {key: _text(value) for key, value in told.items()}


def _text(text: str) -> str:
    """As it can be encoded: what others call things may hold half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()
