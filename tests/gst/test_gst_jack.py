from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from aes67_sender.gst import runtime
from aes67_sender.gst.capture import Capture
from aes67_sender.gst.devices import jack_clients, list_devices
from aes67_sender.gst.errors import SourceError
from aes67_sender.gst.jack import JackControl
from aes67_sender.gst.mediaclock import MediaGstClock
from aes67_sender.model.capture import Block, JackCapture
from aes67_sender.model.clock import ClockMapping
from aes67_sender.monotonic import monotonic_ns
from support import ownprocess
from support.gstlab import no_thread_left, open_descriptors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# libjack may hang, and then for good: a server need only die at the wrong moment.
pytestmark = [pytest.mark.gst, pytest.mark.own_process, pytest.mark.usefixtures("no_thread_left")]
__all__ = ["no_thread_left"]
RATE_HZ: Final = 48_000
NAME: Final = "aes67-gst-test"


@contextmanager
def own_name() -> Iterator[str]:
    """A server name that no other run of these tests on this machine uses meanwhile."""
    # One name for all: JACK remembers eight servers, and forgets a killed one only when its name is used again.
    with (Path(tempfile.gettempdir()) / f"{NAME}-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield NAME


@contextmanager
def jackd(name: str, period_frames: int = 256, rate_hz: int = RATE_HZ) -> Iterator[subprocess.Popen[bytes]]:
    command = ["jackd", "-n", name, "-d", "dummy", "-r", str(rate_hz), "-p", str(period_frames)]
    environment = os.environ | {"JACK_NO_AUDIO_RESERVATION": "1"}
    with tempfile.TemporaryFile() as log:

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

        server = start()
        try:
            deadline = time.monotonic() + 30
            while not answers(name):
                if time.monotonic() > deadline:
                    log.seek(0)
                    pytest.fail(f"jackd takes no clients: {log.read().decode(errors='replace')}")
                # One that was killed just now keeps the name until its parent has noticed its end.
                if server.poll() is not None:
                    server = start()
                time.sleep(0.05)
            yield server
        finally:
            # A stopped one hears the end of its life only when it goes on.
            server.send_signal(signal.SIGCONT)
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def answers(name: str) -> bool:
    try:
        JackControl("probe", name).close()
    except SourceError:
        return False
    return True


@pytest.fixture
def name() -> Iterator[str]:
    # The process around that of the test starts no server, and must not keep the name from it.
    if not ownprocess.is_inside():
        yield NAME
        return
    with own_name() as mine:
        yield mine


def started(spec: JackCapture, clock: MediaGstClock | None = None) -> Capture:
    """A capture that runs. A stalled JACK refuses a client now and then: the sender tries again, and so do tests."""
    deadline = time.monotonic() + 30
    while True:
        capture = Capture(spec, clock)
        try:
            capture.start(5)
        except SourceError as error:
            if not error.retryable or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return capture


def pull(capture: Capture) -> Block:
    block = capture.pull(5)
    assert block is not None
    return block


def pull_until_failure(capture: Capture) -> SourceError:
    try:
        for _ in range(1000):
            capture.pull(0.5)
    except SourceError as error:
        return error
    raise AssertionError("the server is dead and nobody noticed")


def test_without_a_server_the_error_says_so(name: str) -> None:
    capture = Capture(JackCapture(2, server_name=name), None)
    with pytest.raises(SourceError, match=f"No JACK server named {name} is running") as caught:
        capture.start(5)
    assert caught.value.retryable
    assert caught.value.hint


def test_ports_are_named_and_connected(name: str) -> None:
    spec = JackCapture(
        4,
        client_name="studio",
        port_names=("Mic L", "Mic R", "Ü"),
        connect=("system:capture_2", "gone:*", "system:capture_1"),
        server_name=name,
    )
    with jackd(name):
        capture = started(spec)
        assert capture.live
        assert capture.channels == 4
        assert capture.notes == ("No JACK port matches gone:*.",)
        assert pull(capture).rate_hz == RATE_HZ
        wires = jack_tool(name, "jack_lsp", "-c")
        capture.stop()
    assert "studio:Mic L\n   system:capture_2\n" in wires
    assert "studio:Mic R\n   system:capture_1\n" in wires
    assert "studio:Ü\nstudio:in_4\n" in wires


def jack_tool(name: str, *command: str) -> str:
    environment = os.environ | {"JACK_DEFAULT_SERVER": name}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@contextmanager
def player(name: str) -> Iterator[None]:
    """A client that plays on one port; there when this begins."""
    sound = f"audiotestsrc wave=square volume=0.5 ! jackaudiosink server={name} connect=none client-name=player"
    command = ["gst-launch-1.0", "-q", *sound.split()]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as peer:
        try:
            control = JackControl("probe", name)
            while not any(port.startswith("player:") for port in control.output_ports()):
                time.sleep(0.02)
            control.close()
            yield
        finally:
            peer.terminate()


def pull_until(capture: Capture, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        pull(capture)


def test_sound_arrives_in_the_right_channels(name: str) -> None:
    with jackd(name), player(name):
        capture = started(JackCapture(3, connect=("gone:x", "player:*"), server_name=name))
        peaks = np.max([np.abs(pull(capture).samples).max(axis=0) for _ in range(100)], axis=0)
        capture.stop()
    assert peaks.tolist() == pytest.approx([0, 0.5, 0], abs=0.01)


def test_a_client_that_comes_back_is_connected_again_but_not_what_was_disconnected_by_hand(name: str) -> None:
    absent = ("No JACK port matches player:*.",)
    with jackd(name):
        capture = started(JackCapture(1, client_name="studio", connect=("player:*",), server_name=name))
        assert capture.notes == absent

        def connected() -> bool:
            return "player:" in jack_tool(name, "jack_lsp", "-c", "studio:in_1").partition("studio:in_1")[2]

        for _ in range(2):
            with player(name):
                pull_until(capture, connected)
                pull_until(capture, lambda: capture.notes == ())
                pull_until(capture, lambda: float(pull(capture).samples.max()) > 0.4)
                output = jack_tool(name, "jack_lsp", "player:").strip()
                jack_tool(name, "jack_disconnect", output, "studio:in_1")
                later = time.monotonic() + 1.3
                pull_until(capture, lambda: time.monotonic() > later)  # noqa: B023  called at once
                assert not connected()
            pull_until(capture, lambda: capture.notes == absent)
        capture.stop()


def test_a_server_that_stalls_is_a_gap_and_the_block_after_it_has_the_right_time(name: str) -> None:
    rounds, exact = 8, 0
    with jackd(name) as server:
        capture = started(JackCapture(1, server_name=name))
        blocks = [pull(capture) for _ in range(50)]
        for _ in range(rounds):
            server.send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            server.send_signal(signal.SIGCONT)
            blocks = [blocks[-1], *(pull(capture) for _ in range(50))]
            frames = np.cumsum([0, *(len(block.samples) for block in blocks[:-1])])
            captured_ns = np.array([block.captured_ns for block in blocks], np.int64)
            begins_ms = (captured_ns - frames * 1e9 / RATE_HZ) / 1e6
            gaps = [index for index, block in enumerate(blocks) if block.gap]
            # The machine may stall as well, and JACK gives every tenth xrun the number of the one before.
            if len(gaps) != 1:
                continue
            (gap,) = gaps
            after_ms = np.median(begins_ms[gap + 5 :])
            # Blocks that had been captured before the stall may be pulled after it.
            right = gap <= 3 and abs(begins_ms[gap] - after_ms) < 1 and max(begins_ms[:gap]) < after_ms - 20
            exact += int(right)
        capture.stop()
    assert exact >= rounds // 2


def test_a_server_that_changes_its_period_is_connected_anew(name: str) -> None:
    with jackd(name, 256):
        capture = started(JackCapture(1, server_name=name))
        assert len(pull(capture).samples) == 256
        jack_tool(name, "jack_bufsize", "512")
        error = pull_until_failure(capture)
        capture.stop()
        assert str(error) == "The JACK server has changed its buffer size or sample rate."
        assert error.retryable
        capture = started(JackCapture(1, server_name=name))
        assert len(pull(capture).samples) == 512
        capture.stop()


def test_a_server_that_comes_back_at_another_rate_is_followed(name: str) -> None:
    with jackd(name) as server:
        capture = started(JackCapture(1, server_name=name))
        assert pull(capture).rate_hz == RATE_HZ
        server.terminate()
        assert str(pull_until_failure(capture)) == "The JACK server has ended."
        capture.stop()
        server.wait()
    with jackd(name, 128, 44_100):
        capture = started(JackCapture(1, server_name=name))
        block = pull(capture)
        assert (block.rate_hz, len(block.samples)) == (44_100, 128)
        capture.stop()


@pytest.mark.parametrize("channels", [1, 2, 63, 64, 96])
def test_any_number_of_channels(name: str, channels: int) -> None:
    with jackd(name, 1024):
        capture = started(JackCapture(channels, server_name=name))
        assert pull(capture).samples.shape == (1024, channels)
        capture.stop()


def test_blocks_carry_the_servers_own_time(name: str) -> None:
    seen: list[tuple[float, float]] = []
    cycles: dict[float, float] = {}
    frames = 0
    with jackd(name):
        witness = JackControl("witness", name)
        while (began := witness.cycle()) is None:
            time.sleep(0.01)
        capture = started(JackCapture(2, server_name=name))
        for index in range(200):
            block = pull(capture)
            assert block.captured_ns is not None
            assert began.woken_ns - 50_000_000 <= block.captured_ns <= monotonic_ns() + 50_000_000
            if cycle := witness.cycle():
                cycles[cycle.woken_ns - began.woken_ns] = cycle.frame
            if index >= 20:
                seen.append((block.captured_ns - began.woken_ns, frames))
                frames += len(block.samples)
        capture.stop()
        witness.close()
    # The dummy driver has no crystal, and is slow on a busy machine: blocks are judged by the server's own count of
    # frames. JACK leaves out what a stalled client has missed, so it is one block after the other, not all together;
    # and its times swing for a while after a stall, one way and the other.
    times = sorted(cycles)
    captured_ns, frame = np.array(seen).T
    offsets = np.interp(captured_ns, times, [cycles[time_ns] for time_ns in times]) - frame
    assert abs(np.median(np.diff(offsets))) < 0.01 * np.median(np.diff(frame))


def test_media_time_that_steps_back_is_no_matter(name: str) -> None:
    runtime.load()
    clock = MediaGstClock(ClockMapping(monotonic_ns(), 10**18, 0.0, 1))
    with jackd(name):
        capture = started(JackCapture(2, server_name=name), clock)
        pull(capture)
        clock.apply(ClockMapping(monotonic_ns(), 10**17, 0.0, 2))
        for _ in range(100):
            pull(capture)
        capture.stop()


def test_a_dead_server_is_noticed_and_a_new_one_found_again(name: str) -> None:
    counts = []
    for turn in range(8):
        with jackd(name, 64 if turn % 2 else 1024) as server:
            capture = started(JackCapture(2, server_name=name))
            pull(capture)
            server.send_signal(signal.SIGKILL if turn % 4 < 2 else signal.SIGTERM)
            error = pull_until_failure(capture)
            capture.stop()
            # A second signal would cut its cleaning up short.
            server.wait()
        assert error.retryable
        assert str(error) == "The JACK server has ended."
        counts.append(open_descriptors())
    assert counts[-1] <= counts[1]


def test_a_server_that_hangs_is_an_error(name: str) -> None:
    with jackd(name) as server:
        capture = started(JackCapture(2, server_name=name))
        pull(capture)
        threads = threading.active_count()
        server.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        error = pull_until_failure(capture)
        capture.stop()
        took_s = time.monotonic() - began
        server.send_signal(signal.SIGCONT)
        # What was left behind comes to its end when the server goes on, before this one's end gives libjack more news.
        deadline = time.monotonic() + 30
        while threading.active_count() > threads and time.monotonic() < deadline:
            time.sleep(0.02)
        assert threading.active_count() <= threads
    assert "stopped delivering" in str(error)
    assert took_s < 20


def test_a_server_that_never_answers_is_an_error_each_time(name: str) -> None:
    def run_once() -> None:
        capture = started(JackCapture(2, server_name=name))
        pull(capture)
        capture.stop()

    def fail_once() -> None:
        capture = Capture(JackCapture(2, server_name=name), None)
        with pytest.raises(SourceError, match="The JACK server does not answer") as caught:
            capture.start(0.3)
        assert caught.value.retryable

    with jackd(name) as server:
        run_once()
        before, threads = open_descriptors(), threading.active_count()
        server.send_signal(signal.SIGSTOP)
        for _ in range(3):
            fail_once()
        assert threading.active_count() == threads + 1
        server.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + 30
        while threading.active_count() > threads and time.monotonic() < deadline:
            time.sleep(0.02)
        # Not even the connection that came about too late is left.
        assert open_descriptors() <= before
        run_once()


def test_devices_names_jack_clients(name: str) -> None:
    with jackd(name):
        found = [device for device in list_devices(name) if device.kind == "jack"]
    assert [(device.name, device.channels, device.rates_hz) for device in found] == [("JACK: system", 2, (RATE_HZ,))]
    assert found[0].config == {"kind": "jack", "channels": 2, "connect": ["system:*"]}


def test_devices_without_jack() -> None:
    assert all(device.kind != "jack" for device in list_devices("aes67-gst-nobody"))
    assert jack_clients((), RATE_HZ) == ()
