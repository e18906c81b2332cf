"""What Prometheus reads, by its own parser."""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aes67_sender.model.problem import Problem
from aes67_sender.model.snapshot import Snapshot
from aes67_sender.supervisor.web_metrics import SnapshotCollector
from unit.supervisor.webserver import MadeUpSender, visiting
from unit.ui.pictures import picture

if TYPE_CHECKING:
    from pathlib import Path

#: Prometheus: base units, and what the field has no base unit for.
UNITS = ("_seconds", "_ratio", "_ppm", "_dbfs", "_total", "_info", "_state")
COUNTS = {"aes67_problems", "aes67_clock_masters", "aes67_stream_sdp_version", "aes67_engine_realtime"}


def scraped(shown: Snapshot) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Name and labels → value."""
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(lambda: shown))
    text = generate_latest(registry).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_figures_come_in_base_units_by_stream() -> None:
    shown = picture(problems=(Problem("a", "error", "A."), Problem("b", "error", "B."), Problem("c", "info", "C.")))
    found = scraped(shown)
    stream = shown.streams[0]
    assert value(found, "aes67_clock_offset_seconds") == -310e-9
    assert value(found, "aes67_clock_state", aes67_clock_state="locked") == 1
    assert value(found, "aes67_clock_state", aes67_clock_state="holdover") == 0
    assert value(found, "aes67_stream_packets_total", stream=stream.id) == stream.packets
    late = value(found, "aes67_stream_lateness_seconds", stream=stream.id, quantile="0.99")
    assert math.isclose(late, stream.lateness_us.p99 / 1e6)
    assert value(found, "aes67_stream_peak_dbfs", stream=stream.id, channel="1") == stream.peaks_dbfs[0]
    assert value(found, "aes67_problems", severity="error") == 2
    assert value(found, "aes67_problems", severity="warning") == 0
    assert value(found, "aes67_engine_cpu_ratio") == shown.engine.cpu_percent / 100


def test_what_is_not_known_is_left_out() -> None:
    shown = picture()
    found = scraped(replace(shown, clock=replace(shown.clock, offset_ns=None, path_delay_ns=None)))
    names = {name for name, _ in found}
    assert "aes67_clock_offset_seconds" not in names
    assert "aes67_clock_accuracy_seconds" in names


def test_every_name_says_its_unit() -> None:
    names = {name for name, _ in scraped(picture())}
    assert all(re.fullmatch(r"aes67_[a-z_]+", name) for name in names)
    assert {name for name in names if not name.endswith(UNITS)} == COUNTS


@given(shown=st.builds(Snapshot))
@settings(max_examples=60)
def test_any_snapshot_can_be_read(shown: Snapshot) -> None:
    found = scraped(shown)
    ids = {stream.id.encode("utf-8", "replace").decode() for stream in shown.streams}
    told = {dict(labels)["stream"] for name, labels in found if name == "aes67_stream_packets_total"}
    assert len(told) == len(ids)


def test_prometheus_gets_its_own_kind_of_text(tmp_path: Path) -> None:
    async def visit() -> None:
        async with visiting(MadeUpSender(tmp_path)) as client:
            answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert {family.name for family in text_string_to_metric_families(answer.text)} > {"aes67_sender_uptime_seconds"}

    asyncio.run(visit())
