"""The sample-rate converter: what it adds to a tone, how flat it is, what it costs; GStreamer's beside it.

``make bench-asrc``. Prints a Markdown table; judges nothing, since machines differ: compare within it. Ours follows a
ratio that swings by 200 ppm; GStreamer's takes whole numbers only and stays at 100 ppm, with its best settings.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from aes67_sender.engine.resample import Resampler, prepare
from support.converter import LEVEL, Converted, flatness_db, judge_tone, thd_n_db, wandering

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.engine.transmit.tables import Float32Array
    from support.converter import Floats

CHANNELS: Final = (8, 32, 64)
HEAD: Final = (
    "converter",
    "THD+N 997 Hz",
    "10 kHz",
    "18 kHz",
    "flat to 20 kHz within",
    "delay",
    *(f"CPU, {channels} ch" for channels in CHANNELS),
)
RATES: Final = ((48_000, 48_000), (44_100, 48_000), (96_000, 48_000), (48_000, 44_100), (48_000, 96_000))
TONES_HZ: Final = (997, 10_000, 18_000)
FLAT_HZ: Final = (20, 100, 1000, 5000, 10_000, 15_000, 18_000, 19_000, 20_000)
#: 1 ms at 48 kHz, as packets need it.
BLOCK_FRAMES: Final = 48
#: GStreamer 1.22 crashes with 64.
GST_CHANNELS: Final = 32
GST_RATES: Final = (480_048, 480_000)


def cpu_percent(block: Callable[[], object], block_s: float) -> float:
    """Of one core, the best of some tries: the machine may be busy with other things."""
    best_s = math.inf
    for _ in range(10):
        begin_s = time.thread_time()
        for _ in range(round(0.1 / block_s)):
            block()
        best_s = min(best_s, time.thread_time() - begin_s)
    return 100 * best_s / 0.1


def our_cpu_percent(source_hz: int, target_hz: int, channels: int) -> float:
    """Pushing and rendering, block by block."""
    resampler = Resampler(channels, source_hz, target_hz)
    step = source_hz / target_hz * (1 + 100e-6)
    sound = np.random.default_rng(1).uniform(-1, 1, (BLOCK_FRAMES * 8, channels)).astype(np.float32)
    resampler.push(sound)
    place = [resampler.reach_frames, 0.0]

    def block() -> None:
        frame, fraction = int(place[0]), place[1]
        needed = frame + math.floor(fraction + BLOCK_FRAMES * step) + resampler.reach_frames + 1 - resampler.end
        resampler.push(sound[: max(needed, 0)])
        resampler.render(frame, fraction, step, BLOCK_FRAMES)
        whole = math.floor(fraction + BLOCK_FRAMES * step)
        place[:] = [frame + whole, fraction + BLOCK_FRAMES * step - whole]

    return cpu_percent(block, BLOCK_FRAMES / target_hz)


def our_row(source_hz: int, target_hz: int) -> list[str]:
    steps = wandering(source_hz / target_hz)
    reach_ms = Resampler(1, source_hz, target_hz).reach_frames / source_hz * 1000
    return [
        f"ours, {source_hz / 1000:g} to {target_hz / 1000:g} kHz",
        *(f"{thd_n_db(source_hz, target_hz, tone_hz, steps):.1f} dB" for tone_hz in TONES_HZ),
        f"{flatness_db(source_hz, target_hz, FLAT_HZ):.4f} dB",
        f"{reach_ms:.2f} ms",
        *(f"{our_cpu_percent(source_hz, target_hz, channels):.2f} %" for channels in CHANNELS),
    ]


class GstConverter:
    """``GstAudio.AudioConverter`` with 256 taps and a table fine enough not to be what limits it."""

    def __init__(self, channels: int) -> None:
        import gi  # noqa: PLC0415  not on every machine

        gi.require_version("Gst", "1.0")
        gi.require_version("GstAudio", "1.0")
        from gi.repository import Gst, GstAudio  # noqa: PLC0415

        Gst.init(None)
        info: Any = GstAudio.AudioInfo.new()
        info.set_format(GstAudio.AudioFormat.F32LE, 48_000, channels, None)
        config: Any = Gst.Structure.new_empty("config")
        config.set_value("GstAudioConverter.resampler-method", GstAudio.AudioResamplerMethod.BLACKMAN_NUTTALL)
        config.set_value("GstAudioResampler.n-taps", 256)
        config.set_value("GstAudioResampler.filter-oversample", 128)
        kind: Any = GstAudio.AudioConverter
        self._converter: Any = kind.new(GstAudio.AudioConverterFlags.VARIABLE_RATE, info, info, config)
        self._converter.update_config(*GST_RATES, None)
        self._flags: Any = GstAudio.AudioConverterFlags(0)
        self.delay_frames = int(self._converter.get_max_latency())

    def convert(self, samples: Float32Array) -> Float32Array:
        _, converted = self._converter.convert(self._flags, samples.tobytes())
        return np.frombuffer(converted, np.float32)


def gst_tone(tone_hz: float) -> tuple[float, float]:
    """THD+N and gain in dB."""
    converter = GstConverter(1)
    tone = (LEVEL * np.sin(2 * np.pi * tone_hz / 48_000 * np.arange(48_000))).astype(np.float32)
    blocks = [converter.convert(tone[at : at + 480]) for at in range(0, len(tone), 480)]
    samples: Floats = np.concatenate(blocks).astype(np.float64)
    positions: Floats = np.arange(len(samples), dtype=np.float64) * (GST_RATES[0] / GST_RATES[1])
    middle = slice(2000, 40_000)
    judged = judge_tone(Converted(samples[middle], positions[middle]), 2 * math.pi * tone_hz / 48_000)
    return judged.rest_db, judged.gain_db


def gst_cpu_percent(channels: int) -> float:
    converter = GstConverter(channels)
    sound = np.zeros((BLOCK_FRAMES, channels), np.float32)
    return cpu_percent(lambda: converter.convert(sound), BLOCK_FRAMES / 48_000)


def gst_row() -> list[str]:
    return [
        "GStreamer, 256 taps, 48 to 48 kHz",
        *(f"{gst_tone(tone_hz)[0]:.1f} dB" for tone_hz in TONES_HZ),
        f"{max(abs(gst_tone(tone_hz)[1]) for tone_hz in FLAT_HZ):.4f} dB",
        f"{GstConverter(1).delay_frames / 48:.2f} ms",
        *(f"{gst_cpu_percent(channels):.2f} %" if channels <= GST_CHANNELS else "-" for channels in CHANNELS),
    ]


def main() -> int:
    """Print the table."""
    prepare()
    rows = [our_row(*rates) for rates in RATES]
    if importlib.util.find_spec("gi"):
        rows.append(gst_row())
    for line in (HEAD, ["---"] * len(HEAD), *rows):
        print(f"| {' | '.join(line)} |")
    print(f"\nBlocks of {BLOCK_FRAMES} frames; CPU in percent of one core.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
